using ScriptProxy.Bench.Running;
using ScriptProxy.LoadBalancing;

namespace ScriptProxy.Bench.Balancing;

/// <summary>Every policy in every scenario, a table each. The same seed gives the same figures on any machine.</summary>
internal static class Balances
{
    internal static async Task<bool> RunAsync(int seed, string? into, CancellationToken stop)
    {
        var report = new Report();
        report.Line($"# Load balancing policies, simulated");
        report.Line();
        report.Line($"A minute of virtual time each, seed {seed}; peers work on 10 requests at a time, 10 ms each in the mean (exponential). Latencies in ms, of the requests that were answered.");
        foreach (var scenario in Scenario.All)
        {
            Report.Progress(scenario.Name);
            report.Line();
            report.Line($"## {char.ToUpperInvariant(scenario.Name[0])}{scenario.Name[1..]}");
            report.Line();
            report.Line($"| policy | p50 | p90 | p99 | p99.9 | most | failed | longest queue |");
            report.Line($"| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
            foreach (var (name, make) in Policies(seed))
            {
                stop.ThrowIfCancellationRequested();
                var run = new Simulation(scenario, make, seed);
                run.Run();
                run.Latencies.Sort();
                var failed = 100.0 * run.Failures / (run.Failures + run.Latencies.Count);
                report.Line($"| {name} | {At(run, 0.5):F1} | {At(run, 0.9):F1} | {At(run, 0.99):F1} | {At(run, 0.999):F1} | {At(run, 1):F1} | {failed:F2} % | {run.LongestQueue} |");
            }
        }

        await report.WriteAsync(into, stop);
        return true;
    }

    /// <remarks>All but first: what one peer alone can do is not the question here.</remarks>
    private static IEnumerable<(string Name, Func<ILoadBalancer> Make)> Policies(int seed)
    {
        var gateways = (ulong)seed;
        yield return ("round-robin", () => new RoundRobinBalancer());
        yield return ("random", () => new RandomBalancer(new Chance(++gateways)));
        yield return ("power-of-two", () => new PowerOfTwoBalancer(new Chance(++gateways)));
        yield return ("least-requests", () => new LeastRequestsBalancer());
        yield return ("least-time", () => new LeastTimeBalancer());
        yield return ("hash", () => new HashBalancer(Keys.Target));
        yield return ("hash, bound 1.25", () => new HashBalancer(Keys.Target, HashTable.Maglev, 1.25));
    }

    private static double At(Simulation run, double share) => run.Latencies[Math.Min(run.Latencies.Count - 1, (int)(share * run.Latencies.Count))] / 1000.0;
}
