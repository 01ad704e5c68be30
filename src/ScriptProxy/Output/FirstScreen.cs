using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Tls;
using Spectre.Console;

namespace ScriptProxy.Program.Output;

/// <summary>What listens where, what is live, what to try next.</summary>
internal static class FirstScreen
{
    internal static void Show(IAnsiConsole console, GatewayHost host, GatewaySetup setup)
    {
        var generation = host.Current!;
        var folder = Path.GetDirectoryName(setup.MainFile)!;
        console.MarkupLine($"[bold]ScriptProxy[/] {ProgramVersion.Text} serves [bold]{Markup.Escape(Near(setup.MainFile))}[/]");
        foreach (var (key, address) in host.Open)
        {
            console.MarkupLine($"  {(key.IsAdmin ? "admin API on" : "listens on")} [green]{Markup.Escape(Shown(key, address))}[/]");
        }

        if (Http3.Unavailable is { } why && generation.Tls.Any(l => l.Key.IsTls))
        {
            console.MarkupLine($"  HTTP/3 is not offered: {Markup.Escape(why)}");
        }

        console.WriteLine();
        Tables.Routes(console, generation.Model, folder);
        Tables.Upstreams(console, generation);
        var scripts = host.Files
            .Where(f => f.EndsWith(".csx", StringComparison.Ordinal) && File.Exists(f))
            .Select(f => Path.GetRelativePath(folder, f))
            .Order(StringComparer.Ordinal);
        console.MarkupLine($"scripts: {Markup.Escape(string.Join(", ", scripts))}");
        console.WriteLine();
        Next(console, host, generation, setup);
    }

    private static void Next(IAnsiConsole console, GatewayHost host, Generation generation, GatewaySetup setup)
    {
        console.MarkupLine("[bold]Try next[/]");
        if (host.Open.Where(o => !o.Key.IsAdmin).Select(o => Shown(o.Key, o.Address)).FirstOrDefault(a => a.StartsWith("http", StringComparison.Ordinal)) is { } address)
        {
            var paths = generation.Model.Routes
                .Where(r => r.Host is null)
                .Select(r => r.Pattern.Split('{')[0])
                .DefaultIfEmpty("/")
                .Distinct(StringComparer.Ordinal)
                .Take(3);
            var insecure = address.StartsWith("https", StringComparison.Ordinal) ? "-k " : "";
            foreach (var path in paths)
            {
                console.MarkupLine($"  curl -i {insecure}{Markup.Escape(address + (path.Length == 0 ? "/" : path))}");
            }
        }

        var file = Markup.Escape(Path.GetFileName(setup.MainFile));
        console.MarkupLine(setup.Reload
            ? $"  edit {file} and save: it is live at once, or you are told what is wrong"
            : $"  edit {file} and start again: changes are not taken up while it runs (--no-reload)");
        console.WriteLine();
    }

    private static string Near(string path)
    {
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }

    private static string Shown(ListenerKey key, string address) =>
        key.Port == 0 && key.UnixPath is null ? address : key.Display.Replace("//*:", "//localhost:", StringComparison.Ordinal).Replace("//0.0.0.0:", "//localhost:", StringComparison.Ordinal);
}
