using System.Diagnostics;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Admin;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Plugins;
using ScriptProxy.Core.Reloading;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Core.Telemetry;
using ScriptProxy.Core.Upstreams;

namespace ScriptProxy.Core.Hosting;

/// <summary>A running gateway: loads, swaps and retires generations, one load at a time.</summary>
internal sealed partial class GatewayHost : IAdministered, IAsyncDisposable
{
    /// <summary>How long handlers may take at the end to see that their connection is closed.</summary>
    private static readonly TimeSpan Heed = TimeSpan.FromSeconds(1);

    private readonly GenerationBuilder _builder;
    private readonly CurrentSnapshot _current = new();
    private readonly Retirement _retirement;
    private readonly Listeners _listeners;
    private readonly HealthChecks _health;
    private readonly SharedState _shared;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _loading = new(1, 1);
    private readonly Lock _lock = new();
    private FileState _seen = new();
    private int _number;

    internal GatewayHost(
        GatewaySetup setup, SharedState shared, IForwarder forwarder, ScriptCompiler compiler, IServiceScopeFactory services, ILoggerFactory loggers)
    {
        _shared = shared;
        _logger = loggers.CreateLogger("ScriptProxy.Gateway");
        _builder = new GenerationBuilder(shared, forwarder, compiler, loggers, setup);
        _retirement = new Retirement(shared, _logger);
        _health = new HealthChecks(shared.Time, _logger);
        var application = new GatewayApplication(_current, shared.Time, services);
        var outer = setup.Outside.Application?.Invoke(application) ?? application;
        _listeners = new Listeners(key => key.IsAdmin ? new AdminApplication(key, application, _current, this) : outer, TlsFor, loggers, setup);
        BaseFolder = setup.BaseFolder;
        Metrics = new MetricStore(shared, _logger);
    }

    /// <summary>The generation that serves; null before the first load.</summary>
    public Generation? Current { get; private set; }

    /// <summary>Generations that are not collected yet, the current one included.</summary>
    public int Alive => _retirement.Alive;

    public DateTimeOffset Since { get; private set; }

    public LoadReport? LastLoad { get; private set; }

    public Func<Task>? Reload { get; set; }

    public MetricStore Metrics { get; }

    public string BaseFolder { get; }

    /// <summary>What a load looks at before it runs any script.</summary>
    internal IEnumerable<string> Watched => _builder.Watched;

    /// <summary>The load contexts that are not collected yet, of scripts and of plugins, with the generation of each.</summary>
    public IReadOnlyList<(string Code, int Generation)> AliveContexts => _retirement.AliveContexts;

    /// <summary>Replaced plugins whose code should be gone and is not, by name.</summary>
    internal IReadOnlyDictionary<string, int> Pinned => _retirement.Pinned;

    /// <summary>The plugins of the last load, also of one that failed.</summary>
    internal IReadOnlyList<PluginInfo> Plugins => _builder.Plugins;

    internal IReadOnlyList<(ListenerKey Key, string Address)> Open => _listeners.Open;

    /// <summary>What the last load read or looked for, whether it went well or not.</summary>
    internal IReadOnlyCollection<string> Files => Seen.Files;

    /// <summary>The same files as they looked when they were read.</summary>
    internal FileState Seen
    {
        get
        {
            lock (_lock)
            {
                return _seen;
            }
        }
    }

    /// <summary>Builds the configuration anew and puts it in place of the one that serves. When it throws, nothing has changed.</summary>
    /// <exception cref="ScriptException">What is wrong, by file and line.</exception>
    internal async Task<Generation> LoadAsync(CancellationToken stop)
    {
        await _loading.WaitAsync(stop);
        try
        {
            return await SwapAsync(stop);
        }
        catch (ScriptException error)
        {
            LastLoad = new LoadReport(_shared.Time.GetUtcNow(), error.Diagnostics);
            throw;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LastLoad = new LoadReport(_shared.Time.GetUtcNow(), [LoadReport.Unexpected(error)]);
            throw;
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>Builds everything and throws it away.</summary>
    /// <exception cref="ScriptException">What is wrong, by file and line.</exception>
    internal async Task<T> CheckAsync<T>(Func<Generation, T> look, CancellationToken stop)
    {
        var generation = await _builder.BuildAsync(0, new FileState(), init: false, stop);
        var seen = look(generation);
        generation.Model.Exit.Clear();
        await generation.AbandonAsync(_logger);
        return seen;
    }

    /// <summary>Accepts nothing more, lets requests end within the grace period, then runs Exit.</summary>
    internal async Task StopAsync()
    {
        var generation = Current;
        await _listeners.StopAsync(generation?.Model.Limits.ShutdownGrace ?? TimeSpan.Zero);
        if (generation is not null)
        {
            Current = null;

            // Connections are closed by now; a handler that does not heed that is not waited for. Exit has a limit of its own.
            var retired = generation.RetireAsync(_logger, _shared.Time, Heed, ends: true);
            await Task.WhenAny(_retirement.WhenRetired(), Task.Delay(2 * Heed, _shared.Time, CancellationToken.None));
            await retired;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _retirement.Dispose();
        Metrics.Dispose();
        _loading.Dispose();
    }

    private async Task<Generation> SwapAsync(CancellationToken stop)
    {
        var began = Stopwatch.GetTimestamp();
        var next = await BuildAsync(stop);
        IReadOnlyList<ListenerServer> opened;
        var first = Current is null;
        if (first)
        {
            // A listener may be asked from its first moment on.
            _current.Swap(next.Snapshot);
        }

        try
        {
            opened = await _listeners.PrepareAsync(next, stop);
        }
        catch
        {
            await next.AbandonAsync(_logger);
            throw;
        }

        foreach (var (address, change) in next.Model.PeersByHand)
        {
            _shared.Peers.Change(address, change);
        }

        if (next.Tls.Any(l => l.Key.IsAdmin))
        {
            Metrics.Start();
        }

        var previous = Current;
        Since = _shared.Time.GetUtcNow();
        LastLoad = new LoadReport(Since, []);
        Current = next;
        _current.Swap(next.Snapshot);
        _retirement.Track(next);
        _listeners.Commit(next, opened);
        next.Begin(_health);
        if (previous is not null)
        {
            _retirement.Retire(previous);
            LogReloaded(_logger, next.Number, Stopwatch.GetElapsedTime(began).TotalMilliseconds, next.Routes.Count);
        }

        _shared.Peers.Keep(next.Upstreams.SelectMany(u => u.Peers.Select(p => (u.Name, PeerStates.Key(p.Address)))).ToHashSet());
        return next;
    }

    private async Task<Generation> BuildAsync(CancellationToken stop)
    {
        var files = new FileState();
        var good = false;
        try
        {
            var generation = await _builder.BuildAsync(++_number, files, init: true, stop);
            good = true;
            return generation;
        }
        finally
        {
            if (!good)
            {
                // It may have loaded code before it failed.
                _retirement.Collect();
            }

            lock (_lock)
            {
                if (!good)
                {
                    // A load that failed early has not seen what the good one reads: then both are watched.
                    files.Add(_seen);
                }

                _seen = files;
            }
        }
    }

    private TlsHandshakeCallbackOptions TlsFor(ListenerKey key) => TlsSelection.Options(key, () => Current, _shared, _logger);

    [LoggerMessage(70, LogLevel.Information, "generation {Number} serves ({Milliseconds:F0} ms, {Routes} routes)")]
    private static partial void LogReloaded(ILogger logger, int number, double milliseconds, int routes);
}
