using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Program.Commands;

/// <summary>For commands that look at what a script says without serving it.</summary>
internal static class LoadedOnce
{
    /// <param name="options">What was said on the command line.</param>
    /// <param name="look">Looks at what was built.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="failed">Shows what is known of a script that is wrong, before its errors.</param>
    /// <returns>The exit code: 0, or 1 when the script is wrong, which is told on standard error.</returns>
    internal static async Task<int> LookAsync(GatewayOptions options, Action<GatewaySetup, Generation> look, CancellationToken stop, Action<GatewaySetup, GatewayHost>? failed = null)
    {
        var setup = options.Setup();

        // Warnings go through the log, which writes what is left when it is disposed of: before the process ends.
        using var loggers = options.Loggers();
        LeftBehind.Watch(setup, loggers.CreateLogger("ScriptProxy.Gateway"));
        await using var gateway = new GatewayProcess(setup, loggers, TimeProvider.System);
        try
        {
            return await gateway.Host.CheckAsync(
                generation =>
                {
                    look(setup, generation);
                    return 0;
                },
                stop);
        }
        catch (ScriptException error)
        {
            failed?.Invoke(setup, gateway.Host);
            await Console.Error.WriteLineAsync(error.Format());
            return 1;
        }
    }
}
