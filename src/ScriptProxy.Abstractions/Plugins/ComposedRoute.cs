using ScriptProxy.Runtime;

namespace ScriptProxy.Plugins;

/// <summary>A route whose composition is complete, to which a plugin adds what its verbs promised.</summary>
public sealed class ComposedRoute
{
    private readonly GatewayModel _gateway;
    private readonly RouteModel _route;

    internal ComposedRoute(GatewayModel gateway, RouteModel route, Func<string, string> place)
    {
        _gateway = gateway;
        _route = route;
        First = new RouteBuilder(route, route.First, place);
        Last = new RouteBuilder(route, route.Last, place);
    }

    /// <summary>The pattern as written; "(none)" for what requests meet that no route takes.</summary>
    public string Pattern => _route.Pattern;

    /// <summary>The prefix that is taken off paths before they are forwarded, without a slash at the end; null where none is.</summary>
    public string? StripPrefix => _route.StripPrefix;

    /// <summary>The servers that the route forwards to; empty where it answers by itself.</summary>
    public IReadOnlyList<Uri> Servers => Upstream is { } upstream
        ? [.. upstream.Peers.Select(p => p.Address).Select(Address).OfType<Uri>()]
        : _route.Upstream is var (name, _) && Address(name) is { } single ? [single] : [];

    /// <summary>The Host header that the servers are sent instead of their own names; null where that is not set.</summary>
    public string? ServersHost => Upstream?.Host;

    /// <summary>The phases that scripts have handlers on, for this route or all, such as "Log".</summary>
    public IEnumerable<string> Phases => _gateway.Phases.All().Concat(_route.Phases.All()).Where(p => p.Handlers.Count > 0).Select(p => p.Phase).Distinct(StringComparer.Ordinal);

    /// <summary>Handlers hung here run before all others of their phase, the gateway's and those of scripts.</summary>
    public RouteBuilder First { get; }

    /// <summary>Handlers hung here run after all others of their phase.</summary>
    public RouteBuilder Last { get; }

    /// <summary>What was said of this route, else of the gateway; null for nothing.</summary>
    /// <param name="key">The key that it was said under.</param>
    public T? Get<T>(CompositionKey<T> key)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.Of(_route.Said) ?? key.Of(_gateway.Said);
    }

    /// <summary>Tells what becomes of what would identify a client or a server, for <c>scriptproxy check --privacy</c>.</summary>
    /// <param name="facts">Called when somebody asks.</param>
    public void Privacy(Func<IEnumerable<PrivacyFact>> facts) => _route.Privacy.Add(facts ?? throw new ArgumentNullException(nameof(facts)));

    /// <summary>Changes what is written to the log about the route's requests: by handlers through their context's Logger, and by the gateway itself.</summary>
    /// <param name="redact">
    /// Called for each line that is to be written, while its request is under way. What it returns is given every text of the line, message, values and exception, perhaps
    /// after the request has ended and its context serves another: it keeps what it needs by itself. It returns the text to write instead.
    /// </param>
    public void RedactLogs(Func<ExchangeContext, Func<string, string>> redact)
    {
        ArgumentNullException.ThrowIfNull(redact);
        var before = _route.RedactLogs;
        _route.RedactLogs = before is null ? redact : context =>
        {
            var (first, then) = (before(context), redact(context));
            return text => then(first(text));
        };
    }

    private UpstreamModel? Upstream => _route.Upstream is var (name, _) ? _gateway.Upstreams.Find(u => u.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) : null;

    // What is no address is told when the composition is checked.
    private static Uri? Address(string text) => Uri.TryCreate(text, UriKind.Absolute, out var address) ? address : null;
}

/// <summary>What becomes of something that identifies a client or a server.</summary>
/// <param name="towards">Who would learn it: "peer", "client" or "log".</param>
/// <param name="field">The header, or what else it is.</param>
/// <param name="becomes">Such as "removed".</param>
public sealed class PrivacyFact(string towards, string field, string becomes)
{
    /// <summary>Who would learn it: "peer", "client" or "log".</summary>
    public string Towards { get; } = towards;

    /// <summary>The header, or what else it is.</summary>
    public string Field { get; } = field;

    /// <summary>Such as "removed".</summary>
    public string Becomes { get; } = becomes;
}
