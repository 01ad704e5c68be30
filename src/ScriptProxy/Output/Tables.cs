using System.Globalization;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Plugins;
using ScriptProxy.Runtime;
using Spectre.Console;

namespace ScriptProxy.Program.Output;

/// <summary>What a person sees of a generation.</summary>
internal static class Tables
{
    // Narrower terminals go without the column that tells where a route is written: its handlers tell it as well.
    private const int Wide = 100;

    internal static void Routes(IAnsiConsole console, GatewayModel model, string baseFolder)
    {
        var wide = console.Profile.Width >= Wide;
        var table = New(console, wide ? ["route", "handlers", "goes to", "written at"] : ["route", "handlers", "goes to"]);
        void Row(string route, IEnumerable<string> handlers, string target, string place)
        {
            string[] cells = [route, string.Join('\n', handlers), target, place];
            table.AddRow([.. cells.Take(table.Columns.Count).Select(Markup.Escape)]);
        }

        if (model.Phases.All().Any(p => p.Handlers.Count > 0))
        {
            Row("(every route)", Phases(model.Phases, baseFolder), "", "");
        }

        foreach (var route in model.Routes)
        {
            Row(string.Join('\n', [route.Pattern, .. Conditions(route).Select(c => "  " + c)]), Handlers(route, baseFolder), Target(route), Place(route.Source, baseFolder));
        }

        console.Write(table);
    }

    internal static void Upstreams(IAnsiConsole console, Generation generation)
    {
        if (generation.Upstreams.Count == 0)
        {
            return;
        }

        var table = New(console, ["upstream", "policy", "peers"]);
        foreach (var upstream in generation.Upstreams)
        {
            var peers = upstream.Peers.Select(Describe);
            table.AddRow(Markup.Escape(upstream.Name), Policy(upstream.Model), Markup.Escape(string.Join('\n', peers)));
        }

        console.Write(table);
    }

    internal static void Plugins(IAnsiConsole console, IReadOnlyList<PluginInfo> plugins, string baseFolder)
    {
        if (plugins.Count == 0)
        {
            console.WriteLine("there are no plugins");
            return;
        }

        var table = New(console, ["plugin", "version", "folder", "generation", "supplies", "state"]);
        foreach (var plugin in plugins)
        {
            string[] cells =
            [
                plugin.Name,
                plugin.Version ?? "",
                plugin.IsShipped ? "(comes with the program)" : Path.GetRelativePath(baseFolder, plugin.Folder),
                plugin.Generation == 0 ? "" : plugin.Generation.ToString(CultureInfo.InvariantCulture),
                string.Join('\n', plugin.Supplies),
                plugin.State.ToString().ToLowerInvariant(),
            ];
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        console.Write(table);
    }

    internal static string Place(ScriptLocation at, string baseFolder) =>
        at.File.Length == 0 ? "" : $"{Path.GetRelativePath(baseFolder, at.File)}:{at.Line}";

    internal static Table New(IAnsiConsole console, string[] columns)
    {
        var table = new Table().Border(console.Profile.Capabilities.Unicode ? TableBorder.Rounded : TableBorder.Ascii);
        table.AddColumns(columns);
        return table;
    }

    private static string Describe(Peer peer) =>
        peer.Address.GetLeftPart(UriPartial.Path).TrimEnd('/')
        + (peer.Weight == 1 ? "" : $" weight {peer.Weight}")
        + (peer.Tags.Count == 0 ? "" : $" [{string.Join(' ', peer.Tags)}]")
        + (peer.Zone is null ? "" : $" zone {peer.Zone}")
        + (peer.MaxRequests == 0 ? "" : $" at most {peer.MaxRequests}")
        + (peer.IsBackup ? " backup" : "");

    private static string Policy(UpstreamModel model) => Markup.Escape(model.OwnPolicy is not null ? "(script)" : model.Policy ?? "round-robin");

    private static string Target(RouteModel route) => route switch
    {
        { Files: var (root, _, _) } => $"files {root}" + (route.Upstream is var (behind, _) ? $", else {behind}" : ""),
        { Upstream: var (name, _) } => name,
        _ => route.Phases.Content.Count > 0 ? "(content)" : "(handlers)",
    };

    private static IEnumerable<string> Conditions(RouteModel route) =>
    [
        .. route.Host is { } host ? ["host " + host] : Array.Empty<string>(),
        .. route.Methods.Count == 0 ? [] : new[] { string.Join(' ', route.Methods) },
        .. route.Headers.Select(h => "header " + h),
        .. route.Query.Select(q => "query " + q),
        .. route.Order == 0 ? [] : new[] { $"order {route.Order}" },
    ];

    private static IEnumerable<string> Handlers(RouteModel route, string baseFolder) =>
    [
        .. new[] { route.First, route.Phases, route.Last }.SelectMany(p => Phases(p, baseFolder)),
        .. route.Cache is var (_, source) ? new[] { $"Cache {Place(source, baseFolder)}" } : [],
    ];

    private static IEnumerable<string> Phases(PhaseSet phases, string baseFolder) => phases.All().SelectMany(p => p.Handlers.Select(h =>
        h.File is { } file ? $"{p.Phase} {file}" : $"{p.Phase} {Place(h.Source, baseFolder)}"));
}
