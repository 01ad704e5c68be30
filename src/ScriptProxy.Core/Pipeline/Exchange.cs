using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ScriptProxy.Caching;
using ScriptProxy.Core.Bodies;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Core.Net;
using ScriptProxy.Core.Upstreams;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Pipeline;

/// <summary>One request on its way through the phases. Kept with its connection and used again for the next request of that connection.</summary>
internal sealed partial class Exchange : ExchangeState, IResponseBodyOwner
{
    private readonly DefaultHttpContext _context = new();
    private readonly TimeProvider _time;
    private readonly IServiceScopeFactory _services;
    private readonly ResponseBody _tap = new();
    private bool _tapped;
    private CancellationTokenRegistration _expiry;
    private long _started;
    private TimeSpan? _elapsed;
    private IPAddress? _clientIp;
    private IPAddress? _remote;
    private string? _remoteAddress;
    private string? _requestId;
    private List<SubrequestResponse>? _subrequests;

    private RewriteContext? _rewrite;
    private AccessContext? _access;
    private ContentContext? _content;
    private LookupContext? _lookup;
    private CacheContext? _cache;
    private BalancerContext? _balancer;
    private RequestBodyFilterContext? _requestBody;
    private UpstreamRequestContext? _upstreamRequest;
    private UpstreamResponseContext? _upstreamResponse;
    private HeaderFilterContext? _headerFilter;
    private BodyFilterContext? _bodyFilter;
    private ErrorContext? _error;
    private LogContext? _log;

    internal Exchange(TimeProvider time, IServiceScopeFactory services)
    {
        _time = time;
        _services = services;
    }

    internal GuardScope Scope { get; } = new();

    internal Snapshot Snapshot { get; private set; } = null!;

    internal RoutePipeline Pipeline { get; private set; } = null!;

    /// <summary>How many subrequests it is away from the client's request.</summary>
    internal int Depth { get; private set; }

    /// <summary>HeaderFilter and BodyFilter had their turn: status and headers are about to go out.</summary>
    internal bool Filtered { get; set; }

    /// <summary>The target as the client wrote it; valid for the upstream as long as no handler changed path or query.</summary>
    internal string? UntouchedTarget { get; private set; }

    /// <summary>Who is to answer; null where nobody behind the gateway is asked.</summary>
    internal Upstream? ForwardTo { get; set; }

    internal List<Peer>? TriedPeers { get; set; }

    /// <summary>Attempts are left and the body can be sent again.</summary>
    internal bool MayRetry { get; set; }

    /// <summary>What the forwarder keeps with the exchange; its own business.</summary>
    internal object? ForwarderState { get; set; }

    internal long AttemptStarted { get; set; }

    internal long HeadersReceived { get; set; }

    /// <summary>As the peer sent it; valid once its headers are there.</summary>
    internal int UpstreamStatus { get; set; }

    /// <summary>Of the attempt that ended last; for the policies that want to hear of it.</summary>
    internal AttemptOutcome Outcome { get; set; }

    internal RewriteContext RewriteContext => _rewrite ??= new RewriteContext(this);

    internal AccessContext AccessContext => _access ??= new AccessContext(this);

    internal ContentContext ContentContext => _content ??= new ContentContext(this);

    internal LookupContext LookupContext => _lookup ??= new LookupContext(this);

    internal BalancerContext BalancerContext => _balancer ??= new BalancerContext(this);

    internal RequestBodyFilterContext RequestBodyFilterContext => _requestBody ??= new RequestBodyFilterContext(this);

    internal UpstreamRequestContext UpstreamRequestContext => _upstreamRequest ??= new UpstreamRequestContext(this);

    internal UpstreamResponseContext UpstreamResponseContext => _upstreamResponse ??= new UpstreamResponseContext(this);

    internal HeaderFilterContext HeaderFilterContext => _headerFilter ??= new HeaderFilterContext(this);

    internal BodyFilterContext BodyFilterContext => _bodyFilter ??= new BodyFilterContext(this);

    internal CacheContext CacheContext => _cache ??= new CacheContext(this);

    internal ErrorContext ErrorContext => _error ??= new ErrorContext(this);

    internal LogContext LogContext => _log ??= new LogContext(this);

    internal override ILogger Logger => Redacted(Snapshot.Runtime.Logger);

    /// <summary>The gateway's own.</summary>
    internal ILogger GatewayLogger => Redacted(Snapshot.Logger);

    internal override TimeProvider Time => _time;

    internal override TimeSpan Elapsed => _elapsed ?? _time.GetElapsedTime(_started);

    internal override TimeSpan UpstreamElapsed => AttemptStarted == 0
        ? TimeSpan.Zero
        : HeadersReceived == 0 ? _time.GetElapsedTime(AttemptStarted) : _time.GetElapsedTime(AttemptStarted, HeadersReceived);

    internal override long BytesSent => _tap.BytesSent;

    internal override string RequestId => _requestId ??= ReadRequestId();

    internal override IPAddress ClientIp => _clientIp ??= Unmapped(Http.Connection.RemoteIpAddress) ?? IPAddress.None;

    /// <summary>Who is connected, as it is written; null for a Unix socket. Made once for a connection.</summary>
    internal string? RemoteAddress
    {
        get
        {
            var remote = Http.Connection.RemoteIpAddress;
            if (!ReferenceEquals(remote, _remote))
            {
                _remote = remote;
                _remoteAddress = ForwardedHop.Write(remote);
            }

            return _remoteAddress;
        }
    }

    /// <summary>Takes a request up: leases the generation, which holds until <see cref="Finish"/>.</summary>
    /// <param name="features">The request's.</param>
    /// <param name="leased">The generation's.</param>
    /// <param name="depth">How many requests it is away from the client's.</param>
    /// <param name="isFetch">What comes back goes to a cache and not to a client: nothing of the answer's own way is done to it.</param>
    internal void Start(IFeatureCollection features, Snapshot leased, int depth, bool isFetch = false)
    {
        _context.Initialize(features);
        _context.ServiceScopeFactory = _services;
        Http = _context;
        Snapshot = leased;
        Pipeline = leased.NoRoute;
        Depth = depth;
        Scope.Runtime = leased.Runtime;
        _started = _time.GetTimestamp();
        var request = features.GetRequiredFeature<IHttpRequestFeature>();
        UntouchedTarget = request.RawTarget;
        _path = request.Path;
        _query = request.QueryString;
        if (request.Headers.Connection.Count > 0)
        {
            HopByHop.RemoveNamed(request.Headers);
        }

        if (depth == 0 && leased.Expired.CanBeCanceled)
        {
            _expiry = leased.Expired.UnsafeRegister(static context => ((HttpContext)context!).Abort(), _context);
        }

        if (depth == 0 && HttpProtocol.IsHttp2(request.Protocol))
        {
            CheckScheme(request, leased.Trusted);
        }

        if (!leased.Trusted.IsEmpty)
        {
            BelieveProxies(leased.Trusted);
        }

        // HeaderFilter is the client's answer's.
        Filtered = isFetch;

        // The gateway's own Rewrite may answer, before any route is entered.
        if (leased.NoRoute.TapsBody && !isFetch)
        {
            Tap();
        }
    }

    /// <summary>A request that belongs to this one, on the same generation.</summary>
    internal Exchange Spawn(IFeatureCollection features, bool isFetch = false)
    {
        // The caller's lease keeps the generation open until the child has its own.
        if (!Snapshot.Gate.TryEnter())
        {
            throw new InvalidOperationException("a subrequest began after its request had ended");
        }

        var child = new Exchange(_time, _services);
        child.Start(features, Snapshot, Depth + 1, isFetch);
        return child;
    }

    /// <summary>A subrequest ends with the request that asked for it.</summary>
    internal void Own(SubrequestResponse subrequest)
    {
        lock (_context)
        {
            (_subrequests ??= []).Add(subrequest);
        }
    }

    /// <summary>Takes the route that the router chose and puts its limits and taps in place.</summary>
    internal void Enter(RoutePipeline pipeline)
    {
        Pipeline = pipeline;
        Route = pipeline.Info;
        if (pipeline.TapsBody)
        {
            Tap();
        }

        if (pipeline.MaxRequestBody is { } max)
        {
            LimitBody(max);
        }
        else if (!HttpMethods.IsGet(Http.Request.Method))
        {
            WatchBody();
        }
    }

    /// <summary>Stops the clock for Log, so that every handler of it sees the same time.</summary>
    internal void StopClock() => _elapsed = _time.GetElapsedTime(_started);

    /// <summary>Gives the lease back and forgets everything of the request.</summary>
    /// <returns>False when code of the request may still be running: then this object must not serve another.</returns>
    internal bool Finish()
    {
        var snapshot = Snapshot;
        var reusable = Scope.Reusable;
        _expiry.Dispose();
        _expiry = default;
        _subrequests?.ForEach(s => s.GiveUp());
        _subrequests?.Clear();
        Untap();

        // A pooled stream of HTTP/2 keeps the endpoint until it is used again, and so would hold the generation.
        _context.SetEndpoint(null);
        _context.Uninitialize();
        ClearState();
        ClearRequest();
        if (reusable)
        {
            // Otherwise what the handlers have left behind still asks for it.
            Scope.Runtime = null;
        }

        Snapshot = null!;
        Pipeline = null!;
        Filtered = false;
        _passBody = _filtersOnStart = false;
        _failed = null;
        _replacement = null;
        _bodyFilter?.Operators = null!;
        _requestBody?.Operators = null!;
        MayRetry = false;
        ForwardTo = null;
        TriedPeers?.Clear();
        Outcome = default;
        AttemptStarted = HeadersReceived = 0;
        _elapsed = null;
        _clientIp = null;
        _requestId = null;
        snapshot.Gate.Leave();
        return reusable;
    }

    internal override string? SerializeJson(object? value) => JsonSerializer.Serialize(value, Snapshot.Runtime.Json);

    internal override T? DeserializeJson<T>(ReadOnlySpan<byte> json)
        where T : default => JsonSerializer.Deserialize<T>(json, Snapshot.Runtime.Json);

    internal override IReadOnlyList<Peer> AvailablePeers => Pipeline.Upstream is { } upstream ? upstream.Available(TriedPeers) : [];

    internal override IReadOnlyList<Peer> AllPeers => Pipeline.Upstream?.Peers ?? [];

    internal override Peer? Pick(string policy, IReadOnlyList<Peer> among)
    {
        if (Pipeline.Upstream is not { } upstream)
        {
            return null;
        }

        var balancer = upstream.Named(policy);
        return among.Count == 0 ? null : balancer.Pick(BalancerContext, among as Peer[] ?? [.. among]);
    }

    internal override void HideClient(IPAddress address) => _clientIp = address;

    internal override ValueTask PassAsync() => Fetches.PassAsync(this);

    internal override CacheFetch Fetch(string method, IHeaderDictionary headers) => Fetches.Start(this, method, headers);

    internal override ValueTask<SubrequestResult> SubrequestAsync(SubrequestOptions options) => Subrequests.StartAsync(this, options);

    private ILogger Redacted(ILogger logger) => Pipeline.RedactLogs is { } redact ? new RedactingLogger(logger, redact(LogContext)) : logger;

    private void Tap()
    {
        if (!_tapped)
        {
            _tapped = true;
            _tap.Initialize(Http, Http.Features.GetRequiredFeature<IHttpResponseBodyFeature>(), this);
            Http.Features.Set<IHttpResponseBodyFeature>(_tap);
        }
    }

    private void Untap()
    {
        if (_tapped)
        {
            _tapped = false;
            Http.Features.Set(_tap.Inner);
            _tap.Reset();
        }
    }

    /// <summary>An HTTP/2 client names the scheme itself. Only a trusted proxy, which may have ended TLS, is believed another than its connection's.</summary>
    private void CheckScheme(IHttpRequestFeature request, TrustedProxies trusted)
    {
        var own = _context.Features.Get<ITlsConnectionFeature>() is null ? "http" : "https";
        if (request.Scheme != own && !trusted.Contains(_context.Connection.RemoteIpAddress))
        {
            request.Scheme = own;
        }
    }

    /// <summary>Takes over what a trusted proxy says of the client. The connection's own address stays: it belongs to all of its requests.</summary>
    private void BelieveProxies(TrustedProxies trusted)
    {
        var client = ClientAddress.Resolve(_context.Connection.RemoteIpAddress, _context.Request.Headers, trusted);
        _clientIp = Unmapped(client.Ip);
        if (client.Scheme is { } scheme)
        {
            _context.Request.Scheme = scheme;
        }

        if (client.Host is { } host)
        {
            _context.Request.Host = new HostString(host);
        }
    }

    private static IPAddress? Unmapped(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;

    private string ReadRequestId() =>
        !Snapshot.Trusted.IsEmpty && Snapshot.Trusted.Contains(Http.Connection.RemoteIpAddress) && Http.Request.Headers["X-Request-Id"] is [{ Length: > 0 and <= 128 } given]
            ? given
            : Http.TraceIdentifier;
}
