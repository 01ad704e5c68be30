using System.Reflection;
using Microsoft.Extensions.Logging.Abstractions;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Program.Commands;

/// <summary>The program as the compiler of a gateway that runs: no user's command, a gateway starts it and talks to it.</summary>
internal static class CompilerCommand
{
    internal const string Name = "compiler-of-gateway";

    /// <returns>How the program is started as such.</returns>
    internal static IReadOnlyList<string>? Of(GatewayOptions options) => Environment.ProcessPath switch
    {
        null => null,
        var host when Path.GetFileNameWithoutExtension(host) == "dotnet" => [host, Assembly.GetEntryAssembly()!.Location, Name, Path.GetFullPath(options.File)],
        var program => [program, Name, Path.GetFullPath(options.File)],
    };

    internal static int Execute(string script)
    {
        if (!Console.IsInputRedirected)
        {
            Console.Error.WriteLine("A gateway starts this by itself, and talks to it.");
            return 1;
        }

        var setup = new GatewaySetup(script);
        using var input = Console.OpenStandardInput();
        using var output = Console.OpenStandardOutput();
        CompilerServer.Run(ScriptEngine.Create(setup, TimeProvider.System, NullLogger.Instance), input, output);
        return 0;
    }
}
