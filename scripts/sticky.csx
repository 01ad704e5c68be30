// Sends everyone who shows the same value of a header to the same peer, and as few as can be to another one when peers come and go.
//     #load "scripts/sticky.csx"
//     Route("/{**path}").Balancer(StickyBy("X-Session")).To("shop");
Func<BalancerContext, Peer?> StickyBy(string header) => b =>
{
    var value = b.Request.Headers[header].ToString();

    // The highest of the peers' scores for this value wins; without a value the upstream's own policy chooses.
    return value.Length == 0 ? null : b.Peers.MaxBy(peer => StickyScore(value, peer.Name));
};

// string.GetHashCode would differ from start to start.
static uint StickyScore(string value, string peer)
{
    var hash = 2166136261u;
    foreach (var c in value + "\n" + peer)
        hash = (hash ^ c) * 16777619u;

    // Names that differ in their last letter only would score alike without this.
    hash = (hash ^ (hash >> 16)) * 0x85ebca6bu;
    return hash ^ (hash >> 13);
}
