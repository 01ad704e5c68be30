using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Plugins;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Core.Upstreams;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>A composed configuration with its compiled scripts and folded pipelines. Immutable; replaced whole.</summary>
internal sealed partial class Generation
{
    // What was cut off and heeds it is done long before.
    private static readonly TimeSpan TimeToHeed = TimeSpan.FromSeconds(2);

    internal required int Number { get; init; }

    internal required GatewayModel Model { get; init; }

    internal required Snapshot Snapshot { get; init; }

    internal required IReadOnlyList<RoutePipeline> Routes { get; init; }

    internal required IReadOnlyList<Upstream> Upstreams { get; init; }

    internal required Timers Timers { get; init; }

    internal required ScriptLoadContext Scripts { get; init; }

    internal required PluginSet Plugins { get; init; }

    internal required IReadOnlyList<ListenerTls> Tls { get; init; }

    internal required CertificatePhase? Certificates { get; init; }

    internal required IReadOnlyList<IDisposable> Owned { get; init; }

    internal required TimeSpan LoadBudget { get; init; }

    internal required CancellationTokenSource Expiry { get; init; }

    /// <summary>Begins timers and health checks, now that requests come.</summary>
    internal void Begin(HealthChecks health)
    {
        Timers.Start(Snapshot.Gate);
        foreach (var upstream in Upstreams)
        {
            _ = health.RunAsync(upstream, Timers.Stopping);
        }
    }

    /// <summary>Takes leave: timers end, requests go on until their end, then Exit runs and everything that the generation held is let go.</summary>
    /// <param name="logger">Where it is told what was cut off.</param>
    /// <param name="time">The clock.</param>
    /// <param name="atMost">How long requests may go on until they are cut off; null: as long as they take.</param>
    /// <param name="ends">The process ends: a handler that does not heed being cut off cannot hold it up.</param>
    internal async Task RetireAsync(ILogger logger, TimeProvider time, TimeSpan? atMost, bool ends = false)
    {
        Timers.Stop();
        Snapshot.Gate.Retire();
        if (atMost is { } limit)
        {
            using var ended = new CancellationTokenSource();
            var delay = Task.Delay(limit, time, ended.Token);
            if (await Task.WhenAny(Snapshot.Gate.Drained, delay) == delay)
            {
                LogCut(logger, Number, Snapshot.Gate.Leases, limit.TotalSeconds);
                await Expiry.CancelAsync();
            }

            await ended.CancelAsync();
        }

        if (ends)
        {
            await WaitForCutAsync(logger, time);
        }
        else
        {
            await Snapshot.Gate.Drained;
        }

        await ExitAsync(logger);
        await Plugins.EndAsync();
        Release();
    }

    private async Task WaitForCutAsync(ILogger logger, TimeProvider time)
    {
        try
        {
            await Snapshot.Gate.Drained.WaitAsync(TimeToHeed, time, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            LogLeft(logger, Snapshot.Gate.Leases);
        }
    }

    /// <summary>Lets go of what a generation holds that never served.</summary>
    internal async Task AbandonAsync(ILogger logger)
    {
        Timers.Stop();
        await ExitAsync(logger);
        await Plugins.EndAsync();
        Release();
    }

    private async Task ExitAsync(ILogger logger)
    {
        foreach (var (call, source) in Model.Exit)
        {
            var run = ScopedCall.RunAsync(new GuardScope { Runtime = Snapshot.Runtime }, LoadBudget, call);
            try
            {
                await run.WaitAsync(LoadBudget, Snapshot.Runtime.Time, CancellationToken.None);
            }
            catch (TimeoutException) when (!run.IsCompleted)
            {
                LogExit(logger, ScriptPaths.Display(source, Snapshot.BaseFolder), $"it still waits after {LoadBudget.TotalSeconds} s and is left behind");
            }
            catch (Exception error)
            {
                LogExit(logger, ScriptPaths.Display(source, Snapshot.BaseFolder), ScriptErrors.Describe(error, Snapshot.BaseFolder).ToString());
            }
        }
    }

    private void Release()
    {
        foreach (var owned in Owned)
        {
            owned.Dispose();
        }

        Timers.Dispose();
        Expiry.Dispose();
        if (Scripts.IsCollectible)
        {
            TypeCaches.Forget(Scripts);
            foreach (var (_, context) in Plugins.Unloadable)
            {
                TypeCaches.Forget(context);
            }

            Scripts.Unload();
        }

        Plugins.Unload();
    }

    [LoggerMessage(53, LogLevel.Warning, "{Count} requests do not heed that they were cut off, and are left behind")]
    private static partial void LogLeft(ILogger logger, long count);

    [LoggerMessage(50, LogLevel.Warning, "generation {Number} was replaced {Seconds} s ago: its last {Count} requests are cut off")]
    private static partial void LogCut(ILogger logger, int number, long count, double seconds);

    [LoggerMessage(51, LogLevel.Error, "the Exit handler at {Source} failed: {Reason}")]
    private static partial void LogExit(ILogger logger, string source, string reason);
}
