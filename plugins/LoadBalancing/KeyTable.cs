namespace ScriptProxy.LoadBalancing;

/// <summary>Where keys belong, over all peers of an upstream whatever their state: so a key moves only when its own peer leaves, and comes back with it.</summary>
internal abstract class KeyTable
{
    /// <summary>Tries of one key; where so many peers in a row are away, the caller has a way that looks at those that are not.</summary>
    protected const int MostAttempts = 64;

    /// <summary>The place of the peer in the list it was made of, for the first and each further try; -1 where there are no more.</summary>
    internal abstract int Find(ulong key, int attempt);

    /// <summary>A number of the peer's own, the same in every gateway and after every reload.</summary>
    internal static ulong Identity(Peer peer) => Keys.Text(peer.Address.AbsoluteUri) ?? 0;
}

/// <summary>Maglev's table: weights are kept to a fraction of a percent, a key is found in one step.</summary>
/// <remarks>Its slots are dealt out in turns, each peer taking the next of its own permutation that is free.</remarks>
internal sealed class MaglevTable : KeyTable
{
    // Primes, so that every step makes a whole permutation. A hundred slots for each peer keep the weights to a percent.
    private const int Size = 65_537;
    private const int LargeSize = 655_373;

    private readonly ushort[] _slots;

    internal MaglevTable(IReadOnlyList<Peer> peers)
    {
        var size = peers.Count > Size / 100 ? LargeSize : Size;
        _slots = new ushort[size];
        Array.Fill(_slots, ushort.MaxValue);
        var most = Math.Max(1, peers.Max(p => p.Weight));
        var at = peers.Select(p => (long)(KeyTable.Identity(p) % (ulong)size)).ToArray();
        var step = peers.Select(p => (long)(Chance.Mix(KeyTable.Identity(p)) % (ulong)(size - 1)) + 1).ToArray();
        var credit = new double[peers.Count];
        for (var left = peers.Any(p => p.Weight > 0) ? size : 0; left > 0;)
        {
            for (var i = 0; i < peers.Count && left > 0; i++)
            {
                credit[i] += (double)peers[i].Weight / most;
                if (credit[i] < 1 - 1e-9)
                {
                    continue;
                }

                credit[i]--;
                while (_slots[at[i]] != ushort.MaxValue)
                {
                    at[i] = (at[i] + step[i]) % size;
                }

                _slots[at[i]] = (ushort)i;
                left--;
            }
        }
    }

    internal override int Find(ulong key, int attempt)
    {
        // Each try is another hash of the key: those of a peer that left are spread over all others by weight.
        var hash = attempt == 0 ? key : Chance.Mix(key + ((ulong)attempt * 0x9E3779B97F4A7C15));
        return attempt < MostAttempts && _slots[hash % (ulong)_slots.Length] is not ushort.MaxValue and var at ? at : -1;
    }
}

/// <summary>
/// Ketama's ring: each peer has points by its weight, a key belongs to the next point. Points are a peer's own, so that a peer that comes or goes moves no key between two others.
/// </summary>
/// <remarks>Shares stray by one over the square root of a peer's points: 160 for each, as is usual, keep weights to a fifth alone.</remarks>
internal sealed class KetamaRing : KeyTable
{
    // Less than a percent of straying for the lightest peer.
    private const int PointsOfLightest = 16_384;

    // 5 MB. With more peers than 32 of a weight each has fewer, and strays more: 2 % of straying for 200 peers.
    private const int MostPoints = 524_288;

    private readonly ulong[] _points;
    private readonly ushort[] _peers;

    internal KetamaRing(IReadOnlyList<Peer> peers)
    {
        var weights = peers.Select(p => (double)p.Weight).Where(w => w > 0).DefaultIfEmpty(1).ToList();
        var byWeight = Math.Min(PointsOfLightest / weights.Min(), MostPoints / weights.Sum());
        var counts = peers.Select(p => p.Weight == 0 ? 0 : Math.Max(1, (int)(p.Weight * byWeight))).ToArray();
        _points = new ulong[counts.Sum()];
        _peers = new ushort[_points.Length];
        var at = 0;
        for (var i = 0; i < peers.Count; i++)
        {
            var identity = Identity(peers[i]);
            for (var n = 1; n <= counts[i]; n++, at++)
            {
                _points[at] = Chance.Mix(identity + ((ulong)n * 0x9E3779B97F4A7C15));
                _peers[at] = (ushort)i;
            }
        }

        Array.Sort(_points, _peers);
    }

    internal override int Find(ulong key, int attempt)
    {
        if (attempt >= Math.Min(MostAttempts, _points.Length))
        {
            return -1;
        }

        var at = Array.BinarySearch(_points, key);
        return _peers[(int)(((uint)(at < 0 ? ~at : at) + (uint)attempt) % (uint)_points.Length)];
    }
}
