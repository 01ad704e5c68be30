namespace ScriptProxy.LoadBalancing;

/// <summary>round-robin: in turn; a peer of weight 2 comes twice as often.</summary>
internal sealed class RoundRobinBalancer : ILoadBalancer
{
    private readonly Turns _turns = new();

    public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available) => _turns.Next(available);
}
