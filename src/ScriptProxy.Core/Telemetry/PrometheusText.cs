using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace ScriptProxy.Core.Telemetry;

/// <summary>The text format of Prometheus, version 0.0.4.</summary>
internal static class PrometheusText
{
    internal const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Longer values are cut.</summary>
    private const int LongestValue = 256;

    /// <summary>As OpenTelemetry names it for Prometheus: dots become underscores, the unit and a counter's _total stand at the end.</summary>
    internal static string Name(Instrument instrument, MetricKind kind)
    {
        var name = Identifier(instrument.Name);
        var unit = instrument.Unit switch
        {
            "s" => "_seconds",
            "ms" => "_milliseconds",
            "By" => "_bytes",
            _ => "",
        };
        name = name.EndsWith(unit, StringComparison.Ordinal) ? name : name + unit;
        return kind is MetricKind.Counter or MetricKind.ObservableCounter && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    /// <returns>a="b",c="d" in the order of their names; empty for none.</returns>
    internal static string Labels(string? plugin, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length == 0)
        {
            return plugin is null ? "" : $"plugin=\"{Value(plugin)}\"";
        }

        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (plugin is not null)
        {
            labels["plugin"] = plugin;
        }

        foreach (var (name, value) in tags)
        {
            // le is the histograms' own.
            var label = Identifier(name).Replace(':', '_');
            labels.TryAdd(label == "le" ? "exported_le" : label, Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
        }

        return string.Join(',', labels.Select(l => $"{l.Key}=\"{Value(l.Value)}\""));
    }

    internal static string Write(IEnumerable<Metric> metrics)
    {
        var text = new StringBuilder();
        foreach (var metric in metrics)
        {
            var all = metric.Read();
            if (all.Count == 0)
            {
                continue;
            }

            if (metric.Description is { Length: > 0 } description)
            {
                text.Append("# HELP ").Append(metric.Name).Append(' ').Append(description.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n');
            }

            text.Append("# TYPE ").Append(metric.Name).Append(' ').Append(Type(metric.Kind)).Append('\n');
            foreach (var (labels, series) in all)
            {
                if (metric.Kind == MetricKind.Histogram)
                {
                    Histogram(text, metric.Name, labels, series);
                }
                else
                {
                    Line(text, metric.Name, labels, series.Value);
                }
            }
        }

        return text.ToString();
    }

    private static void Histogram(StringBuilder text, string name, string labels, Series series)
    {
        var before = labels.Length == 0 ? "" : labels + ",";
        long below = 0;
        for (var i = 0; i < series.Bounds.Length; i++)
        {
            below += series.Buckets[i];
            Line(text, name + "_bucket", $"{before}le=\"{Number(series.Bounds[i])}\"", below);
        }

        Line(text, name + "_bucket", before + "le=\"+Inf\"", series.Count);
        Line(text, name + "_sum", labels, series.Value);
        Line(text, name + "_count", labels, series.Count);
    }

    private static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Type(MetricKind kind) => kind switch
    {
        MetricKind.Counter or MetricKind.ObservableCounter => "counter",
        MetricKind.Histogram => "histogram",
        _ => "gauge",
    };

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string Value(string value) => (value.Length <= LongestValue ? value : value[..LongestValue])
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Identifier(string name)
    {
        var letters = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':' ? c : '_'));
        return letters.Length == 0 || char.IsAsciiDigit(letters[0]) ? "_" + letters : letters;
    }
}
