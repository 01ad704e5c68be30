using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <summary>Lookup: shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
public sealed class LookupContext : ExchangeContext
{
    internal LookupContext(ExchangeState exchange)
        : base(exchange)
    {
    }

    /// <summary>The cache key; null for the one made of method, scheme, host, path and query.</summary>
    public string? Key
    {
        get => Exchange.CacheKey;
        set => Exchange.CacheKey = value;
    }

    /// <summary>Makes another answer of it for each of these values: a cookie, a header, a part of the query, a kind of device. Null is a value too.</summary>
    /// <param name="values">Added to the key, in this order, at each call.</param>
    public void Vary(params ReadOnlySpan<string?> values)
    {
        foreach (var value in values)
        {
            Exchange.CacheVariant = $"{Exchange.CacheVariant}\n{(value is null ? "-" : "=" + value)}";
        }
    }

    /// <summary>Look up by RFC 9111.</summary>
    public CacheDecision Default => CacheDecision.Default;

    /// <summary>Neither look up nor store.</summary>
    public CacheDecision Bypass => CacheDecision.Bypass;
}

/// <summary>Balancer: choose a peer, on every attempt (balancer_by_lua). Null lets the policy choose.</summary>
public sealed class BalancerContext : ExchangeContext
{
    internal BalancerContext(ExchangeState exchange)
        : base(exchange)
    {
    }

    /// <summary>
    /// The available peers: up, neither draining nor full; of the preferred zone while it has one, backups only where nothing else is left.
    /// On a repeated attempt without those that were tried already, unless none is left.
    /// </summary>
    public IReadOnlyList<Peer> Peers => Exchange.AvailablePeers;

    /// <summary>All of the upstream's peers in the order written, those that are not available too; always the same list.</summary>
    public IReadOnlyList<Peer> AllPeers => Exchange.AllPeers;

    /// <summary>1 on the first attempt.</summary>
    public int Attempts => Exchange.Attempts;

    /// <summary>The available peers that have all of the tags.</summary>
    /// <param name="tags">Case-sensitive.</param>
    public PeerSet Tagged(params string[] tags)
    {
        ArgumentNullException.ThrowIfNull(tags);
        return new PeerSet(Exchange, [.. Peers.Where(p => tags.All(p.Tags.Contains))]);
    }

    /// <summary>The available peers for which the test holds.</summary>
    /// <param name="test">Called once for each.</param>
    public PeerSet Where(Func<Peer, bool> test) => new(Exchange, [.. Peers.Where(test)]);

    /// <summary>Lets a policy choose among the available peers.</summary>
    /// <param name="policy">Its name, such as "round-robin" or "least-requests".</param>
    /// <returns>Null where no peer is available.</returns>
    /// <exception cref="ArgumentException">There is no such policy.</exception>
    public Peer? Pick(string policy) => Exchange.Pick(policy, Peers);
}

/// <summary>Some of an upstream's available peers, to pick from.</summary>
public readonly struct PeerSet
{
    private readonly ExchangeState _exchange;

    internal PeerSet(ExchangeState exchange, IReadOnlyList<Peer> peers)
    {
        _exchange = exchange;
        Peers = peers;
    }

    /// <summary>The peers.</summary>
    public IReadOnlyList<Peer> Peers { get; }

    /// <summary>Lets a policy choose among these.</summary>
    /// <param name="policy">Its name.</param>
    /// <returns>Null where the set is empty, so that the upstream's own policy chooses among all.</returns>
    /// <exception cref="ArgumentException">There is no such policy.</exception>
    public Peer? Pick(string policy) => _exchange.Pick(policy, Peers);
}

/// <summary>UpstreamRequest: change what is sent to the peer, on every attempt (proxy_set_header).</summary>
public sealed class UpstreamRequestContext : ExchangeContext
{
    internal UpstreamRequestContext(ExchangeState exchange)
        : base(exchange)
    {
    }

    /// <summary>The headers that go out, body headers included.</summary>
    public IHeaderDictionary Headers { get; internal set; } = null!;

    /// <summary>The method that goes out.</summary>
    public string Method { get; set; } = null!;

    /// <summary>The whole address that is asked.</summary>
    public Uri Address { get; set; } = null!;

    /// <summary>The peer that was chosen.</summary>
    public Peer Peer => Exchange.Peer!;

    /// <summary>1 on the first attempt.</summary>
    public int Attempts => Exchange.Attempts;
}

/// <summary>UpstreamResponse: change what came back before it is stored, decide how long it stays fresh, or ask for a retry.</summary>
public sealed class UpstreamResponseContext : ExchangeContext
{
    internal UpstreamResponseContext(ExchangeState exchange)
        : base(exchange)
    {
    }

    /// <summary>The peer's headers, body headers included; changes reach the cache and the client.</summary>
    public IHeaderDictionary Headers { get; internal set; } = null!;

    /// <summary>The peer's status; may be changed.</summary>
    public int StatusCode { get; set; }

    /// <summary>The peer that answered.</summary>
    public Peer Peer => Exchange.Peer!;

    /// <summary>1 on the first attempt.</summary>
    public int Attempts => Exchange.Attempts;

    /// <summary>From the moment the peer was chosen to its headers.</summary>
    public TimeSpan UpstreamElapsed => Exchange.UpstreamElapsed;

    /// <summary>What the peer's own headers say.</summary>
    public Freshness Default => Freshness.Default;

    /// <summary>Do not store this answer.</summary>
    public Freshness Skip => Freshness.Skip;

    /// <summary>Store this answer, whatever its own headers say of storing it.</summary>
    /// <param name="ttl">How long it is fresh; not negative.</param>
    /// <param name="grace">How long after that it may be served stale while it is fetched again; zero unless given.</param>
    /// <param name="keep">How long after that it may stand in for a peer that fails; zero unless given.</param>
    /// <param name="tags">For purging by tag; none unless given.</param>
    /// <param name="forEveryone">True: also where it has Set-Cookie, says private, or the request had Authorization.</param>
    [OverloadResolutionPriority(1)]
    public Freshness Store(TimeSpan ttl, TimeSpan grace = default, TimeSpan keep = default, IReadOnlyList<string>? tags = null, bool forEveryone = false) =>
        Freshness.Store(ttl, grace, keep, tags, forEveryone);

    /// <inheritdoc cref="Store(TimeSpan, TimeSpan, TimeSpan, IReadOnlyList{string}?, bool)" />
    public Freshness Store(TimeSpan ttl, TimeSpan grace, IReadOnlyList<string> tags) => Freshness.Store(ttl, grace, TimeSpan.Zero, tags, forEveryone: false);

    /// <summary>Drop this answer and ask another peer (proxy_next_upstream). Where the attempts are used up, or the request's body is gone already, this answer is sent.</summary>
    public Freshness Retry() => Freshness.Retry;
}
