using ScriptProxy.Program.Output;

namespace ScriptProxy.Program.Commands;

/// <summary>Prints the effective table of routes.</summary>
internal static class RoutesCommand
{
    internal static Task<int> ExecuteAsync(GatewayOptions options, CancellationToken stop) =>
        LoadedOnce.LookAsync(
            options,
            (setup, generation) =>
            {
                var screen = Screen.Create();
                Tables.Routes(screen, generation.Model, Path.GetDirectoryName(setup.MainFile)!);
                Tables.Upstreams(screen, generation);
            },
            stop);
}
