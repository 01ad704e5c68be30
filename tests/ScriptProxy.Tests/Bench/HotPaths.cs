using Microsoft.Extensions.DependencyInjection;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Upstreams;
using ScriptProxy.Runtime;

namespace ScriptProxy.Tests.Bench;

/// <summary>Steps that every request takes, one by one. Driven by the allocation tests, and by the benchmarks.</summary>
public sealed class HotPaths : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().BuildServiceProvider();
    private readonly Exchange _exchange;
    private readonly GenerationGate _gate = new();
    private readonly Peer[] _peers = [.. Enumerable.Range(1, 4).Select(n => new Peer(new Uri($"http://127.0.0.1:{n}"), $"peer {n}", 1, [], new PeerState()))];
    private readonly Peer[] _weighted = [.. Enumerable.Range(1, 4).Select(n => new Peer(new Uri($"http://127.0.0.1:{n}"), $"peer {n}", n, [], new PeerState()))];
    private readonly ILoadBalancer _inTurn = Balancers.OfTheGateway.Create("round-robin")!;
    private readonly ILoadBalancer _least = Balancers.OfTheGateway.Create("least-requests")!;
    private readonly ExchangeKey<int> _key = new("tries");
    private readonly PhaseHandler<AccessContext, Verdict> _handler =
        new(Handlers.Of<AccessContext, Verdict>(static r => r.Next, "bench.csx", 1), "Access", TimeSpan.FromSeconds(1));

    public HotPaths() => _exchange = new Exchange(TimeProvider.System, _services.GetRequiredService<IServiceScopeFactory>());

    /// <summary>A request's lease on its generation, taken and given back.</summary>
    public bool EnterAndLeave()
    {
        var entered = _gate.TryEnter();
        _gate.Leave();
        return entered;
    }

    public object? PickInTurn() => _inTurn.Pick(_exchange.BalancerContext, _peers);

    public object? PickInTurnByWeight() => _inTurn.Pick(_exchange.BalancerContext, _weighted);

    public object? PickLeastRequests() => _least.Pick(_exchange.BalancerContext, _peers);

    /// <summary>Typed state that the request has already: its first use makes the box.</summary>
    public int TouchState() => ++_exchange.Slot(_key);

    /// <summary>A synchronous handler under the guard.</summary>
    public object? InvokeHandler()
    {
        var answer = _handler.InvokeAsync(_exchange, _exchange.AccessContext);

        // Outside of the pool the first calls go there.
        return answer.IsCompleted ? answer.Result : answer.AsTask().GetAwaiter().GetResult();
    }

    public void Dispose() => _services.Dispose();
}
