namespace ScriptProxy.Core.Upstreams;

/// <summary>Which peers may be chosen: of the first tier that has one. The arrays are kept, so that a set seen before allocates nothing.</summary>
internal sealed class PeerSelection
{
    private const int Kept = 64;
    private const int MostOnStack = 32;

    private readonly Peer[] _peers;
    private readonly int[] _tiers;
    private readonly int _lastTier;
    private readonly Subset?[] _subsets = new Subset?[Kept];

    internal PeerSelection(Peer[] peers, string? preferredZone)
    {
        _peers = peers;

        // Ordinary peers of the zone, the other ordinary ones, backups of the zone, the other backups.
        _tiers = [.. peers.Select(p => (p.IsBackup ? 2 : 0) + (preferredZone is null || p.Zone == preferredZone ? 0 : 1))];
        _lastTier = _tiers.Length == 0 ? 0 : _tiers.Max();
    }

    /// <summary>The very array of all peers where all are available and of one tier.</summary>
    internal Peer[] Available(IReadOnlyList<Peer>? except)
    {
        var tier = int.MaxValue;
        var open = 0;
        for (var i = 0; i < _peers.Length; i++)
        {
            if (IsOpen(_peers[i], except))
            {
                open++;
                tier = Math.Min(tier, _tiers[i]);
            }
        }

        if (open == _peers.Length && _lastTier == tier)
        {
            return _peers;
        }

        // All were tried already: trying one again is better than giving up.
        return open > 0 ? Select(tier, except) : except is { Count: > 0 } ? Available(null) : [];
    }

    /// <summary>A peer that is in service has no place left.</summary>
    internal bool AnyFull() => Array.Exists(_peers, p => p is { IsInService: true, IsFull: true });

    private static bool IsOpen(Peer peer, IReadOnlyList<Peer>? except) =>
        peer.IsInService && !peer.IsFull && (except is null || !except.Contains(peer));

    private Peer[] Select(int tier, IReadOnlyList<Peer>? except)
    {
        var words = (_peers.Length + 63) / 64;
        Span<ulong> members = words <= MostOnStack ? stackalloc ulong[words] : new ulong[words];
        members.Clear();
        var count = 0;
        for (var i = 0; i < _peers.Length; i++)
        {
            if (_tiers[i] == tier && IsOpen(_peers[i], except))
            {
                members[i >> 6] |= 1UL << (i & 63);
                count++;
            }
        }

        // The last one of the tier may have gone since it was counted: then the request finds none, as it would have a moment later.
        var slot = Slot(members);
        if (Volatile.Read(ref _subsets[slot]) is { } known && members.SequenceEqual(known.Members))
        {
            return known.Peers;
        }

        var peers = new Peer[count];
        for (int i = 0, at = 0; at < count; i++)
        {
            if ((members[i >> 6] >> (i & 63) & 1) != 0)
            {
                peers[at++] = _peers[i];
            }
        }

        Volatile.Write(ref _subsets[slot], new Subset(members.ToArray(), peers));
        return peers;
    }

    private static int Slot(ReadOnlySpan<ulong> members)
    {
        var hash = 0UL;
        foreach (var word in members)
        {
            hash = (hash ^ word) * 0x9E3779B97F4A7C15;
        }

        return (int)(hash >> 58);
    }

    private sealed record Subset(ulong[] Members, Peer[] Peers);
}
