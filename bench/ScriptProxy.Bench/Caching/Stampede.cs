using System.Diagnostics;
using ScriptProxy.Bench.Comparing;
using ScriptProxy.Bench.Running;

namespace ScriptProxy.Bench.Caching;

/// <summary>What came of many clients that asked at once for a key that was not there.</summary>
/// <param name="Upstream">Requests that the origin got.</param>
/// <param name="Milliseconds">Until the last client had its answer.</param>
internal sealed record StampedeTurn(int Upstream, double Milliseconds);

/// <summary>All clients are connected before the first one asks.</summary>
internal static class Stampede
{
    internal const int Clients = 1000;

    internal static string Body { get; } = new('z', 1024);

    /// <exception cref="BenchException">A client did not get the answer.</exception>
    internal static async Task<StampedeTurn> RunAsync(Contender contender, SlowOrigin origin, int round, CancellationToken stop)
    {
        var port = new Uri(contender.Address).Port;
        var connections = new List<RawConnection>();
        try
        {
            for (var i = 0; i < Clients; i++)
            {
                connections.Add(await RawConnection.OpenAsync(port, stop));
            }

            var before = origin.Asked;
            var request = RawConnection.Get($"/slow/{round}");
            var began = Stopwatch.GetTimestamp();
            var answers = await Task.WhenAll(connections.Select(c => c.AskAsync(request, stop)));
            var taken = Stopwatch.GetElapsedTime(began);
            return answers.All(a => a.Status == 200 && a.Body == Body)
                ? new StampedeTurn(origin.Asked - before, taken.TotalMilliseconds)
                : throw new BenchException($"{contender.Name}: {answers.Count(a => a.Status != 200)} of {Clients} clients that asked at once got another status than 200");
        }
        finally
        {
            connections.ForEach(c => c.Dispose());
        }
    }
}
