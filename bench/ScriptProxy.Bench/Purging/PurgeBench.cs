using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using ScriptProxy.Bench.Running;

namespace ScriptProxy.Bench.Purging;

/// <summary>Two gateways over one Redis: from a purge at the one until the other serves what it fetched anew.</summary>
internal static class PurgeBench
{
    // The first ones pay for code that is not compiled yet.
    private const int Warming = 20;

    private static readonly TimeSpan SeenWithin = TimeSpan.FromSeconds(10);

    /// <returns>False where a purge was not seen in time.</returns>
    internal static async Task<bool> RunAsync(int purges, string? into, CancellationToken stop)
    {
        using var workspace = Workspace.Create();
        var report = new Report();
        await report.HeadAsync("A purge at one gateway, seen by another", stop);
        await workspace.PublishAsync(stop);
        var ports = Workspace.FreePorts(4);
        await using var redis = StartRedis(workspace, ports[0]);
        await using var origin = await NewsOrigin.StartAsync(ports[1], stop);
        await using var one = StartGateway(workspace, ports, 2);
        await using var other = StartGateway(workspace, ports, 3);
        await Servers.WaitAsync(one, Address(ports[2]), stop);
        await Servers.WaitAsync(other, Address(ports[3]), stop);
        using var purger = await RawConnection.OpenAsync(ports[2], stop);
        using var reader = await RawConnection.OpenAsync(ports[3], stop);
        var (news, purge) = (RawConnection.Get("/news"), RawConnection.Get("/purge"));
        var taken = new List<double>();
        for (var i = -Warming; i < purges; i++)
        {
            var before = (await reader.AskAsync(news, stop)).Body;
            await purger.AskAsync(news, stop);
            var began = Stopwatch.GetTimestamp();
            await purger.AskAsync(purge, stop);
            while ((await reader.AskAsync(news, stop)).Body == before)
            {
                if (Stopwatch.GetElapsedTime(began) > SeenWithin)
                {
                    Report.Progress($"purge {i} was not seen within {SeenWithin.TotalSeconds} s");
                    return false;
                }
            }

            if (i >= 0)
            {
                taken.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        }

        taken.Sort();
        report.Line($"- two gateways, one redis-server, an origin, all on this machine; {purges} purges of a tag after {Warming} to warm up");
        report.Line($"- from sending the purge until the other gateway's answer is a new one, the purge's own answer and the new fetch included");
        report.Line();
        report.Line($"| median | p99 | most |");
        report.Line($"| ---: | ---: | ---: |");
        report.Line($"| {Statistics.Median(taken):F1} ms | {taken[(int)(taken.Count * 0.99)]:F1} ms | {taken[^1]:F1} ms |");
        await report.WriteAsync(into, stop);
        return true;
    }

    private static Child StartRedis(Workspace workspace, int port)
    {
        try
        {
            return Child.Start(["redis-server", "--bind", "127.0.0.1", "--port", Text(port), "--save", ""], workspace.Root);
        }
        catch (Win32Exception)
        {
            throw new BenchException("redis-server is not installed");
        }
    }

    private static Child StartGateway(Workspace workspace, int[] ports, int which)
    {
        var folder = Directory.CreateDirectory(workspace.PathOf($"gateway-{which}")).FullName;
        var script = Path.Combine(folder, "proxy.csx");
        File.Copy(Path.Combine(Workspace.BenchFolder, "purging.csx"), script);
        var environment = Servers.Environment(ports[which], [ports[1]]);
        environment["BENCH_REDIS"] = $"127.0.0.1:{Text(ports[0])}";
        return Servers.StartGateway(workspace, script, Path.Combine(folder, "cache"), environment);
    }

    private static string Address(int port) => $"http://127.0.0.1:{Text(port)}/";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
