using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <content>What is composed while proxy.csx loads.</content>
public static partial class Gateway
{
    /// <summary>Listens on an address (nginx's listen).</summary>
    /// <param name="url">http://host:port or https://host:port; 0.0.0.0, [::], localhost, an address, or unix:/path.</param>
    /// <param name="tls">For https: certificates. Without one, a self-signed certificate for development.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static ListenerBuilder Listen(
        string url, Action<TlsBuilder>? tls = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(url);
        var model = new ListenerModel(url, new ScriptLocation(file, line));
        if (tls is not null)
        {
            model.Tls = new TlsModel();
            tls(new TlsBuilder(model.Tls));
        }

        Composition.Listeners.Add(model);
        return new ListenerBuilder(model);
    }

    /// <summary>Listens for the admin API: state, routes, upstreams, plugins, metrics, reload. Only that is served there, and nowhere else.</summary>
    /// <param name="url">http://127.0.0.1:9080 or http://unix:/path; another address than a loopback one needs a token.</param>
    /// <param name="token">What clients send as <c>Authorization: Bearer TOKEN</c> (RFC 6750); none is asked for unless given. From <see cref="Settings"/> rather than written down.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Admin(string url, string? token = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(url);
        Composition.Listeners.Add(new ListenerModel(url, new ScriptLocation(file, line)) { Admin = new AdminModel(token) });
    }

    /// <summary>Names a group of servers (nginx's upstream).</summary>
    /// <param name="name">For To(...).</param>
    /// <param name="addresses">The servers; more with Peer(...).</param>
    public static UpstreamBuilder Upstream(string name, params string[] addresses)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(addresses);
        var model = new UpstreamModel(name);
        Composition.Upstreams.Add(model);
        var builder = new UpstreamBuilder(model);
        foreach (var address in addresses)
        {
            builder.Peer(address, file: "", line: 0);
        }

        return builder;
    }

    /// <summary>Matches requests (nginx's location). The most specific route wins, as in ASP.NET.</summary>
    /// <param name="pattern">An ASP.NET route pattern, such as "/shop/{**path}".</param>
    /// <param name="host">Host names: "shop.example", "*.example.org", "*:9001"; any unless given.</param>
    /// <param name="methods">Methods; any unless given.</param>
    /// <param name="headers">"Name", "Name=value" or "!Name"; all must hold.</param>
    /// <param name="query">"name", "name=value" or "!name"; all must hold.</param>
    /// <param name="order">Lower ones are tried first; 0 unless given.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static RouteBuilder Route(
        string pattern,
        RouteTerms? host = null,
        RouteTerms? methods = null,
        RouteTerms? headers = null,
        RouteTerms? query = null,
        int order = 0,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        // ASP.NET takes a pattern with and without it, and both are the same route.
        var rooted = pattern.Length == 0 || pattern[0] is '/' or '~' ? pattern : "/" + pattern;
        return Add(new RouteModel(rooted, new ScriptLocation(file, line))
        {
            Host = host is null ? null : string.Join(',', host),
            Methods = [.. methods?.SelectMany(RouteTerms.Split) ?? []],
            Headers = [.. headers ?? []],
            Query = [.. query ?? []],
            Order = order,
        });
    }

    /// <summary>Chooses certificates by code; null takes the listener's own (ssl_certificate_by_lua).</summary>
    /// <param name="handler">Called for each TLS handshake.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public static void Certificate(Func<CertificateContext, X509Certificate2?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Certificates.Add(Handlers.Of<CertificateContext, X509Certificate2>(handler, file, line));

    /// <inheritdoc cref="Certificate(Func{CertificateContext, X509Certificate2}, string, int)" />
    [OverloadResolutionPriority(2)]
    public static void Certificate(
        Func<CertificateContext, ValueTask<X509Certificate2?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Certificates.Add(Handlers.Of<CertificateContext, X509Certificate2>(handler, file, line));

    /// <inheritdoc cref="Certificate(Func{CertificateContext, X509Certificate2}, string, int)" />
    [OverloadResolutionPriority(1)]
    public static void Certificate(
        Func<CertificateContext, Task<X509Certificate2?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Certificates.Add(Handlers.Of<CertificateContext, X509Certificate2>(handler, file, line));

    /// <summary>Chooses certificates by a phase file.</summary>
    /// <param name="script">Relative to the folder of proxy.csx.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Certificate(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Certificates.Add(Handlers.File<CertificateContext, X509Certificate2>(script, file, line));

    /// <summary>Believes what these proxies forward of the client: X-Forwarded-For, -Proto, -Host and Forwarded (set_real_ip_from).</summary>
    /// <param name="range">An address, a CIDR range such as "10.0.0.0/8", or "unix:".</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Trust(string range, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(range);
        Composition.Trusted.Add((range, new ScriptLocation(file, line)));
    }

    /// <summary>Names the server of Redis that this gateway shares with others: <see cref="Redis"/>, <c>Shared(name, cluster: true)</c> and caches use it. The last one counts.</summary>
    /// <remarks>The connection is made in the background, and outlives reloads that name the same server. A gateway whose Redis is away starts and serves without it.</remarks>
    /// <param name="configuration">"host:port", several by commas, with options such as "password=...,ssl=true" (StackExchange.Redis' configuration).</param>
    /// <exception cref="ArgumentException">It cannot be read.</exception>
    public static void UseRedis(string configuration)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(configuration);
        _ = Composition;
        Runtime.UseRedis(configuration);
    }

    /// <summary>Sets the gateway's limits.</summary>
    /// <param name="set">Changes what it wants to change.</param>
    public static void Limits(Action<GatewayLimits> set)
    {
        ArgumentNullException.ThrowIfNull(set);
        set(Composition.Limits);
    }

    /// <summary>How long a handler may run by itself before it is stopped; waiting is free. 1 second unless set.</summary>
    /// <param name="time">More than zero.</param>
    /// <param name="phase">Only for this phase, such as "Access"; for all unless given.</param>
    /// <param name="script">Only for this phase file; for all unless given.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Budget(
        TimeSpan time, string? phase = null, string? script = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero);
        Composition.Budgets.Add((phase, script, time, new ScriptLocation(file, line)));
    }

    private static RouteBuilder Add(RouteModel model)
    {
        Composition.Routes.Add(model);
        return new RouteBuilder(model);
    }
}
