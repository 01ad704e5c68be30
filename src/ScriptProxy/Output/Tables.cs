using ScriptProxy.Core.Generations;
using ScriptProxy.Runtime;
using Spectre.Console;

namespace ScriptProxy.Program.Output;

/// <summary>What a person sees of a generation.</summary>
internal static class Tables
{
    internal static void Routes(IAnsiConsole console, GatewayModel model, string baseFolder)
    {
        var table = new Table().Border(console.Profile.Capabilities.Ansi ? TableBorder.Rounded : TableBorder.Ascii);
        table.AddColumns("route", "conditions", "phases", "goes to", "written at");
        if (Phases(model.Phases, baseFolder) is { Length: > 0 } gateway)
        {
            table.AddRow("(every route)", "", Escape(gateway), "", "");
        }

        foreach (var route in model.Routes)
        {
            table.AddRow(
                Escape(route.Pattern), Escape(Conditions(route)), Escape(Phases(route.Phases, baseFolder)), Escape(Target(route)), Escape(Place(route.Source, baseFolder)));
        }

        console.Write(table);
    }

    internal static void Upstreams(IAnsiConsole console, Generation generation)
    {
        if (generation.Upstreams.Count == 0)
        {
            return;
        }

        var table = new Table().Border(console.Profile.Capabilities.Ansi ? TableBorder.Rounded : TableBorder.Ascii);
        table.AddColumns("upstream", "policy", "peers");
        foreach (var upstream in generation.Upstreams)
        {
            var peers = upstream.Peers.Select(p =>
                p.Address.GetLeftPart(UriPartial.Path) + (p.Weight == 1 ? "" : $" weight {p.Weight}") + (p.Tags.Count == 0 ? "" : $" [{string.Join(' ', p.Tags)}]"));
            table.AddRow(Escape(upstream.Name), Escape(Policy(upstream.Model)), Escape(string.Join('\n', peers)));
        }

        console.Write(table);
    }

    internal static string Place(ScriptLocation at, string baseFolder) =>
        at.File.Length == 0 ? "" : $"{Path.GetRelativePath(baseFolder, at.File)}:{at.Line}";

    private static string Policy(UpstreamModel model) => model.PolicyFactory is not null ? "(script)" : model.Policy ?? "round-robin";

    private static string Target(RouteModel route) => route switch
    {
        { Files: var (root, _, _) } => $"files {root}" + (route.Upstream is var (behind, _) ? $", else {behind}" : ""),
        { Upstream: var (name, _) } => name,
        _ => route.Phases.Content.Count > 0 ? "(content)" : "(handlers)",
    };

    private static string Conditions(RouteModel route)
    {
        IEnumerable<string> parts =
        [
            .. route.Host is { } host ? [host] : Array.Empty<string>(),
            .. route.Methods,
            .. route.Headers.Select(h => "header " + h),
            .. route.Query.Select(q => "query " + q),
            .. route.Order == 0 ? [] : new[] { $"order {route.Order}" },
        ];
        return string.Join('\n', parts);
    }

    private static string Phases(PhaseSet phases, string baseFolder) =>
        string.Join('\n', phases.All().SelectMany(p => p.Handlers.Select(h =>
            h.File is { } file ? $"{p.Phase} {file}" : $"{p.Phase} {Place(h.Source, baseFolder)}")));

    private static string Escape(string text) => Markup.Escape(text);
}
