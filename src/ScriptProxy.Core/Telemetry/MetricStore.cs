using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace ScriptProxy.Core.Telemetry;

/// <summary>Adds up what the gateway's and the plugins' meters measure, for whoever reads <c>/metrics</c>. Keeps numbers and text, never an instrument: plugins come and go.</summary>
/// <param name="scope">Meters of another scope belong to another gateway of this process; those without one belong to all.</param>
/// <param name="logger">Gets what observable instruments fail with.</param>
internal sealed partial class MetricStore(object scope, ILogger logger) : IDisposable
{
    private const string Own = "ScriptProxy";
    private const string OfPlugins = Own + ".Plugins.";

    /// <summary>Names are given by code, so this many are a mistake.</summary>
    private const int MostMetrics = 1000;

    private readonly SortedDictionary<string, Metric> _metrics = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly Lock _reading = new();
    private MeterListener? _listener;

    /// <summary>Listens from now on; measuring costs next to nothing before.</summary>
    internal void Start()
    {
        if (_listener is not null)
        {
            return;
        }

        _listener = new MeterListener
        {
            InstrumentPublished = Publish,
            MeasurementsCompleted = static (_, state) => (state as InstrumentSeries)?.End(),
        };
        Take<byte>(_listener);
        Take<short>(_listener);
        Take<int>(_listener);
        Take<long>(_listener);
        Take<float>(_listener);
        Take<double>(_listener);
        Take<decimal>(_listener);
        _listener.Start();
    }

    /// <summary>Everything measured so far, and what observable instruments say now.</summary>
    internal string Text()
    {
        // One reader at a time: what is observed is forgotten before it is asked for again.
        lock (_reading)
        {
            Metric[] metrics;
            lock (_lock)
            {
                metrics = [.. _metrics.Values];
            }

            foreach (var metric in metrics)
            {
                metric.ForgetObserved();
            }

            try
            {
                _listener?.RecordObservableInstruments();
            }
            catch (AggregateException errors)
            {
                // All others were asked nevertheless.
                foreach (var error in errors.InnerExceptions)
                {
                    LogObserver(logger, error);
                }
            }

            return PrometheusText.Write(metrics);
        }
    }

    public void Dispose() => _listener?.Dispose();

    private static void Take<T>(MeterListener listener)
        where T : struct =>
        listener.SetMeasurementEventCallback<T>(static (_, value, tags, state) =>
            ((InstrumentSeries)state!).Take(Convert.ToDouble(value, CultureInfo.InvariantCulture), tags));

    private void Publish(Instrument instrument, MeterListener listener)
    {
        var meter = instrument.Meter;
        var plugin = meter.Name.StartsWith(OfPlugins, StringComparison.Ordinal) ? meter.Name[OfPlugins.Length..] : null;
        if ((plugin is null && meter.Name != Own) || (meter.Scope is not null && meter.Scope != scope) || Metric.KindOf(instrument) is not { } kind)
        {
            return;
        }

        InstrumentSeries series;
        lock (_lock)
        {
            var name = PrometheusText.Name(instrument, kind);
            if (!_metrics.TryGetValue(name, out var metric) || metric.IsUnused)
            {
                if (metric is null && _metrics.Count == MostMetrics)
                {
                    return;
                }

                // A plugin's next version goes on where its last one ended.
                if (metric?.Kind != kind)
                {
                    _metrics[name] = metric = new Metric(name, kind, instrument.Description);
                }
            }

            if (metric.Kind != kind)
            {
                // Of one name and another kind: the format has no room for both.
                return;
            }

            series = metric.Begin(plugin, Metric.BoundsOf(instrument));
        }

        listener.EnableMeasurementEvents(instrument, series);
    }

    [LoggerMessage(95, LogLevel.Warning, "a metric is left out: its callback failed")]
    private static partial void LogObserver(ILogger logger, Exception error);
}
