using System.Globalization;
using ScriptProxy.Bench.Comparing;
using ScriptProxy.Bench.Running;

namespace ScriptProxy.Bench.Caching;

/// <param name="Rounds">How often each has its turn.</param>
/// <param name="Seconds">How long a turn takes.</param>
/// <param name="Warmup">Seconds of load before the first round.</param>
/// <param name="Connections">Of wrk, and of the mix.</param>
/// <param name="Keys">Of the mix.</param>
/// <param name="Requests">Of the mix.</param>
/// <param name="Megabytes">Of memory for the gateway's cache.</param>
internal sealed record CacheOptions(int Rounds, int Seconds, int Warmup, int Connections, int Keys, int Requests, int Megabytes);

/// <summary>The HTTP cache beside nginx's proxy_cache: hits, misses, a mix, and many who miss one key at once.</summary>
internal static class CacheBench
{
    private static readonly BenchRoute[] Hits =
    [
        new("hit-1k", "/any/hit", "a hit of 1 KB"),
        new("hit-100k", "/large/hit", "a hit of 100 KB"),
    ];

    private static readonly BenchRoute Miss = new("miss", "/any/...", "a URL that was never asked for: 1 KB is fetched and stored");

    /// <returns>False where the gateway asked its origin more than once for one key.</returns>
    internal static async Task<bool> RunAsync(CacheOptions options, string? into, CancellationToken stop)
    {
        using var workspace = Workspace.Create();
        var report = new Report();
        await report.HeadAsync("HTTP cache: ScriptProxy beside nginx's proxy_cache", stop);
        await workspace.PublishAsync(stop);
        var ports = Workspace.FreePorts(3);
        await using var server = Servers.StartBackend(workspace, ports[..2], cpus: null);
        await Servers.WaitAsync(server, $"http://127.0.0.1:{ports[0]}/", stop);
        var backend = new Backend(ports[0]);
        await backend.ForgetAsync(stop);
        await using var origin = await SlowOrigin.StartAsync(ports[2], stop);
        int[] origins = [ports[0], ports[2]];

        Describe(report, options);
        Dictionary<string, List<StampedeTurn>> stampedes;
        await using (var pair = await CachePair.StartAsync(workspace, origins, options.Megabytes, stop))
        {
            foreach (var contender in pair.Both)
            {
                await CheckAsync(contender, workspace.PathOf("files"), stop);
            }

            Report.Progress("both answer alike, and from their caches");
            var results = new Results([.. pair.Both.Select(c => c.Name)]);
            foreach (var route in Hits)
            {
                await MeasureAsync(workspace, pair.Both, route, _ => route, backend, (_, asked) => asked == 0, options, results, stop);
            }

            // What wrk breaks off at its end has been asked for as well.
            await MeasureAsync(workspace, pair.Both, Miss, turn => Miss with { Script = UniqueUrls(turn) }, backend, (requests, asked) => asked >= requests, options, results, stop);
            results.Write(report);
            stampedes = await StampedesAsync(pair.Both, origin, options.Rounds, stop);
        }

        CacheReport.Write(report, stampedes);
        if (options.Requests > 0)
        {
            // Anew: what others left in their memory would be taken for the mix's.
            await using var pair = await CachePair.StartAsync(workspace, origins, options.Megabytes, stop);
            await MixAsync(workspace, report, pair, backend, options, stop);
        }

        await report.WriteAsync(into, stop);
        return stampedes[Results.Own].TrueForAll(t => t.Upstream == 1);
    }

    private static async Task<Dictionary<string, List<StampedeTurn>>> StampedesAsync(Contender[] contenders, SlowOrigin origin, int rounds, CancellationToken stop)
    {
        var turns = contenders.ToDictionary(c => c.Name, _ => new List<StampedeTurn>(), StringComparer.Ordinal);
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var contender in contenders)
            {
                var turn = await Stampede.RunAsync(contender, origin, round, stop);
                turns[contender.Name].Add(turn);
                Report.Progress(string.Create(CultureInfo.InvariantCulture, $"{Stampede.Clients} at once, round {round} of {rounds}: {contender.Name} {turn.Upstream} upstream, {turn.Milliseconds:F0} ms"));
            }
        }

        return turns;
    }

    private static async Task MixAsync(Workspace workspace, Report report, CachePair pair, Backend backend, CacheOptions options, CancellationToken stop)
    {
        foreach (var contender in pair.Both)
        {
            await Wrk.RunAsync(workspace, contender, Hits[0], options.Connections, Math.Max(options.Warmup, 1), cpus: null, stop);
        }

        var mix = new MixOptions(options.Keys, options.Requests, options.Connections);
        var nginx = await Mix.RunAsync(pair.Nginx, backend, mix, () => Task.FromResult(pair.CountFiles()), stop);
        var size = 0L;
        var own = await Mix.RunAsync(
            pair.Gateway,
            backend,
            mix,
            async () =>
            {
                size = await pair.SizeAsync("/any/1", stop);
                return await pair.PurgeAllAsync(stop);
            },
            stop);
        CacheReport.Write(report, options, new Dictionary<string, MixResult>(StringComparer.Ordinal) { [Results.Cache] = nginx, [Results.Own] = own }, size);
    }

    private static async Task MeasureAsync(
        Workspace workspace,
        Contender[] contenders,
        BenchRoute route,
        Func<string, BenchRoute> turnOf,
        Backend backend,
        Func<long, long, bool> isWhatItShouldBe,
        CacheOptions options,
        Results results,
        CancellationToken stop)
    {
        for (var round = 0; round <= options.Rounds; round++)
        {
            // The first one warms up and does not count.
            var seconds = round == 0 ? options.Warmup : options.Seconds;
            foreach (var contender in seconds == 0 ? [] : contenders)
            {
                var before = await backend.RequestsAsync(stop);
                var turn = await Wrk.RunAsync(workspace, contender, turnOf($"{contender.Name[0]}{round}"), options.Connections, seconds, cpus: null, stop);
                var asked = await backend.RequestsAsync(stop) - before;
                if (!isWhatItShouldBe(turn.Requests, asked))
                {
                    throw new BenchException($"{contender.Name}, {route.What}: of {turn.Requests} requests {asked} came to the backend");
                }

                if (round > 0)
                {
                    results.Add(route, contender.Name, turn);
                    Report.Progress(string.Create(CultureInfo.InvariantCulture, $"{route.Name}, round {round} of {options.Rounds}: {contender.Name} {turn.PerSecond:F0} requests/s"));
                }
            }
        }
    }

    private static string UniqueUrls(string turn) =>
        $"local n = 0\nrequest = function()\n    n = n + 1\n    return wrk.format(nil, \"/any/{turn}-\" .. n)\nend\n";

    /// <exception cref="BenchException">It does not answer as it should, or not from its cache.</exception>
    private static async Task CheckAsync(Contender contender, string files, CancellationToken stop)
    {
        foreach (var (route, file) in Hits.Zip(["1k.txt", "100k.bin"]))
        {
            var expected = await File.ReadAllTextAsync(Path.Combine(files, file), stop);
            foreach (var isHit in new[] { false, true })
            {
                using var answer = await Agreement.Client.GetAsync(new Uri(contender.Address + route.Target), stop);
                var status = answer.Headers.TryGetValues("Cache-Status", out var own) || answer.Headers.TryGetValues("X-Cache", out own) ? own.Single() : "";
                if (!answer.IsSuccessStatusCode
                    || await answer.Content.ReadAsStringAsync(stop) != expected
                    || isHit != (status.Contains("; hit", StringComparison.Ordinal) || status == "HIT"))
                {
                    throw new BenchException($"{contender.Name}, {route.Target}: status {(int)answer.StatusCode}, '{status}', or another body than it should have");
                }
            }
        }
    }

    private static void Describe(Report report, CacheOptions options)
    {
        report.Line($"- load: `wrk -t1 -c{options.Connections} -d{options.Seconds}s`, {options.Warmup} s of warming for each, then {options.Rounds} rounds in turn; backend: nginx, one worker; nginx proxy_cache: 2 workers, files in the page cache");
        report.Line($"- the backend counted its requests: none in a turn of hits, one for each request in a turn of misses");
        report.Line($"- wrk, the backend and the gateway under test share all cores: compare ratios and CPU per request, not absolute figures");
        report.Line($"- requests/s, p50, p99, CPU and memory are medians over the rounds; a ratio is taken within each round, then its median (least-most)");
        report.Line($"- memory is VmRSS, summed over a gateway's processes; nginx keeps the bodies in files, which are not in it");
    }
}
