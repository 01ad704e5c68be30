using System.Globalization;
using ScriptProxy.Bench.Running;

namespace ScriptProxy.Bench.Comparing;

/// <summary>All turns, and the tables made of them.</summary>
internal sealed class Results(IReadOnlyList<string> contenders)
{
    internal const string Own = "ScriptProxy";
    internal const string Lua = "nginx with Lua";
    internal const string Bare = "bare YARP";
    internal const string Cache = "nginx proxy_cache";

    private readonly List<(BenchRoute Route, Dictionary<string, List<Turn>> Turns)> _routes = [];

    internal void Add(BenchRoute route, string contender, Turn turn)
    {
        if (_routes.Count == 0 || _routes[^1].Route != route)
        {
            _routes.Add((route, new Dictionary<string, List<Turn>>(StringComparer.Ordinal)));
        }

        var turns = _routes[^1].Turns;
        if (!turns.TryGetValue(contender, out var mine))
        {
            turns.Add(contender, mine = []);
        }

        mine.Add(turn);
    }

    internal void Write(Report report)
    {
        report.Line();
        report.Line($"## {Own} in ratio to");
        report.Line();
        var others = contenders.Where(c => c != Own).ToList();
        report.Line($"| route | {string.Join(" | ", others)} | {string.Join(" | ", others.Select(o => $"CPU: {o}"))} |");
        report.Line($"| --- |{string.Concat(Enumerable.Repeat(" --- |", others.Count * 2))}");
        foreach (var (route, turns) in _routes)
        {
            var speed = others.Select(o => Ratio(turns, o, t => t.PerSecond));
            var cpu = others.Select(o => Ratio(turns, o, t => t.CpuPerRequest));
            report.Line($"| `{Path(route)}` | {string.Join(" | ", speed)} | {string.Join(" | ", cpu)} |");
        }

        report.Line();
        report.Line($"The first columns are requests/s: more is better. The CPU columns are CPU per request: less is better.");
        foreach (var (route, turns) in _routes)
        {
            Table(report, route, turns);
        }
    }

    private static void Table(Report report, BenchRoute route, Dictionary<string, List<Turn>> turns)
    {
        report.Line();
        report.Line($"## `{Path(route)}`: {route.What}");
        report.Line();
        report.Line($"| | requests/s | p50 | p99 | CPU per request | memory | {Own} in ratio to it |");
        report.Line($"| --- | ---: | ---: | ---: | ---: | ---: | --- |");
        foreach (var (name, mine) in turns)
        {
            var ratio = name == Own ? "" : Ratio(turns, name, t => t.PerSecond);
            report.Line($"| {name} | {Median(mine, t => t.PerSecond):F0} | {Median(mine, t => t.P50) / 1000:F2} ms | {Median(mine, t => t.P99) / 1000:F2} ms | {Median(mine, t => t.CpuPerRequest):F1} µs | {Median(mine, t => t.Resident) / (1024 * 1024):F0} MB | {ratio} |");
        }
    }

    private static string Ratio(Dictionary<string, List<Turn>> turns, string other, Func<Turn, double> figure)
    {
        if (!turns.TryGetValue(other, out var theirs) || !turns.TryGetValue(Own, out var ours))
        {
            return "-";
        }

        var ratios = ours.Zip(theirs, (a, b) => figure(a) / figure(b)).ToList();
        return string.Create(CultureInfo.InvariantCulture, $"{Statistics.Median(ratios):F2} ({ratios.Min():F2}-{ratios.Max():F2})");
    }

    private static double Median(List<Turn> turns, Func<Turn, double> figure) => Statistics.Median(turns.Select(figure));

    private static string Path(BenchRoute route) => (route.Body is null ? "" : "POST ") + route.Target.Split('?')[0];
}
