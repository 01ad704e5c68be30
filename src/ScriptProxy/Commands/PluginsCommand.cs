using ScriptProxy.Core.Plugins;
using ScriptProxy.Program.Output;

namespace ScriptProxy.Program.Commands;

/// <summary>Prints what lies in the folder plugins and what a load makes of it, or what a running gateway has.</summary>
internal static class PluginsCommand
{
    internal static Task<int> ExecuteAsync(GatewayOptions options, CancellationToken stop) =>
        LoadedOnce.LookAsync(
            options,
            (setup, generation) => Tables.Plugins(Screen.Create(), generation.Plugins.Infos, setup.BaseFolder),
            stop,
            (setup, host) => Tables.Plugins(Screen.Create(), host.Plugins, setup.BaseFolder));

    internal static async Task AskAsync(AdminClient client, CancellationToken stop)
    {
        var answer = await client.AskAsync<Answer>(HttpMethod.Get, plugin: null, "/plugins", [], stop);
        var here = Directory.GetCurrentDirectory();
        Tables.Plugins(
            Screen.Create(),
            [.. answer.Plugins.Select(p => new PluginInfo(p.Name, p.Version, Path.Combine(here, p.Folder ?? ""), p.Generation, p.Supplies, Enum.Parse<PluginState>(p.State, ignoreCase: true), p.Shipped))],
            here);
    }

    private sealed record Answer(IReadOnlyList<Plugin> Plugins);

    private sealed record Plugin(string Name, string? Version, string? Folder, bool Shipped, int Generation, string State, IReadOnlyList<string> Supplies);
}
