namespace ScriptProxy.LoadBalancing;

/// <summary>Chance for many threads at once, without a lock; the same seed gives the same sequence.</summary>
/// <remarks>SplitMix64: a counter and a mixing function.</remarks>
internal sealed class Chance(ulong seed)
{
    private long _state = (long)seed;

    internal Chance()
        : this((ulong)new Random().NextInt64())
    {
    }

    /// <summary>0 or more, less than 1.</summary>
    internal double Next() => (Mix((ulong)Interlocked.Add(ref _state, unchecked((long)0x9E3779B97F4A7C15))) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Spreads neighbouring numbers over the whole range; each number has its own image.</summary>
    internal static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>A peer drawn by weight; null where none has any.</summary>
    internal Peer? Draw(ReadOnlySpan<Peer> among, Peer? except = null)
    {
        var total = 0.0;
        foreach (var peer in among)
        {
            total += peer == except ? 0 : peer.EffectiveWeight;
        }

        var at = Next() * total;
        Peer? last = null;
        foreach (var peer in among)
        {
            if (peer != except && peer.EffectiveWeight is > 0 and var weight)
            {
                last = peer;
                if ((at -= weight) < 0)
                {
                    break;
                }
            }
        }

        return last;
    }
}
