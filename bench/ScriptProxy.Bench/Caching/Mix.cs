using System.Diagnostics;
using System.Globalization;
using ScriptProxy.Bench.Comparing;
using ScriptProxy.Bench.Running;

namespace ScriptProxy.Bench.Caching;

/// <summary>What came of the mix.</summary>
/// <param name="HitRatio">Of all requests.</param>
/// <param name="LateHitRatio">Of the second half of them.</param>
/// <param name="Entries">Answers that were stored at the end.</param>
/// <param name="Resident">Memory at the end, in bytes.</param>
/// <param name="Grown">How much of it came with the mix.</param>
internal sealed record MixResult(double HitRatio, double LateHitRatio, long Entries, long Resident, long Grown);

/// <summary>The same requests for every contender, by Zipf's law over many keys, with a room that holds only some of them.</summary>
internal static class Mix
{
    /// <exception cref="BenchException">An answer was not the answer.</exception>
    internal static async Task<MixResult> RunAsync(
        Contender contender, Backend backend, MixOptions options, Func<Task<long>> entries, CancellationToken stop)
    {
        var before = ProcessTree.Resident(contender.Child.Id);
        var first = await HalfAsync(contender, backend, options, seed: 1, stop);
        var second = await HalfAsync(contender, backend, options, seed: 2, stop);
        var resident = ProcessTree.Resident(contender.Child.Id);
        return new MixResult(
            1 - ((double)(first + second) / options.Requests),
            1 - ((double)second / (options.Requests / 2)),
            await entries(),
            resident,
            resident - before);
    }

    /// <returns>How many requests came through to the backend.</returns>
    private static async Task<long> HalfAsync(Contender contender, Backend backend, MixOptions options, int seed, CancellationToken stop)
    {
        var before = await backend.RequestsAsync(stop);
        var began = Stopwatch.GetTimestamp();
        var port = new Uri(contender.Address).Port;
        var each = options.Requests / 2 / options.Connections;
        await Task.WhenAll(Enumerable.Range(0, options.Connections).Select(i => Task.Run(() => ConnectionAsync(contender, port, new Zipf(options.Keys, (seed * 10_000) + i), each, stop), stop)));
        Report.Progress(string.Create(CultureInfo.InvariantCulture, $"mix, half {seed}: {contender.Name} in {Stopwatch.GetElapsedTime(began).TotalSeconds:F0} s"));
        return await backend.RequestsAsync(stop) - before;
    }

    private static async Task ConnectionAsync(Contender contender, int port, Zipf zipf, int requests, CancellationToken stop)
    {
        using var connection = await RawConnection.OpenAsync(port, stop);
        for (var i = 0; i < requests; i++)
        {
            var answer = await connection.AskAsync(RawConnection.Get($"/any/{zipf.Next()}"), stop);
            if (answer.Status != 200 || answer.Body.Length != 1024)
            {
                throw new BenchException($"{contender.Name}, mix: status {answer.Status} with {answer.Body.Length} bytes");
            }
        }
    }
}

internal sealed record MixOptions(int Keys, int Requests, int Connections);
