namespace ScriptProxy.LoadBalancing;

/// <summary>power-of-two: of two drawn by weight, the one with fewer requests under way for its weight. Close to least-requests, and no herd where many gateways choose.</summary>
internal sealed class PowerOfTwoBalancer(Chance chance) : ILoadBalancer
{
    public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available)
    {
        var first = chance.Draw(available);
        var second = first is null ? null : chance.Draw(available, except: first);

        // Among equals the first one drawn: that keeps the weights while nothing is under way.
        return second is null || first!.InFlight / first.EffectiveWeight <= second.InFlight / second.EffectiveWeight ? first : second;
    }
}
