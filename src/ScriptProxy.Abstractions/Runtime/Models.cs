namespace ScriptProxy.Runtime;

/// <summary>What a script composed, as written; Core validates it and builds a generation from it.</summary>
internal sealed class GatewayModel
{
    internal List<ListenerModel> Listeners { get; } = [];

    internal List<UpstreamModel> Upstreams { get; } = [];

    internal List<RouteModel> Routes { get; } = [];

    internal PhaseSet Phases { get; } = new();

    internal List<Handler<CertificateContext, System.Security.Cryptography.X509Certificates.X509Certificate2>> Certificates { get; } = [];

    internal List<(Func<ValueTask> Call, ScriptLocation Source)> Init { get; } = [];

    internal List<(Func<ValueTask> Call, ScriptLocation Source)> Exit { get; } = [];

    internal List<(string Range, ScriptLocation Source)> Trusted { get; } = [];

    internal List<(string? Phase, string? Script, TimeSpan Budget, ScriptLocation Source)> Budgets { get; } = [];

    /// <summary>What the load itself takes out of service or back into it; done when the load serves.</summary>
    internal List<(Uri Address, Action<PeerState> Change)> PeersByHand { get; } = [];

    internal GatewayLimits Limits { get; } = new();

    /// <summary>For requests that no route takes; plugins may hang handlers on it.</summary>
    internal RouteModel NoRoute { get; } = new(RouteInfo.None.Pattern, default);

    /// <summary>What verbs of plugins said of the gateway.</summary>
    internal Dictionary<object, object> Said { get; } = [];
}

internal sealed class ListenerModel(string url, ScriptLocation source)
{
    internal string Url { get; } = url;

    internal ScriptLocation Source { get; } = source;

    internal ListenerProtocols? Protocols { get; set; }

    internal TlsModel? Tls { get; set; }

    /// <summary>Null for a listener of the routes.</summary>
    internal AdminModel? Admin { get; init; }
}

/// <summary>What an admin listener asks of its clients.</summary>
internal sealed record AdminModel(string? Token);

/// <summary>Protocols of a listener; the values combine.</summary>
[Flags]
internal enum ListenerProtocols
{
    Http1 = 1,
    Http2 = 2,
    Http3 = 4,
}

internal sealed class TlsModel
{
    internal List<(string? Host, string CertificatePath, string? KeyPath, string? Password, ScriptLocation Source)> Certificates { get; } = [];

    internal ClientCertificates ClientCertificates { get; set; }
}

/// <remarks>An upstream does not know its line: a list of addresses leaves no room for what the compiler fills in. Diagnostics look it up in the text.</remarks>
internal sealed class UpstreamModel(string name)
{
    internal string Name { get; } = name;

    internal List<PeerModel> Peers { get; } = [];

    internal string? Policy { get; set; }

    internal ScriptLocation PolicySource { get; set; }

    internal ILoadBalancer? OwnPolicy { get; set; }

    internal (string Path, TimeSpan Every, TimeSpan Timeout)? HealthCheck { get; set; }

    internal (int Length, TimeSpan Timeout)? Queue { get; set; }

    internal TimeSpan SlowStart { get; set; }

    internal string? PreferredZone { get; set; }

    internal Version HttpVersion { get; set; } = System.Net.HttpVersion.Version11;

    internal TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    internal TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(60);

    internal TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(60);

    internal int MaxAttempts { get; set; } = 3;

    internal bool AcceptAnyCertificate { get; set; }

    internal string? CertificateAuthority { get; set; }

    internal string? Host { get; set; }

    internal bool KeepHost { get; set; }

    internal ForwardedMode Forwarded { get; set; } = ForwardedMode.Default;

    internal ForwardedMode ForwardedRfc7239 { get; set; } = ForwardedMode.Remove;

    internal ForwardedMode Via { get; set; } = ForwardedMode.Pass;
}

internal sealed record PeerModel(string Address, ScriptLocation Source)
{
    internal string? Name { get; init; }

    internal int Weight { get; init; } = 1;

    internal IReadOnlyList<string> Tags { get; init; } = [];

    internal bool Backup { get; init; }

    internal string? Zone { get; init; }

    internal int MaxRequests { get; init; }
}

internal sealed class RouteModel(string pattern, ScriptLocation source)
{
    internal string Pattern { get; } = pattern;

    internal ScriptLocation Source { get; } = source;

    internal string? Host { get; init; }

    internal IReadOnlyList<string> Methods { get; init; } = [];

    internal IReadOnlyList<string> Headers { get; init; } = [];

    internal IReadOnlyList<string> Query { get; init; } = [];

    internal int Order { get; init; }

    internal PhaseSet Phases { get; } = new();

    /// <summary>What plugins put before all other handlers of a phase, the gateway's too.</summary>
    internal PhaseSet First { get; } = new();

    /// <summary>What plugins put behind all other handlers of a phase.</summary>
    internal PhaseSet Last { get; } = new();

    /// <summary>What verbs of plugins said of the route.</summary>
    internal Dictionary<object, object> Said { get; } = [];

    /// <summary>What plugins tell of the privacy of its requests; worked out when somebody asks.</summary>
    internal List<Func<IEnumerable<ScriptProxy.Plugins.PrivacyFact>>> Privacy { get; } = [];

    /// <summary>What plugins make of texts before they are logged; null where none does.</summary>
    internal Func<ExchangeContext, Func<string, string>>? RedactLogs { get; set; }

    internal (string Name, ScriptLocation Source)? Upstream { get; set; }

    internal (string Root, string? Fallback, ScriptLocation Source)? Files { get; set; }

    internal long? MaxRequestBody { get; set; }

    internal string? StripPrefix { get; set; }

    internal TimeSpan? Timeout { get; set; }

    internal (Caching.IHttpCache Cache, ScriptLocation Source)? Cache { get; set; }

    internal RouteInfo? Info { get; set; }
}
