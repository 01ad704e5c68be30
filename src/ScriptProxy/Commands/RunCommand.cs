using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Program.Output;

namespace ScriptProxy.Program.Commands;

/// <summary>Serves until SIGTERM or SIGINT; SIGHUP loads again.</summary>
internal static partial class RunCommand
{
    internal static async Task<int> ExecuteAsync(GatewayOptions options, CancellationToken stop)
    {
        var setup = options.Setup() with { CompilerCommand = CompilerCommand.Of(options) };
        Rehearsal.Begin(setup);
        using var loggers = options.Loggers();
        var logger = loggers.CreateLogger("ScriptProxy.Gateway");
        LeftBehind.Watch(setup, logger);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        // The first one ends in order; a second one does not wait any longer, it kills as signals do.
        void End(PosixSignalContext signal) => signal.Cancel = ended.TrySetResult();

        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        await using var gateway = new GatewayProcess(setup, loggers, TimeProvider.System);
        using var hangup = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            if (!setup.Reload)
            {
                LogNoReload(logger);
            }

            gateway.Reload();
        });
        try
        {
            await gateway.StartAsync(stop);
        }
        catch (ScriptException error)
        {
            await Console.Error.WriteLineAsync(error.Format());
            return 1;
        }

        FirstScreen.Show(Screen.Create(), gateway.Host, setup);
        await ended.Task;
        LogEnding(logger, gateway.Host.Current!.Model.Limits.ShutdownGrace.TotalSeconds);
        await gateway.StopAsync();
        return 0;
    }

    [LoggerMessage(1, LogLevel.Information, "ends: accepts nothing more, requests under way have {Seconds} s to end")]
    private static partial void LogEnding(ILogger logger, double seconds);

    [LoggerMessage(2, LogLevel.Warning, "SIGHUP: nothing is loaded again, the program was started with --no-reload")]
    private static partial void LogNoReload(ILogger logger);
}
