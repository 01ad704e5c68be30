using System.Globalization;
using System.Text.RegularExpressions;
using ScriptProxy.Bench.Running;

namespace ScriptProxy.Bench.Comparing;

/// <summary>What one turn gave. Times are in microseconds.</summary>
internal sealed record Turn(long Requests, double PerSecond, double P50, double P99, double CpuPerRequest, long Resident);

/// <summary>Load by wrk, one thread of it.</summary>
internal static partial class Wrk
{
    /// <exception cref="BenchException">A request failed: what was counted would not be the work.</exception>
    internal static async Task<Turn> RunAsync(
        Workspace workspace, Contender contender, BenchRoute route, int connections, int seconds, string? cpus, CancellationToken stop)
    {
        List<string> command = ["wrk", "-t1", $"-c{connections}", $"-d{seconds}s", "--latency"];
        if (route.Token is { } token)
        {
            command.AddRange(["-H", $"X-Token: {token}"]);
        }

        var script = route.Body is { } body
            ? $"wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"application/json\"\nwrk.body = [==[{body}]==]\n"
            : route.Script;
        if (script is not null)
        {
            var path = workspace.PathOf($"wrk-{route.Name}.lua");
            await File.WriteAllTextAsync(path, script, stop);
            command.AddRange(["-s", path]);
        }

        var before = ProcessTree.Cpu(contender.Child.Id);
        var output = await Child.RunAsync([.. command, contender.Address + route.Target], workspace.Root, stop, cpus);
        var used = ProcessTree.Cpu(contender.Child.Id) - before;
        contender.Child.ThrowIfEnded();
        if (Failures().Match(output) is { Success: true } failed)
        {
            throw new BenchException($"{contender.Name}, {route.Target}: {failed.Value}");
        }

        var requests = Number(Requests(), output);
        return new Turn(
            (long)requests,
            Number(PerSecond(), output),
            Microseconds(Half(), output),
            Microseconds(NinetyNine(), output),
            used.TotalMicroseconds / requests,
            ProcessTree.Resident(contender.Child.Id));
    }

    private static double Number(Regex pattern, string output) => pattern.Match(output) is { Success: true } found
        ? double.Parse(found.Groups["n"].ValueSpan, CultureInfo.InvariantCulture)
        : throw new BenchException("wrk's output is not understood:\n" + output);

    private static double Microseconds(Regex pattern, string output) => Number(pattern, output) * pattern.Match(output).Groups["unit"].Value switch
    {
        "us" => 1,
        "ms" => 1000,
        "s" => 1_000_000,
        _ => 60_000_000,
    };

    [GeneratedRegex(@"(?<n>[0-9]+) requests in", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Requests();

    [GeneratedRegex(@"Requests/sec:\s+(?<n>[0-9.]+)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PerSecond();

    [GeneratedRegex(@"50%\s+(?<n>[0-9.]+)(?<unit>us|ms|s|m)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Half();

    [GeneratedRegex(@"99%\s+(?<n>[0-9.]+)(?<unit>us|ms|s|m)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NinetyNine();

    [GeneratedRegex("(?:Socket errors|Non-2xx or 3xx responses):.*", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Failures();
}
