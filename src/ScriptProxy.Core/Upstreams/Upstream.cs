using System.Collections.Concurrent;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Upstreams;

/// <summary>An upstream of one generation.</summary>
internal sealed class Upstream : IDisposable
{
    private readonly ConcurrentDictionary<string, ILoadBalancer> _policies = new();
    private readonly Balancers _balancers;
    private readonly ConnectionPools _pools;
    private readonly ConnectionPoolKey _poolKey;
    private int _disposed;

    internal Upstream(UpstreamModel model, IReadOnlyList<Peer> peers, ILoadBalancer? policy, Balancers balancers, string? certificateAuthority, ConnectionPools pools)
    {
        Model = model;
        Peers = [.. peers];
        Policy = policy;
        _balancers = balancers;
        _pools = pools;
        _poolKey = new ConnectionPoolKey(model.Name, model.HttpVersion, model.ConnectTimeout, model.AcceptAnyCertificate, certificateAuthority);
        Client = pools.Rent(_poolKey);
    }

    internal string Name => Model.Name;

    internal UpstreamModel Model { get; }

    internal Peer[] Peers { get; }

    /// <summary>Null where a script's own policy chooses: that one runs as the last handler of Balancer, under the guard.</summary>
    internal ILoadBalancer? Policy { get; }

    internal HttpMessageInvoker Client { get; }

    /// <summary>One of its peers is a listener of this gateway: requests may come round again.</summary>
    internal bool PointsHome { get; init; }

    /// <summary>What the forwarder made of the model; its own business.</summary>
    internal object? ForwarderState { get; set; }

    /// <summary>The peers that are up; the very array of all where none is down, so that the ordinary case allocates nothing.</summary>
    internal Peer[] Available(IReadOnlyList<Peer>? except = null)
    {
        var down = 0;
        foreach (var peer in Peers)
        {
            down += peer.State.IsAvailable && (except is null || !except.Contains(peer)) ? 0 : 1;
        }

        return down == 0 ? Peers : Left(except);
    }

    // Apart from the ordinary case, which would pay for the closure.
    private Peer[] Left(IReadOnlyList<Peer>? except)
    {
        var left = Peers.Where(p => p.State.IsAvailable && (except is null || !except.Contains(p))).ToArray();

        // All were tried already: trying one again is better than giving up.
        return left.Length == 0 && except is not null ? Available() : left;
    }

    /// <summary>A policy by name, one instance for this upstream, so that its turns are its own.</summary>
    /// <exception cref="ArgumentException">There is no such policy.</exception>
    internal ILoadBalancer Named(string policy) => _policies.TryGetValue(policy, out var known)
        ? known
        : _policies.GetOrAdd(
            policy,
            _balancers.Create(policy)
                ?? throw new ArgumentException($"there is no policy '{policy}'; there are: {string.Join(", ", _balancers.Names)}", nameof(policy)));

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _pools.Return(_poolKey);
        }
    }
}
