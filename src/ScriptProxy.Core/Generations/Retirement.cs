using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace ScriptProxy.Core.Generations;

/// <summary>Sees replaced generations off: waits for their last request, unloads them, and has their memory collected.</summary>
/// <remarks>Unloading takes full collections, which a quiet gateway never has by itself.</remarks>
internal sealed partial class Retirement : IDisposable
{
    private static readonly TimeSpan AfterCollection = TimeSpan.FromMilliseconds(250);

    /// <summary>What is still held after some collections is hardly let go by a few more: they get rarer, so that they cost next to nothing.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan Stuck = TimeSpan.FromMinutes(1);

    private readonly SharedState _shared;
    private readonly ILogger _logger;
    private readonly Meter _meter;
    private readonly Lock _lock = new();
    private readonly List<Tracked> _tracked = [];
    private readonly HashSet<Task> _retiring = [];
    private readonly CancellationTokenSource _disposed = new();
    private bool _collecting;

    internal Retirement(SharedState shared, ILogger logger)
    {
        _shared = shared;
        _logger = logger;
        _meter = new Meter(new MeterOptions("ScriptProxy") { Scope = shared });
        _meter.CreateObservableGauge("scriptproxy.generations.alive", () => Alive, description: "Generations whose code is in memory");
        _meter.CreateObservableGauge(
            "scriptproxy.plugins.pinned",
            () => Pinned.Select(p => new Measurement<int>(p.Value, new KeyValuePair<string, object?>("plugin", p.Key))),
            description: "Plugins whose code is in memory a minute after their load was replaced");
    }

    internal int Alive
    {
        get
        {
            lock (_lock)
            {
                Forget();
                return _tracked.Count;
            }
        }
    }

    /// <summary>The load contexts that are not collected yet, the current generation's included: "scripts" or the plugin's name, and the generation.</summary>
    internal IReadOnlyList<(string Code, int Generation)> AliveContexts
    {
        get
        {
            lock (_lock)
            {
                Forget();
                return
                [
                    .. _tracked.Where(t => t.Scripts.TryGetTarget(out _)).Select(t => ("scripts", t.Number)),
                    .. _tracked.SelectMany(t => t.Plugins.Select(p => (p.Name, t.Number))),
                ];
            }
        }
    }

    /// <summary>Plugins whose code is still in memory a minute after their load was replaced: how many of each, by name.</summary>
    internal IReadOnlyDictionary<string, int> Pinned
    {
        get
        {
            lock (_lock)
            {
                Forget();
                return _tracked.Where(t => t.Told).SelectMany(t => t.Plugins).GroupBy(p => p.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
            }
        }
    }

    internal void Track(Generation generation)
    {
        lock (_lock)
        {
            _tracked.Add(new Tracked(
                generation.Number,
                new WeakReference<object>(generation.Scripts),
                [.. generation.Plugins.Unloadable.Select(p => (p.Name, new WeakReference<object>(p.Context)))]));
        }
    }

    internal void Retire(Generation generation)
    {
        var retiring = RetireAsync(generation);
        lock (_lock)
        {
            _retiring.RemoveWhere(r => r.IsCompleted);
            _retiring.Add(retiring);
        }
    }

    /// <summary>Completes when the last request of every retired generation has ended and its Exit has run.</summary>
    internal Task WhenRetired()
    {
        lock (_lock)
        {
            return Task.WhenAll(_retiring);
        }
    }

    /// <summary>Has the memory of code collected that was unloaded, in the background.</summary>
    internal void Collect()
    {
        lock (_lock)
        {
            if (_collecting || _disposed.IsCancellationRequested)
            {
                return;
            }

            _collecting = true;
        }

        _ = CollectAsync(_disposed.Token);
    }

    public void Dispose()
    {
        _disposed.Cancel();
        _disposed.Dispose();
        _meter.Dispose();
    }

    private async Task RetireAsync(Generation generation)
    {
        var number = generation.Number;
        try
        {
            await generation.RetireAsync(_logger, _shared.Time, generation.Model.Limits.OldRequests);
        }
        catch (Exception error)
        {
            LogFailed(_logger, number, error);
        }

        lock (_lock)
        {
            if (_tracked.Find(t => t.Number == number) is { } tracked)
            {
                tracked.RetiredAt = _shared.Time.GetTimestamp();
            }
        }

        Collect();
    }

    /// <summary>One collector for all, however fast they retire, until everything that retired is gone or found to be stuck.</summary>
    private async Task CollectAsync(CancellationToken stop)
    {
        try
        {
            var pause = AfterCollection;
            while (true)
            {
                // The first finds the code unused, the second, after its finalizers, takes it away. In the background: requests go on.
                for (var i = 0; i < 2; i++)
                {
                    GC.Collect(2, GCCollectionMode.Forced, blocking: false);
                    await Task.Delay(AfterCollection, _shared.Time, stop);
                }

                lock (_lock)
                {
                    var gone = Forget();
                    foreach (var stuck in _tracked.Where(t => t is { RetiredAt: { } at, Told: false } && _shared.Time.GetElapsedTime(at) > Stuck))
                    {
                        stuck.Told = true;
                        Tell(stuck);
                    }

                    if (!_tracked.Exists(t => t is { RetiredAt: not null, Told: false }))
                    {
                        _collecting = false;
                        return;
                    }

                    // Not by how many there are: reloads add to them meanwhile.
                    pause = gone > 0 ? AfterCollection : TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, LongestPause.Ticks));
                }

                await Task.Delay(pause, _shared.Time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The gateway ends.
        }
    }

    /// <returns>How many generations are gone since the last time.</returns>
    private int Forget()
    {
        _tracked.ForEach(t => t.Plugins.RemoveAll(p => !p.Context.TryGetTarget(out _)));
        return _tracked.RemoveAll(t => t.Plugins.Count == 0 && !t.Scripts.TryGetTarget(out _));
    }

    private void Tell(Tracked stuck)
    {
        foreach (var (name, _) in stuck.Plugins)
        {
            LogPinned(_logger, name, stuck.Number);
        }

        if (stuck.Scripts.TryGetTarget(out _))
        {
            LogStuck(_logger, stuck.Number);
        }
    }

    private sealed class Tracked(int number, WeakReference<object> scripts, List<(string Name, WeakReference<object> Context)> plugins)
    {
        internal List<(string Name, WeakReference<object> Context)> Plugins { get; } = plugins;

        internal int Number { get; } = number;

        internal WeakReference<object> Scripts { get; } = scripts;

        internal long? RetiredAt { get; set; }

        internal bool Told { get; set; }
    }

    [LoggerMessage(80, LogLevel.Error, "generation {Number} could not be retired")]
    private static partial void LogFailed(ILogger logger, int number, Exception error);

    [LoggerMessage(82, LogLevel.Warning,
        "plugins/{Name} of generation {Number} was replaced a minute ago and its code is still in memory: a static event, a task without end or a cache of the gateway's types holds it")]
    private static partial void LogPinned(ILogger logger, string name, int number);

    [LoggerMessage(81, LogLevel.Warning,
        "generation {Number} was replaced a minute ago and its code is still in memory: a static event, a task without end or a cache outside of it holds it")]
    private static partial void LogStuck(ILogger logger, int number);
}
