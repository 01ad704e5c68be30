using System.Runtime.InteropServices;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Program.Output;

namespace ScriptProxy.Program.Commands;

/// <summary>Serves until SIGTERM or SIGINT; SIGHUP loads again.</summary>
internal static class RunCommand
{
    internal static async Task<int> ExecuteAsync(GatewayOptions options, CancellationToken stop)
    {
        var setup = options.Setup();
        using var loggers = options.Loggers();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Register(() => ended.TrySetResult());
        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            ended.TrySetResult();
        }

        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        await using var gateway = new GatewayProcess(setup, loggers, TimeProvider.System);
        using var hangup = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
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

        FirstScreen.Show(gateway.Host, setup);
        await ended.Task;
        await gateway.StopAsync();
        return 0;
    }
}
