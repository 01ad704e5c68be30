using System.Diagnostics.Metrics;
using System.Globalization;

namespace ScriptProxy.Core.Telemetry;

internal enum MetricKind
{
    Counter,
    ObservableCounter,
    UpDownCounter,
    ObservableUpDownCounter,
    Gauge,
    ObservableGauge,
    Histogram,
}

/// <summary>A name under which instruments measure: several where plugins use the same name, or while one load takes the place of another.</summary>
internal sealed class Metric(string name, MetricKind kind, string? description)
{
    // As OpenTelemetry has them, for seconds and for all else.
    private static readonly double[] Seconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    private static readonly double[] Others = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

    private static readonly Dictionary<Type, MetricKind> Kinds = new()
    {
        [typeof(Counter<>)] = MetricKind.Counter,
        [typeof(ObservableCounter<>)] = MetricKind.ObservableCounter,
        [typeof(UpDownCounter<>)] = MetricKind.UpDownCounter,
        [typeof(ObservableUpDownCounter<>)] = MetricKind.ObservableUpDownCounter,
        [typeof(Gauge<>)] = MetricKind.Gauge,
        [typeof(ObservableGauge<>)] = MetricKind.ObservableGauge,
        [typeof(Histogram<>)] = MetricKind.Histogram,
    };

    private readonly Lock _lock = new();
    private readonly List<InstrumentSeries> _live = [];
    private readonly Dictionary<string, Series> _ended = new(StringComparer.Ordinal);

    internal string Name => name;

    internal MetricKind Kind => kind;

    internal string? Description => description;

    /// <summary>No instrument measures under it now.</summary>
    internal bool IsUnused
    {
        get
        {
            lock (_lock)
            {
                return _live.Count == 0;
            }
        }
    }

    internal bool IsObserved => kind is MetricKind.ObservableCounter or MetricKind.ObservableUpDownCounter or MetricKind.ObservableGauge;

    /// <summary>Null for one that is none of the framework's.</summary>
    internal static MetricKind? KindOf(Instrument instrument) =>
        instrument.GetType() is { IsGenericType: true } type && Kinds.TryGetValue(type.GetGenericTypeDefinition(), out var known) ? known : null;

    /// <summary>The upper bounds of a histogram's buckets, by its author's advice where there is one; empty for others.</summary>
    internal static double[] BoundsOf(Instrument instrument) => KindOf(instrument) != MetricKind.Histogram
        ? []
        : instrument switch
        {
            Histogram<double> h => Advised(h),
            Histogram<float> h => Advised(h),
            Histogram<long> h => Advised(h),
            Histogram<int> h => Advised(h),
            Histogram<short> h => Advised(h),
            Histogram<byte> h => Advised(h),
            Histogram<decimal> h => Advised(h),
            _ => null,
        } ?? (instrument.Unit == "s" ? Seconds : Others);

    /// <param name="plugin">Whose it is; null for the gateway's own.</param>
    /// <param name="bounds">Of a histogram.</param>
    internal InstrumentSeries Begin(string? plugin, double[] bounds)
    {
        var series = new InstrumentSeries(this, plugin, bounds);
        lock (_lock)
        {
            _live.Add(series);
        }

        return series;
    }

    /// <summary>What was counted stays, what it stood at goes with it.</summary>
    internal void End(InstrumentSeries series)
    {
        lock (_lock)
        {
            _live.Remove(series);
            if (kind is MetricKind.Counter or MetricKind.Histogram)
            {
                Add(_ended, series);
            }
        }
    }

    internal void ForgetObserved()
    {
        if (IsObserved)
        {
            lock (_lock)
            {
                _live.ForEach(l => l.Clear());
            }
        }
    }

    /// <summary>The sums of all instruments, by labels.</summary>
    internal SortedDictionary<string, Series> Read()
    {
        var all = new SortedDictionary<string, Series>(StringComparer.Ordinal);
        lock (_lock)
        {
            foreach (var (labels, series) in _ended)
            {
                all[labels] = series.Copy();
            }

            foreach (var live in _live)
            {
                Add(all, live);
            }
        }

        return all;
    }

    private static double[]? Advised<T>(Histogram<T> histogram)
        where T : struct => histogram.Advice?.HistogramBucketBoundaries?.Select(b => Convert.ToDouble(b, CultureInfo.InvariantCulture)).Order().ToArray();

    private void Add(IDictionary<string, Series> to, InstrumentSeries from)
    {
        foreach (var (labels, series) in from.All)
        {
            // Of what can only be had once the latest load's is shown; a histogram with other buckets begins anew.
            if (kind is not (MetricKind.Gauge or MetricKind.ObservableGauge) && to.TryGetValue(labels, out var sum) && sum.Bounds.AsSpan().SequenceEqual(series.Bounds))
            {
                sum.Add(series);
            }
            else
            {
                to[labels] = series.Copy();
            }
        }
    }
}
