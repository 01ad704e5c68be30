using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Program.Output;
using Spectre.Console;

namespace ScriptProxy.Program.Commands;

/// <summary>Prints the effective table of routes.</summary>
internal static class RoutesCommand
{
    internal static async Task<int> ExecuteAsync(GatewayOptions options, CancellationToken stop)
    {
        var setup = options.Setup();
        await using var gateway = new GatewayProcess(setup, options.Loggers(), TimeProvider.System);
        try
        {
            return await gateway.Host.CheckAsync(
                generation =>
                {
                    Tables.Routes(AnsiConsole.Console, generation.Model, Path.GetDirectoryName(setup.MainFile)!);
                    Tables.Upstreams(AnsiConsole.Console, generation);
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
