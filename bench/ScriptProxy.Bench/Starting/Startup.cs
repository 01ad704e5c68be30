using System.Diagnostics;
using System.Net.Sockets;
using ScriptProxy.Bench.Comparing;
using ScriptProxy.Bench.Running;

namespace ScriptProxy.Bench.Starting;

/// <summary>How long it takes until a start, or a change, is live; and the memory, with and without the compiler in it.</summary>
internal static class Startup
{
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(60);

    internal static async Task<bool> RunAsync(int rounds, int seconds, int connections, string? into, CancellationToken stop)
    {
        using var workspace = Workspace.Create();
        var report = new Report();
        await report.HeadAsync("Start, save to live, memory", stop);
        await workspace.PublishAsync(stop);
        var ports = Workspace.FreePorts(3);
        int[] backends = [ports[0], ports[1]];
        await using var backend = Servers.StartBackend(workspace, backends, cpus: null);
        await Servers.WaitAsync(backend, $"http://127.0.0.1:{ports[0]}/", stop);

        var script = Directory.CreateDirectory(workspace.PathOf("scripts")).FullName + "/proxy.csx";
        Save(script, "start");
        var cold = new List<Start>();
        var warm = new List<Start>();
        for (var round = 1; round <= rounds; round++)
        {
            var cache = workspace.PathOf($"cache-{round}");
            cold.Add(await StartAsync(workspace, script, cache, ports[2], backends, seconds, connections, stop));
            warm.Add(await StartAsync(workspace, script, cache, ports[2], backends, seconds, connections, stop));
            Report.Progress($"start, round {round} of {rounds}: {cold[^1].Milliseconds:F0} ms without compiled scripts, {warm[^1].Milliseconds:F0} ms with");
        }

        var saves = await SavesAsync(workspace, script, workspace.PathOf("cache-1"), ports[2], backends, rounds, stop);
        report.Line($"- rounds: {rounds}; load for memory: `wrk -t1 -c{connections} -d{seconds}s` on `/script/1k.txt`");
        report.Line();
        report.Line($"| | median | least | most |");
        report.Line($"| --- | ---: | ---: | ---: |");
        Row(report, "start to first answer, compiled scripts on disk", warm.Select(s => s.Milliseconds), "ms");
        Row(report, "start to first answer, empty cache", cold.Select(s => s.Milliseconds), "ms");
        Row(report, "save to live", saves, "ms");
        Row(report, "memory after the first answer, compiled scripts on disk", warm.Select(s => s.Idle), "MB");
        Row(report, "memory after the first answer, empty cache", cold.Select(s => s.Idle), "MB");
        Row(report, "its compiler's process then, which ends when it is idle", cold.Select(s => s.Compiler), "MB");
        Row(report, "memory under load, compiled scripts on disk", warm.Select(s => s.Loaded), "MB");
        Row(report, "memory under load, empty cache", cold.Select(s => s.Loaded), "MB");
        await report.WriteAsync(into, stop);
        return true;
    }

    private sealed record Start(double Milliseconds, double Idle, double Compiler, double Loaded);

    private static async Task<Start> StartAsync(
        Workspace workspace, string script, string cache, int port, int[] backends, int seconds, int connections, CancellationToken stop)
    {
        var began = Stopwatch.GetTimestamp();
        await using var gateway = Servers.StartGateway(workspace, script, cache, port, backends);
        (await FirstAnswerAsync(gateway, port, stop)).Dispose();
        var taken = Stopwatch.GetElapsedTime(began);
        var idle = Megabytes(gateway);
        var compiler = ProcessTree.ResidentCompiler(gateway.Id) / (1024.0 * 1024);
        var contender = new Contender(Results.Own, $"http://127.0.0.1:{port}", gateway);
        var turn = await Wrk.RunAsync(workspace, contender, BenchRoute.Named("script")[0], connections, seconds, cpus: null, stop);
        return new Start(taken.TotalMilliseconds, idle, compiler, turn.Resident / (1024.0 * 1024));
    }

    private static async Task<List<double>> SavesAsync(
        Workspace workspace, string script, string cache, int port, int[] backends, int rounds, CancellationToken stop)
    {
        await using var gateway = Servers.StartGateway(workspace, script, cache, port, backends);
        using var connection = await FirstAnswerAsync(gateway, port, stop);
        var request = RawConnection.Get("/version");
        var taken = new List<double>();

        // The first one loads the compiler, which every later one finds loaded.
        for (var round = 0; round <= rounds; round++)
        {
            await Task.Delay(TimeSpan.FromSeconds(2), stop);
            var version = $"save-{round}";
            var began = Stopwatch.GetTimestamp();
            Save(script, version);
            while ((await connection.AskAsync(request, stop)).Body != version)
            {
                gateway.ThrowIfEnded();
                if (Stopwatch.GetElapsedTime(began) > AtMost)
                {
                    throw new BenchException($"a saved change is not served after {AtMost.TotalSeconds} s:\n{string.Join('\n', gateway.Said)}");
                }

                await Task.Delay(1, stop);
            }

            var milliseconds = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            Report.Progress($"save {round} of {rounds}: live after {milliseconds:F0} ms{(round == 0 ? " (loads the compiler, not counted)" : "")}");
            if (round > 0)
            {
                taken.Add(milliseconds);
            }
        }

        return taken;
    }

    private static async Task<RawConnection> FirstAnswerAsync(Child gateway, int port, CancellationToken stop)
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < AtMost)
        {
            try
            {
                var connection = await RawConnection.OpenAsync(port, stop);
                var answer = await connection.AskAsync(RawConnection.Get("/content"), stop);
                return answer is { Status: 200, Body: "hello world\n" }
                    ? connection
                    : throw new BenchException($"the first answer is {answer.Status} '{answer.Body}'");
            }
            catch (SocketException)
            {
                gateway.ThrowIfEnded();
                await Task.Delay(1, stop);
            }
        }

        throw new BenchException($"no answer within {AtMost.TotalSeconds} s:\n{string.Join('\n', gateway.Said)}");
    }

    /// <summary>As an editor does that is careful: beside it, then renamed over it.</summary>
    private static void Save(string script, string version)
    {
        var text = File.ReadAllText(Path.Combine(Workspace.BenchFolder, "proxy.csx"));
        File.WriteAllText(script + ".new", text + $"Route(\"/version\").Content(c => c.Text(\"{version}\"));\n");
        File.Move(script + ".new", script, overwrite: true);
    }

    private static double Megabytes(Child child) => ProcessTree.Resident(child.Id) / (1024.0 * 1024);

    private static void Row(Report report, string what, IEnumerable<double> values, string unit)
    {
        var all = values.ToList();
        report.Line($"| {what} | {Statistics.Median(all):F0} {unit} | {all.Min():F0} {unit} | {all.Max():F0} {unit} |");
    }
}
