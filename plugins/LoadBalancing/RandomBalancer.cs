namespace ScriptProxy.LoadBalancing;

/// <summary>random: drawn by weight. Keeps no state, so that many gateways do not fall into step.</summary>
internal sealed class RandomBalancer(Chance chance) : ILoadBalancer
{
    public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available) => chance.Draw(available);
}
