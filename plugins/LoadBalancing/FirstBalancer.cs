namespace ScriptProxy.LoadBalancing;

/// <summary>first: the first available peer in the order written, the next one where it is full or down; so that as few as possible are busy. Weight 0 is passed over.</summary>
internal sealed class FirstBalancer : ILoadBalancer
{
    public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available)
    {
        foreach (var peer in available)
        {
            if (peer.Weight > 0)
            {
                return peer;
            }
        }

        return null;
    }
}
