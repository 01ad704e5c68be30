using System.Collections.Frozen;

namespace ScriptProxy.Core.Upstreams;

/// <summary>The load balancing policies of a generation by name: a plugin's stands before the gateway's own of the same name.</summary>
/// <param name="plugins">What plugins supply.</param>
internal sealed class Balancers(IReadOnlyDictionary<string, Func<ILoadBalancer>> plugins)
{
    internal const string Default = "round-robin";

    private static readonly FrozenDictionary<string, Func<ILoadBalancer>> Known = new Dictionary<string, Func<ILoadBalancer>>
    {
        [Default] = () => new RoundRobinBalancer(),
        ["least-requests"] = () => new LeastRequestsBalancer(),
    }.ToFrozenDictionary();

    internal static Balancers OfTheGateway { get; } = new(FrozenDictionary<string, Func<ILoadBalancer>>.Empty);

    internal static bool IsTheGateways(string name) => Known.ContainsKey(name);

    internal IEnumerable<string> Names => Known.Keys.Union(plugins.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal);

    internal bool Has(string name) => Known.ContainsKey(name) || plugins.ContainsKey(name);

    internal ILoadBalancer? Create(string name) => plugins.TryGetValue(name, out var make) || Known.TryGetValue(name, out make) ? make() : null;
}

/// <summary>In turn; a server of weight 2 comes twice as often.</summary>
internal sealed class RoundRobinBalancer : ILoadBalancer
{
    private uint _turn;

    public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available)
    {
        var total = 0L;
        var equal = true;
        var scale = Scale(available);
        foreach (var peer in available)
        {
            total += Share(peer, scale);
            equal &= Share(peer, scale) == Share(available[0], scale);
        }

        if (total == 0)
        {
            return null;
        }

        var turn = Interlocked.Increment(ref _turn) - 1;
        if (equal)
        {
            return available[(int)(turn % (uint)available.Length)];
        }

        // Spread a heavy server over the round instead of serving it in a row: the turns are visited in steps that share no factor with the total.
        var step = Stride(total);
        var at = (long)((ulong)turn * (ulong)step % (ulong)total);
        foreach (var peer in available)
        {
            if ((at -= Share(peer, scale)) < 0)
            {
                return peer;
            }
        }

        return available[^1];
    }

    /// <summary>Weights are whole numbers, except of a peer that starts slowly.</summary>
    private static int Scale(ReadOnlySpan<Peer> available)
    {
        foreach (var peer in available)
        {
            if (peer.EffectiveWeight < peer.Weight)
            {
                return 100;
            }
        }

        return 1;
    }

    private static long Share(Peer peer, int scale) => (long)(peer.EffectiveWeight * scale);

    private static long Stride(long total)
    {
        var step = Math.Max(1, (long)(total * 0.618));
        while (Gcd(step, total) != 1)
        {
            step++;
        }

        return step;
    }

    private static long Gcd(long a, long b)
    {
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }

        return a;
    }
}

/// <summary>The server with the fewest requests under way for its weight; among equals in turn.</summary>
internal sealed class LeastRequestsBalancer : ILoadBalancer
{
    private uint _turn;

    public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available)
    {
        // Begin at another server each time, or all idle ones but the first would stay idle.
        var start = (int)(Interlocked.Increment(ref _turn) % (uint)available.Length);
        Peer? best = null;
        var bestLoad = double.MaxValue;
        for (var i = 0; i < available.Length; i++)
        {
            var peer = available[(start + i) % available.Length];
            if (peer.Weight == 0)
            {
                continue;
            }

            var load = peer.InFlight / peer.EffectiveWeight;
            if (load < bestLoad)
            {
                (best, bestLoad) = (peer, load);
            }
        }

        return best;
    }
}
