using System.Net;
using System.Runtime.CompilerServices;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <summary>What becomes of a header that tells of the proxies on the way.</summary>
public enum ForwardedMode
{
    /// <summary>Append where the client is a trusted proxy, set anew where it is not.</summary>
    Default,

    /// <summary>Set anew; what the client sent is dropped.</summary>
    Set,

    /// <summary>Append to what the client sent.</summary>
    Append,

    /// <summary>Send nothing.</summary>
    Remove,

    /// <summary>Send on what the client sent.</summary>
    Pass,
}

/// <summary>An upstream while it is composed (nginx's upstream block).</summary>
public sealed class UpstreamBuilder
{
    private readonly UpstreamModel _model;

    internal UpstreamBuilder(UpstreamModel model) => _model = model;

    /// <summary>Adds a server.</summary>
    /// <param name="address">http or https, host and port; a path is put before every request's.</param>
    /// <param name="weight">0 to 65535; 1 unless given.</param>
    /// <param name="tags">For Tagged(...) in a balancer; none unless given.</param>
    /// <param name="name">Shown in logs; host and port unless given.</param>
    /// <param name="backup">True: asked only while no ordinary peer is available. False unless given.</param>
    /// <param name="zone">For <see cref="PreferZone"/>; none unless given.</param>
    /// <param name="maxRequests">The most requests under way to it at a time, over all loads (max_conns); 0, unless given, for no limit.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public UpstreamBuilder Peer(
        string address,
        int weight = 1,
        string[]? tags = null,
        string? name = null,
        bool backup = false,
        string? zone = null,
        int maxRequests = 0,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(address);
        ArgumentOutOfRangeException.ThrowIfNegative(weight);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(weight, ushort.MaxValue);
        ArgumentOutOfRangeException.ThrowIfNegative(maxRequests);
        _model.Peers.Add(new PeerModel(address, new ScriptLocation(file, line))
        {
            Name = name,
            Weight = weight,
            Tags = tags ?? [],
            Backup = backup,
            Zone = zone,
            MaxRequests = maxRequests,
        });
        return this;
    }

    /// <summary>Spreads requests by a policy.</summary>
    /// <param name="policy">Its name: "round-robin" (unless given), "least-requests", or one that a plugin supplies.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public UpstreamBuilder Balance(string policy, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(policy);
        _model.Policy = policy;
        _model.PolicySource = new ScriptLocation(file, line);
        return this;
    }

    /// <summary>Spreads requests by a function of your own.</summary>
    /// <param name="pick">Gets the request and chooses one of its Peers; null where none suits.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public UpstreamBuilder Balance(Func<BalancerContext, Peer?> pick, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(pick);
        return Balance(new FunctionBalancer(pick), file, line);
    }

    /// <summary>Spreads requests by an object of your own.</summary>
    /// <param name="policy">Used from many threads at once.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public UpstreamBuilder Balance(ILoadBalancer policy, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(policy);
        _model.OwnPolicy = policy;
        _model.PolicySource = new ScriptLocation(file, line);
        return this;
    }

    /// <summary>Asks every server again and again; one that does not answer 200 to 399 gets no requests until it does.</summary>
    /// <param name="path">Path and query of a GET.</param>
    /// <param name="every">10 seconds unless given.</param>
    /// <param name="timeout">How long an answer may take; 5 seconds unless given.</param>
    public UpstreamBuilder HealthCheck(string path, TimeSpan? every = null, TimeSpan? timeout = null)
    {
        if (string.IsNullOrEmpty(path) || path[0] != '/')
        {
            throw new ArgumentException($"A health check's path starts with '/', '{path}' does not.", nameof(path));
        }

        var interval = every ?? TimeSpan.FromSeconds(10);
        var limit = timeout ?? TimeSpan.FromSeconds(5);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(interval, TimeSpan.Zero, nameof(every));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(limit, TimeSpan.Zero, nameof(timeout));
        _model.HealthCheck = (path, interval, limit);
        return this;
    }

    /// <summary>Lets requests wait while all available peers are full, instead of answering 503 at once (nginx's queue). First come, first served.</summary>
    /// <param name="length">How many may wait, over all loads; 1 or more. One more gets a 503.</param>
    /// <param name="timeout">How long one may wait, then 503; 10 seconds unless given.</param>
    public UpstreamBuilder Queue(int length, TimeSpan? timeout = null)
    {
        var limit = timeout ?? TimeSpan.FromSeconds(10);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(limit, TimeSpan.Zero, nameof(timeout));
        _model.Queue = (length, limit);
        return this;
    }

    /// <summary>Lets a peer that came back into service start slowly: its weight grows from nearly nothing to the whole (slow_start). Policies that choose by weight heed it.</summary>
    /// <param name="over">How long that takes; more than zero.</param>
    public UpstreamBuilder SlowStart(TimeSpan over)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(over, TimeSpan.Zero);
        _model.SlowStart = over;
        return this;
    }

    /// <summary>Asks the peers of this zone as long as one of them is available, the others only otherwise. Backups come after all ordinary peers.</summary>
    /// <param name="zone">As in Peer(..., zone: "a"); case-sensitive.</param>
    public UpstreamBuilder PreferZone(string zone)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(zone);
        _model.PreferredZone = zone;
        return this;
    }

    /// <summary>Speaks HTTP/2 with the servers: negotiated on https, with prior knowledge (h2c) on http. What gRPC needs.</summary>
    public UpstreamBuilder Http2()
    {
        _model.HttpVersion = HttpVersion.Version20;
        return this;
    }

    /// <summary>Limits the time that is waited (proxy_connect_timeout, proxy_read_timeout).</summary>
    /// <param name="connect">For a connection; 5 seconds unless given.</param>
    /// <param name="answer">From the end of the request to the answer's headers, then 504; 60 seconds unless given.</param>
    /// <param name="idle">Between two pieces of a body, a stream or a WebSocket; 60 seconds unless given, and never less than <paramref name="answer"/>.</param>
    public UpstreamBuilder Timeouts(TimeSpan? connect = null, TimeSpan? answer = null, TimeSpan? idle = null)
    {
        _model.ConnectTimeout = Positive(connect, _model.ConnectTimeout, nameof(connect));
        _model.AnswerTimeout = Positive(answer, _model.AnswerTimeout, nameof(answer));
        _model.IdleTimeout = Positive(idle, _model.IdleTimeout, nameof(idle));
        return this;

        static TimeSpan Positive(TimeSpan? given, TimeSpan otherwise, string name)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(given ?? otherwise, TimeSpan.Zero, name);
            return given ?? otherwise;
        }
    }

    /// <summary>How often a request may be sent when UpstreamResponse asks for a retry (proxy_next_upstream_tries).</summary>
    /// <param name="max">1 to 100; 3 unless given. The first attempt counts.</param>
    public UpstreamBuilder Attempts(int max)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(max, 100);
        _model.MaxAttempts = max;
        return this;
    }

    /// <summary>Sends the client's Host header on; unless called, the server's own name is sent (proxy_set_header Host $host).</summary>
    public UpstreamBuilder KeepHost()
    {
        _model.KeepHost = true;
        return this;
    }

    /// <summary>Sends this Host header.</summary>
    /// <param name="host">Host and, if needed, port.</param>
    public UpstreamBuilder Host(string host)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(host);
        _model.Host = host;
        return this;
    }

    /// <summary>What becomes of the headers that tell the servers of the client and of the proxies.</summary>
    /// <param name="x">X-Forwarded-For, -Proto and -Host; Default unless given.</param>
    /// <param name="rfc7239">Forwarded (RFC 7239); Remove unless given.</param>
    /// <param name="via">Via (RFC 9110, 7.6.3); Pass unless given.</param>
    public UpstreamBuilder Forwarded(ForwardedMode x = ForwardedMode.Default, ForwardedMode rfc7239 = ForwardedMode.Remove, ForwardedMode via = ForwardedMode.Pass)
    {
        _model.Forwarded = x;
        _model.ForwardedRfc7239 = rfc7239;
        _model.Via = via;
        return this;
    }

    /// <summary>Believes servers whose certificate this authority signed, besides those that the system trusts (proxy_ssl_trusted_certificate).</summary>
    /// <param name="path">A PEM file, relative to proxy.csx.</param>
    public UpstreamBuilder CertificateAuthority(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        _model.CertificateAuthority = path;
        return this;
    }

    /// <summary>Believes any certificate (proxy_ssl_verify off): for tests. The connection can then be read and changed by anyone on the way.</summary>
    public UpstreamBuilder AcceptAnyCertificate()
    {
        _model.AcceptAnyCertificate = true;
        return this;
    }

    private sealed class FunctionBalancer(Func<BalancerContext, Peer?> pick) : ILoadBalancer
    {
        public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available) => pick(context);
    }
}
