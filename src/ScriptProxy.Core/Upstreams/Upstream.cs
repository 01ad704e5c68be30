using System.Collections.Concurrent;
using ScriptProxy.Core.Http1;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Upstreams;

/// <summary>An upstream of one generation.</summary>
internal sealed class Upstream : IDisposable
{
    private readonly ConcurrentDictionary<string, ILoadBalancer> _policies = new();
    private readonly Balancers _balancers;
    private readonly PeerSelection _selection;
    private readonly ConnectionPools _pools;
    private readonly ConnectionPoolKey _poolKey;
    private readonly UpstreamAddress[] _addresses;
    private ILoadBalancer[] _listeners = [];
    private int _disposed;

    internal Upstream(UpstreamModel model, IReadOnlyList<Peer> peers, ILoadBalancer? policy, Balancers balancers, string? certificateAuthority, ConnectionPools pools)
    {
        Model = model;
        Forwarded = new ForwardedChoices(model);
        Peers = [.. peers];
        _selection = new PeerSelection(Peers, model.PreferredZone);
        Policy = policy;
        _balancers = balancers;
        HasLimits = peers.Any(p => p.MaxRequests > 0);
        _listeners = policy is not null && Listens(policy) ? [policy] : [];
        _pools = pools;
        _poolKey = new ConnectionPoolKey(model.Name, model.HttpVersion, model.ConnectTimeout, model.AcceptAnyCertificate, certificateAuthority);
        (Client, Connections) = pools.Rent(_poolKey);
        _addresses = [.. Peers.Select(p => new UpstreamAddress(p.Address))];
    }

    internal string Name => Model.Name;

    internal UpstreamModel Model { get; }

    internal ForwardedChoices Forwarded { get; }

    internal Peer[] Peers { get; }

    /// <summary>Null where a script's own policy chooses: that one runs as the last handler of Balancer, under the guard.</summary>
    internal ILoadBalancer? Policy { get; }

    internal HttpMessageInvoker Client { get; }

    /// <summary>For plain HTTP/1.1; null where its peers are not asked that way.</summary>
    internal PeerPool? Connections { get; }

    /// <summary>One of its peers is a listener of this gateway: requests may come round again.</summary>
    internal bool PointsHome { get; init; }

    /// <summary>What the forwarder made of the model; its own business.</summary>
    internal object? ForwarderState { get; set; }

    /// <summary>Who waits for a peer; kept over reloads.</summary>
    internal required WaitingLine Line { get; init; }

    /// <summary>The peers that may be chosen; allocates nothing for a set that was seen before.</summary>
    internal Peer[] Available(IReadOnlyList<Peer>? except = null) => _selection.Available(except);

    /// <summary>A peer that is in service has no place left.</summary>
    internal bool AnyFull() => _selection.AnyFull();

    /// <summary>A peer may be full.</summary>
    internal bool HasLimits { get; }

    /// <summary>A policy that the host calls wants to hear how attempts end.</summary>
    internal bool HasListeners => Volatile.Read(ref _listeners).Length > 0;

    /// <summary>Tells the policies that the host calls how an attempt ended.</summary>
    internal void Tell(BalancerContext context, in AttemptOutcome outcome)
    {
        foreach (var policy in Volatile.Read(ref _listeners))
        {
            policy.AttemptEnded(context, outcome);
        }
    }

    /// <summary>It implements AttemptEnded: all others are spared the call.</summary>
    internal static bool Listens(ILoadBalancer policy)
    {
        var map = policy.GetType().GetInterfaceMap(typeof(ILoadBalancer));
        var at = Array.FindIndex(map.InterfaceMethods, m => m.Name == nameof(ILoadBalancer.AttemptEnded));
        return map.TargetMethods[at].DeclaringType != typeof(ILoadBalancer);
    }

    /// <summary>Where a peer is; a balancer may have found it elsewhere.</summary>
    internal UpstreamAddress AddressOf(Peer peer) =>
        peer.Index < Peers.Length && ReferenceEquals(Peers[peer.Index], peer) ? _addresses[peer.Index] : new UpstreamAddress(peer.Address);

    /// <summary>A policy by name, one instance for this upstream, so that its turns are its own.</summary>
    /// <exception cref="ArgumentException">There is no such policy.</exception>
    internal ILoadBalancer Named(string policy) => _policies.TryGetValue(policy, out var known) ? known : AddNamed(policy);

    private ILoadBalancer AddNamed(string policy)
    {
        var made = _policies.GetOrAdd(
            policy,
            _balancers.Create(policy)
                ?? throw new ArgumentException($"there is no policy '{policy}'; there are: {string.Join(", ", _balancers.Names)}", nameof(policy)));
        lock (_policies)
        {
            Volatile.Write(ref _listeners, [.. _policies.Values.Append(Policy).OfType<ILoadBalancer>().Where(Listens)]);
        }

        return made;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _pools.Return(_poolKey);
        }
    }
}
