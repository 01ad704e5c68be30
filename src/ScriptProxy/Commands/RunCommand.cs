using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Plugins;
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
        Guard.Unobserved = stop => LogUnobserved(logger, ScriptErrors.Describe(stop, setup.BaseFolder).ToString());
        ExceptionHandling.SetUnhandledExceptionHandler(error => IsLeftBehind(error, setup, logger));
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

    /// <summary>What a script or a plugin throws where nobody can catch it (an async void method, a timer or a thread of its own) must not end everyone's requests.</summary>
    private static bool IsLeftBehind(Exception error, GatewaySetup setup, ILogger logger)
    {
        if (ScriptErrors.Locate(error) is not null)
        {
            LogUnhandled(logger, ScriptErrors.Describe(error, setup.BaseFolder).ToString());
            return true;
        }

        if (PluginErrors.PluginOf(error) is { } plugin)
        {
            LogUnhandledOfPlugin(logger, plugin, PluginErrors.Describe(error));
            return true;
        }

        return false;
    }

    [LoggerMessage(5, LogLevel.Error, "plugins/{Name} failed where no request waits for it (async void, a timer or a thread of its own): {Reason}")]
    private static partial void LogUnhandledOfPlugin(ILogger logger, string name, string reason);

    [LoggerMessage(4, LogLevel.Error, "a script failed where no request waits for it (async void, or a thread of its own): {Reason}")]
    private static partial void LogUnhandled(ILogger logger, string reason);

    [LoggerMessage(1, LogLevel.Information, "ends: accepts nothing more, requests under way have {Seconds} s to end")]
    private static partial void LogEnding(ILogger logger, double seconds);

    [LoggerMessage(3, LogLevel.Error, "a script was stopped where no request waits for it: {Reason}")]
    private static partial void LogUnobserved(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Warning, "SIGHUP: nothing is loaded again, the program was started with --no-reload")]
    private static partial void LogNoReload(ILogger logger);
}
