using System.Globalization;
using ScriptProxy.Bench.Running;

namespace ScriptProxy.Bench.Comparing;

internal sealed record ComparisonOptions(int Rounds, int Seconds, int Warmup, int Connections, string? Routes, string? Pin);

/// <summary>Measures all contenders in turn on the same routes.</summary>
internal static class Comparison
{
    internal static async Task<bool> RunAsync(ComparisonOptions options, string? into, CancellationToken stop)
    {
        var routes = BenchRoute.Named(options.Routes);
        using var workspace = Workspace.Create();
        var report = new Report();
        await report.HeadAsync("Requests: ScriptProxy beside nginx with Lua and a bare YARP", stop);
        await workspace.PublishAsync(stop);
        var others = options.Pin is { } pin ? CpuList.Others(pin) : null;
        var workers = options.Pin is { } pinned ? CpuList.Parse(pinned).Count : 2;
        var ports = Workspace.FreePorts(5);
        int[] backends = [ports[0], ports[1]];
        await using var backend = Servers.StartBackend(workspace, backends, others);
        await Servers.WaitAsync(backend, $"http://127.0.0.1:{ports[0]}/", stop);

        await using var lua = Servers.StartLua(workspace, ports[2], backends, workers, options.Pin);
        await using var bare = Servers.StartBare(workspace, ports[3], backends, options.Pin);
        await using var gateway = Servers.StartGateway(
            workspace, Path.Combine(Workspace.BenchFolder, "proxy.csx"), workspace.PathOf("cache"), ports[4], backends, options.Pin);
        List<Contender> contenders =
        [
            new(Results.Bare, $"http://127.0.0.1:{ports[3]}", bare, IsBare: true),
            new(Results.Own, $"http://127.0.0.1:{ports[4]}", gateway),
        ];
        if (lua is null)
        {
            Report.Progress("nginx with Lua is not installed: measuring against the bare YARP only");
        }
        else
        {
            contenders.Insert(0, new(Results.Lua, $"http://127.0.0.1:{ports[2]}", lua));
        }

        foreach (var contender in contenders)
        {
            await Servers.WaitAsync(contender.Child, contender.Address + "/content", stop);
            foreach (var route in routes.Where(contender.Has))
            {
                await Agreement.CheckAsync(contender, route, workspace.PathOf("files"), stop);
            }
        }

        Report.Progress("all answer alike");
        Describe(report, options, lua is not null, workers);
        var results = new Results(contenders.Select(c => c.Name).ToList());
        foreach (var route in routes)
        {
            await MeasureAsync(workspace, contenders.Where(c => c.Has(route)).ToList(), route, options, others, results, stop);
        }

        results.Write(report);
        await report.WriteAsync(into, stop);
        return true;
    }

    private static async Task MeasureAsync(
        Workspace workspace,
        List<Contender> contenders,
        BenchRoute route,
        ComparisonOptions options,
        string? cpus,
        Results results,
        CancellationToken stop)
    {
        foreach (var contender in contenders)
        {
            if (options.Warmup > 0)
            {
                Report.Progress($"{route.Name}: warming {contender.Name}");
                await Wrk.RunAsync(workspace, contender, route, options.Connections, options.Warmup, cpus, stop);
            }
        }

        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var contender in contenders)
            {
                var turn = await Wrk.RunAsync(workspace, contender, route, options.Connections, options.Seconds, cpus, stop);
                results.Add(route, contender.Name, turn);
                Report.Progress(string.Create(
                    CultureInfo.InvariantCulture, $"{route.Name}, round {round} of {options.Rounds}: {contender.Name} {turn.PerSecond:F0} requests/s"));
            }
        }
    }

    private static void Describe(Report report, ComparisonOptions options, bool hasLua, int workers)
    {
        report.Line($"- load: `wrk -t1 -c{options.Connections} -d{options.Seconds}s`, {options.Warmup} s of warming for each gateway and route, then {options.Rounds} rounds in turn");
        report.Line($"- backend: nginx, one worker; nginx with Lua: {(hasLua ? $"{workers} workers" : "not installed, not measured")}");
        if (options.Pin is { } pin)
        {
            report.Line($"- the gateways are bound to CPU {pin}, wrk and the backend to the others");
        }
        else
        {
            report.Line($"- wrk, the backend and the gateway under test share all cores: compare ratios and CPU per request, not absolute figures");
        }

        report.Line($"- requests/s, p50, p99, CPU and memory are medians over the rounds; a ratio is taken within each round, then its median (least-most)");
        report.Line($"- CPU is user and system time of all processes of the gateway; memory is VmRSS, summed over its processes");
    }
}
