namespace ScriptProxy;

/// <summary>A policy that spreads requests over peers. One instance serves one upstream of one load, from many threads at once.</summary>
public interface ILoadBalancer
{
    /// <summary>Chooses a peer. Called on every attempt; must not block and should not allocate.</summary>
    /// <param name="context">The request.</param>
    /// <param name="available">The peers that may be chosen; never empty.</param>
    /// <returns>One of <paramref name="available"/>; null where none suits.</returns>
    Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available);
}
