namespace ScriptProxy.LoadBalancing;

/// <summary>hash: the same key to the same peer; when one leaves, only its own keys move. Requests without a key go in turn.</summary>
/// <param name="key">What a request is hashed by.</param>
/// <param name="layout">How keys are laid out.</param>
/// <param name="bound">How many times its fair share of all requests under way a peer may have before a key's next peer is asked; 0 for no bound.</param>
internal sealed class HashBalancer(Key key, HashTable layout = HashTable.Maglev, double bound = 0) : ILoadBalancer
{
    private const int WordsOnStack = 32;

    private readonly Lock _lock = new();
    private readonly Turns _turns = new();
    private Laid? _laid;

    public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available)
    {
        if (key(context) is not { } hash)
        {
            return _turns.Next(available);
        }

        var laid = Volatile.Read(ref _laid) is { } known && ReferenceEquals(known.Peers, context.AllPeers) ? known : LayOut(context.AllPeers);
        var words = (laid.Peers.Count + 63) / 64;
        Span<ulong> open = words <= WordsOnStack ? stackalloc ulong[words] : new ulong[words];
        open.Clear();
        Mark(available, open);
        for (var attempt = 0; laid.Table.Find(hash, attempt) is >= 0 and var at; attempt++)
        {
            if ((open[at >> 6] >> (at & 63) & 1) != 0)
            {
                return laid.Peers[at];
            }
        }

        return Rest(hash, laid, available, open);
    }

    /// <summary>The peers that may take one more: all of them without a bound.</summary>
    private void Mark(ReadOnlySpan<Peer> available, Span<ulong> open)
    {
        var (requests, weights) = (1.0, 0.0);
        if (bound > 0)
        {
            foreach (var peer in available)
            {
                requests += peer.InFlight;
                weights += peer.EffectiveWeight;
            }
        }

        foreach (var peer in available)
        {
            if (bound == 0 || peer.InFlight + 1 <= Math.Ceiling(bound * requests * peer.EffectiveWeight / weights))
            {
                open[peer.Index >> 6] |= 1UL << (peer.Index & 63);
            }
        }
    }

    /// <summary>By rendezvous, where nearly all peers are away: the same promise, at a cost that grows with their number.</summary>
    private static Peer? Rest(ulong hash, Laid laid, ReadOnlySpan<Peer> available, ReadOnlySpan<ulong> open)
    {
        Peer? best = null;
        var bestScore = double.PositiveInfinity;
        foreach (var peer in available)
        {
            if (peer.Weight > 0 && (open[peer.Index >> 6] >> (peer.Index & 63) & 1) != 0)
            {
                var score = -Math.Log(((Chance.Mix(hash ^ laid.Identities[peer.Index]) >> 11) + 1) * (1.0 / (1UL << 53))) / peer.Weight;
                if (score < bestScore)
                {
                    (best, bestScore) = (peer, score);
                }
            }
        }

        return best;
    }

    private Laid LayOut(IReadOnlyList<Peer> peers)
    {
        lock (_lock)
        {
            if (_laid is not { } known || !ReferenceEquals(known.Peers, peers))
            {
                KeyTable table = layout == HashTable.Ketama ? new KetamaRing(peers) : new MaglevTable(peers);
                Volatile.Write(ref _laid, known = new Laid(peers, table, [.. peers.Select(KeyTable.Identity)]));
            }

            return known;
        }
    }

    private sealed record Laid(IReadOnlyList<Peer> Peers, KeyTable Table, ulong[] Identities);
}
