using ScriptProxy.Plugins;
using ScriptProxy.Runtime;
using Spectre.Console;

namespace ScriptProxy.Program.Output;

/// <summary>What becomes of what identifies a client or a server; one table for all routes that treat it alike.</summary>
internal static class PrivacyTables
{
    /// <summary>In columns; what is longer (a list of query parameters) goes on below.</summary>
    private const int Widest = 80;

    internal static void Write(IAnsiConsole console, GatewayModel model)
    {
        var alike = model.Routes.Append(model.NoRoute)
            .Select(r => (r.Pattern, Facts: r.Privacy.SelectMany(facts => facts()).ToList()))
            .GroupBy(r => string.Join('\n', r.Facts.Select(f => $"{f.Towards}\t{f.Field}\t{f.Becomes}")), StringComparer.Ordinal);
        foreach (var routes in alike)
        {
            console.WriteLine();
            console.WriteLine(string.Join(", ", routes.Select(r => r.Pattern)));
            Write(console, routes.First().Facts);
        }
    }

    private static void Write(IAnsiConsole console, List<PrivacyFact> facts)
    {
        if (facts.Count == 0)
        {
            console.WriteLine("no plugin says anything of it: everything passes, and a peer gets what the upstream's Forwarded(...) says");
            return;
        }

        var table = Tables.New(console, ["towards", "field", "becomes"]);
        foreach (var fact in facts)
        {
            table.AddRow(Markup.Escape(fact.Towards), Markup.Escape(fact.Field), Markup.Escape(fact.Becomes));
        }

        if (facts.Exists(f => f.Becomes.Length > Widest))
        {
            table.Columns[2].Width = Widest;
        }

        console.Write(table);
    }
}
