namespace ScriptProxy.LoadBalancing;

/// <summary>least-requests: the peer with the fewest requests under way for its weight; equals by weighted turns.</summary>
internal sealed class LeastRequestsBalancer : ILoadBalancer
{
    private readonly Turns _turns = new();

    public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available)
    {
        Peer? least = null;
        var leastLoad = double.PositiveInfinity;
        var equals = false;
        foreach (var peer in available)
        {
            if (peer.EffectiveWeight is not (> 0 and var weight))
            {
                continue;
            }

            var load = peer.InFlight / weight;
            if (load < leastLoad)
            {
                (least, leastLoad, equals) = (peer, load, false);
            }
            else if (load == leastLoad)
            {
                equals = true;
            }
        }

        // Requests come and go meanwhile: where nobody is that idle any more, the one that was.
        return equals ? _turns.Next(available, leastLoad) ?? least : least;
    }
}
