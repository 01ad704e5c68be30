using ScriptProxy.Program.Output;

namespace ScriptProxy.Program.Commands;

/// <summary>Prints what lies in the folder plugins, and what a load makes of it.</summary>
internal static class PluginsCommand
{
    internal static Task<int> ExecuteAsync(GatewayOptions options, CancellationToken stop) =>
        LoadedOnce.LookAsync(
            options,
            (setup, generation) => Tables.Plugins(Screen.Create(), generation.Plugins.Infos, setup.BaseFolder),
            stop,
            (setup, host) => Tables.Plugins(Screen.Create(), host.Plugins, setup.BaseFolder));
}
