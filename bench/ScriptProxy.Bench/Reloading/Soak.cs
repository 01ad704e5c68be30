using System.Diagnostics;
using System.Globalization;
using ScriptProxy.Bench.Running;

namespace ScriptProxy.Bench.Reloading;

/// <summary>Saves a script many times under load, and counts what was lost and what was left behind.</summary>
internal static class Soak
{
    private const int EarlyAfter = 50;
    private const int BrokenEvery = 10;

    private static readonly TimeSpan LiveWithin = TimeSpan.FromSeconds(30);

    internal static async Task<bool> RunAsync(int reloads, int connections, int socketCount, string? into, CancellationToken stop)
    {
        using var workspace = Workspace.Create();
        var report = new Report();
        await report.HeadAsync("Reloads under load", stop);
        await workspace.PublishAsync(stop);
        var ports = Workspace.FreePorts(4);
        await using var backend = Servers.StartBackend(workspace, ports[..2], cpus: null);
        await Servers.WaitAsync(backend, $"http://127.0.0.1:{ports[0]}/", stop);
        await using var origin = await EchoOrigin.StartAsync(stop);

        var script = Directory.CreateDirectory(workspace.PathOf("scripts")).FullName + "/proxy.csx";
        Save(script, Text(0));
        var environment = Servers.Environment(ports[2], ports[..2]);
        environment["BENCH_SOCKETS"] = origin.Address;
        environment["BENCH_ADMIN"] = Text(ports[3]);
        await using var gateway = Servers.StartGateway(workspace, script, workspace.PathOf("cache"), environment);
        await Servers.WaitAsync(gateway, $"http://127.0.0.1:{ports[2]}/version", stop);

        using var state = new GatewayState(ports[3]);
        using var sockets = new OpenSockets();
        await sockets.OpenAsync(ports[2], socketCount, stop);
        var load = new Load(ports[2], Versions.Kinds(await File.ReadAllTextAsync(workspace.PathOf("files/10k.txt"), stop)));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var began = Stopwatch.GetTimestamp();
        var requests = load.RunAsync(connections, ending.Token);
        var messages = sockets.RunAsync(ending.Token);
        Measured measured;
        try
        {
            measured = await ReloadAsync(gateway, state, script, ports[2], reloads, load, stop);
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(requests, messages);
        }

        var loaded = Stopwatch.GetElapsedTime(began);
        var left = (await state.SettledAsync(stop)).Generations;
        Write(report, measured, load, sockets, connections, socketCount, loaded, left, ProcessTree.Resident(gateway.Id));
        await report.WriteAsync(into, stop);
        return load.Failed == 0 && sockets.Broken == 0;
    }

    private sealed record Measured(int Reloads, int BrokenSaves, double MedianMilliseconds, double MostMilliseconds, Memory Early, Memory Late, int AliveUnderLoad);

    private sealed record Memory(long Gateway, long Compiler)
    {
        internal static Memory Of(Child gateway) => new(ProcessTree.Resident(gateway.Id), ProcessTree.ResidentCompiler(gateway.Id));
    }

    private static async Task<Measured> ReloadAsync(Child gateway, GatewayState state, string script, int port, int reloads, Load load, CancellationToken stop)
    {
        using var connection = await RawConnection.OpenAsync(port, stop);
        var taken = new List<double>();
        var broken = 0;
        var early = new Memory(0, 0);
        for (var n = 1; n <= reloads; n++)
        {
            if (n % BrokenEvery == 0)
            {
                // Time enough to be found wanting; what it says must never be served.
                SaveText(script, "Route(\"/version\").Content(c => c.Text(\"broken\")\n");
                broken++;
                await Task.Delay(300, stop);
            }

            var began = Stopwatch.GetTimestamp();
            Save(script, Text(n));
            await UntilLiveAsync(gateway, connection, n, began, stop);
            taken.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            if (n == Math.Min(EarlyAfter, reloads))
            {
                early = Memory.Of(gateway);
            }

            if (n % EarlyAfter == 0)
            {
                Report.Progress($"{n} of {reloads} reloads, {load.Requests} requests, {load.Failed} failed, {ProcessTree.Resident(gateway.Id) / (1024 * 1024)} MB");
            }
        }

        var late = Memory.Of(gateway);
        return new Measured(reloads, broken, Statistics.Median(taken), taken.Max(), early, late, (await state.AskAsync(stop)).Generations);
    }

    private static async Task UntilLiveAsync(Child gateway, RawConnection connection, int number, long began, CancellationToken stop)
    {
        var request = RawConnection.Get("/version");
        while ((await connection.AskAsync(request, stop)).Body is var body && body != $"version {Text(number)}\n")
        {
            gateway.ThrowIfEnded();
            if (Stopwatch.GetElapsedTime(began) > LiveWithin)
            {
                throw new BenchException($"save {number} is not live after {LiveWithin.TotalSeconds} s, '{body.Trim()}' is:\n{string.Join('\n', gateway.Said)}");
            }

            await Task.Delay(2, stop);
        }
    }

    private static void Save(string script, string version) => SaveText(
        script,
        File.ReadAllText(Path.Combine(Workspace.BenchFolder, "reload.csx")).Replace("Version = \"0\"", $"Version = \"{version}\"", StringComparison.Ordinal));

    private static void SaveText(string script, string text)
    {
        File.WriteAllText(script + ".new", text);
        File.Move(script + ".new", script, overwrite: true);
    }

    private static void Write(
        Report report, Measured measured, Load load, OpenSockets sockets, int connections, int socketCount, TimeSpan loaded, int left, long quiet)
    {
        report.Line($"- load: {connections} keep-alive connections of HTTP/1.1 without a pause, on a content route, a proxied and filtered one, and a JSON one, for {loaded.TotalSeconds:F0} s");
        report.Line();
        report.Line($"| | |");
        report.Line($"| --- | ---: |");
        report.Line($"| reloads | {measured.Reloads} |");
        report.Line($"| broken saves in between | {measured.BrokenSaves} |");
        report.Line($"| save to live under load, median (most) | {measured.MedianMilliseconds:F0} ms ({measured.MostMilliseconds:F0} ms) |");
        report.Line($"| requests | {load.Requests} |");
        report.Line($"| failed requests | {load.Failed} |");
        report.Line($"| WebSockets open throughout (messages, broken) | {socketCount} ({sockets.Messages}, {sockets.Broken}) |");
        report.Line($"| generations alive after the last reload, under load | {measured.AliveUnderLoad} |");
        report.Line($"| generations alive at the end | {left} |");
        report.Line($"| memory after {Math.Min(EarlyAfter, measured.Reloads)} reloads | {Megabytes(measured.Early.Gateway):F0} MB |");
        report.Line($"| memory after all, under load | {Megabytes(measured.Late.Gateway):F0} MB |");
        report.Line($"| ratio | {(double)measured.Late.Gateway / measured.Early.Gateway:F2} |");
        report.Line($"| its compiler's process, after {Math.Min(EarlyAfter, measured.Reloads)} reloads and after all | {Megabytes(measured.Early.Compiler):F0} MB, {Megabytes(measured.Late.Compiler):F0} MB |");
        report.Line($"| ratio of both together | {(double)(measured.Late.Gateway + measured.Late.Compiler) / (measured.Early.Gateway + measured.Early.Compiler):F2} |");
        report.Line($"| memory at the end, without load | {Megabytes(quiet):F0} MB |");
        foreach (var (why, times) in load.Failures.OrderByDescending(f => f.Value))
        {
            report.Line();
            report.Line($"{times} times: {why}");
        }
    }

    private static double Megabytes(long bytes) => bytes / (1024.0 * 1024);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
