using System.Diagnostics;
using System.Net.Http.Json;

namespace ScriptProxy.Bench.Running;

/// <summary>What the gateway says over its admin API of the code that it still has in memory.</summary>
internal sealed class GatewayState(int port) : IDisposable
{
    private static readonly TimeSpan CollectedWithin = TimeSpan.FromSeconds(30);

    private static readonly string[] Shipped = ["Anonymity", "Caching", "LoadBalancing"];

    private readonly HttpClient _client = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

    /// <returns>Contexts without those of the plugins that come with the program.</returns>
    internal async Task<(int Generations, int Contexts)> AskAsync(CancellationToken stop)
    {
        var state = (await _client.GetFromJsonAsync<State>("/state", stop))!;
        return (state.GenerationsAlive, state.ContextsAlive.Count(c => c.Code == "scripts" || !Shipped.Contains(c.Code)));
    }

    /// <summary>Once nothing uses the old ones any more: what is still there after the collector had its time has been leaked.</summary>
    internal async Task<(int Generations, int Contexts)> SettledAsync(CancellationToken stop)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var alive = await AskAsync(stop);
            if (alive.Generations <= 1 || Stopwatch.GetElapsedTime(began) > CollectedWithin)
            {
                return alive;
            }

            await Task.Delay(500, stop);
        }
    }

    public void Dispose() => _client.Dispose();

    private sealed record State(int GenerationsAlive, IReadOnlyList<Context> ContextsAlive);

    private sealed record Context(string Code);
}
