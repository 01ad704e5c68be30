using System.Collections.Concurrent;

namespace ScriptProxy.Core.Telemetry;

/// <summary>What one instrument has measured, by its labels.</summary>
/// <param name="metric">The name under which it measures.</param>
/// <param name="plugin">Whose it is; null for the gateway's own.</param>
/// <param name="bounds">Of a histogram's buckets.</param>
internal sealed class InstrumentSeries(Metric metric, string? plugin, double[] bounds)
{
    /// <summary>Labels that clients can choose (a path, a name) would fill the memory; what comes after this many is added up under one label.</summary>
    internal const int Most = 1000;

    private const string Overflow = "otel_metric_overflow=\"true\"";

    /// <summary>Of so many sets of tags the labels need not be written to find their series again.</summary>
    private const int MostKnown = 16;

    private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);
    private volatile Known[] _known = [];

    internal IEnumerable<KeyValuePair<string, Series>> All => _series;

    internal void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var known in _known)
        {
            if (known.Is(tags))
            {
                known.Series.Take(metric.Kind, value);
                return;
            }
        }

        var labels = PrometheusText.Labels(plugin, tags);
        if (!_series.TryGetValue(labels, out var series))
        {
            // Counting locks all of it, but happens only for what is new.
            series = _series.GetOrAdd(_series.Count < Most ? labels : PrometheusText.Labels(plugin, []) is { Length: > 0 } own ? $"{own},{Overflow}" : Overflow, _ => new Series(bounds));
        }

        series.Take(metric.Kind, value);

        // Two that write at once lose one of theirs, and find it the slow way once more.
        if (_known is { Length: < MostKnown } before && _series.ContainsKey(labels))
        {
            _known = [.. before, new Known(tags.ToArray(), series)];
        }
    }

    internal void Clear()
    {
        _known = [];
        _series.Clear();
    }

    internal void End() => metric.End(this);

    private sealed class Known(KeyValuePair<string, object?>[] tags, Series series)
    {
        internal Series Series => series;

        internal bool Is(ReadOnlySpan<KeyValuePair<string, object?>> others)
        {
            if (others.Length != tags.Length)
            {
                return false;
            }

            for (var i = 0; i < tags.Length; i++)
            {
                if (tags[i].Key != others[i].Key || !Equals(tags[i].Value, others[i].Value))
                {
                    return false;
                }
            }

            return true;
        }
    }
}

/// <summary>One number, or one histogram.</summary>
internal sealed class Series(double[] bounds)
{
    private readonly Lock _lock = new();
    private readonly long[] _buckets = new long[bounds.Length];

    internal double[] Bounds => bounds;

    /// <summary>Of a histogram the sum.</summary>
    internal double Value { get; private set; }

    internal long Count { get; private set; }

    /// <summary>How many lie in each bucket, not in those below it.</summary>
    internal IReadOnlyList<long> Buckets => _buckets;

    internal void Take(MetricKind kind, double value)
    {
        lock (_lock)
        {
            switch (kind)
            {
                case MetricKind.Counter or MetricKind.UpDownCounter:
                    Value += value;
                    break;
                case MetricKind.Histogram when !double.IsNaN(value):
                    var at = Array.BinarySearch(bounds, value);
                    at = at < 0 ? ~at : at;
                    if (at < bounds.Length)
                    {
                        _buckets[at]++;
                    }

                    Value += value;
                    Count++;
                    break;
                case not MetricKind.Histogram:
                    Value = value;
                    break;
            }
        }
    }

    internal Series Copy()
    {
        var copy = new Series(bounds);
        copy.Add(this);
        return copy;
    }

    internal void Add(Series other)
    {
        lock (other._lock)
        {
            Value += other.Value;
            Count += other.Count;
            for (var i = 0; i < _buckets.Length; i++)
            {
                _buckets[i] += other._buckets[i];
            }
        }
    }
}
