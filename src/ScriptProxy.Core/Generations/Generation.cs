using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Core.Upstreams;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>A composed configuration with its compiled scripts and folded pipelines. Immutable; replaced whole.</summary>
internal sealed partial class Generation
{
    internal required int Number { get; init; }

    internal required GatewayModel Model { get; init; }

    internal required Snapshot Snapshot { get; init; }

    internal required IReadOnlyList<RoutePipeline> Routes { get; init; }

    internal required IReadOnlyList<Upstream> Upstreams { get; init; }

    internal required Timers Timers { get; init; }

    internal required ScriptLoadContext Scripts { get; init; }

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
    internal async Task RetireAsync(ILogger logger, TimeProvider time, TimeSpan? atMost)
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

        await Snapshot.Gate.Drained;
        await ExitAsync(logger);
        Release();
    }

    /// <summary>Lets go of what a generation holds that never served.</summary>
    internal async Task AbandonAsync(ILogger logger)
    {
        Timers.Stop();
        await ExitAsync(logger);
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
            Scripts.Unload();
        }
    }

    [LoggerMessage(50, LogLevel.Warning, "generation {Number} was replaced {Seconds} s ago: its last {Count} requests are cut off")]
    private static partial void LogCut(ILogger logger, int number, long count, double seconds);

    [LoggerMessage(51, LogLevel.Error, "the Exit handler at {Source} failed: {Reason}")]
    private static partial void LogExit(ILogger logger, string source, string reason);
}
