using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Program.Commands;

/// <summary>For commands that look at what a script says without serving it.</summary>
internal static class LoadedOnce
{
    /// <returns>The exit code: 0, or 1 when the script is wrong, which is told on standard error.</returns>
    internal static async Task<int> LookAsync(GatewayOptions options, Action<GatewaySetup, Generation> look, CancellationToken stop)
    {
        var setup = options.Setup();

        // Warnings go through the log, which writes what is left when it is disposed of: before the process ends.
        using var loggers = options.Loggers();
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
            await Console.Error.WriteLineAsync(error.Format());
            return 1;
        }
    }
}
