using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Treatment = ScriptProxy.Anonymizing.Treatment<ScriptProxy.UpstreamRequestContext>;

namespace ScriptProxy.Anonymizing;

/// <summary>What requests tell a peer of who sends them, and what becomes of it.</summary>
internal static class RequestFields
{
    private static readonly Treatment Kept = Treatment.Kept;
    private static readonly Treatment Removed = Treatment.Removed;

    private static readonly Treatment Address = new(
        static (options, level) => Policy.AddressAt(level, options) == AddressForm.Truncated ? "the client's network, where there is one" : "removed",
        static (policy, u, _, _) => ClientAddresses.Plain(u.ClientIp, policy.ClientAddress));

    private static readonly Treatment Forwarded = new(
        static (options, level) => Policy.AddressAt(level, options) switch
        {
            AddressForm.Pseudonym => $"the client's pseudonym, a new one every {options.PseudonymPeriod}; for requests with DNT or Sec-GPC every time",
            AddressForm.Truncated => "the client's network, where there is one",
            _ => "removed",
        },
        static (policy, u, _, _) => policy.Forwarded(u));

    private static readonly Treatment Conditional = new(
        static (options, level) => Policy.PassesConditions(level, options) ? "kept" : "removed from GET and HEAD, unless the gateway's own",
        static (policy, u, name, value) => policy.ConditionalRequests || !IsRead(u.Method) || value != u.Request.Headers[name] ? value : StringValues.Empty);

    // A part by a tag that the peer does not get must not become a part of something else.
    private static readonly Treatment Range = new(
        static (options, level) => Policy.PassesConditions(level, options) ? "kept" : "kept, unless it depends on If-Range",
        static (policy, u, _, value) => policy.ConditionalRequests || !u.Request.Headers.ContainsKey("If-Range") ? value : StringValues.Empty);

    private static readonly Treatment CookieList = new(
        static (options, level) => Policy.AllowedCookies(level, options) switch { null => "kept", [] => "removed", var names => $"{string.Join(", ", names)} kept, others removed" },
        static (policy, _, _, value) => policy.Cookies is { } names ? Cookies.Allowed(value.ToString(), names) : value);

    // Sent also where the client sent none: see OutgoingRequest.
    private static readonly Treatment Signal = new(static (options, _) => options.SendSignals ? "1, for everybody" : "kept", static (policy, _, _, value) => policy.Options.SendSignals ? "1" : value);

    private static readonly Treatment Script = new("kept where it is XMLHttpRequest", static (_, _, _, value) => value == "XMLHttpRequest" ? value : StringValues.Empty);

    internal static IReadOnlyList<Field<UpstreamRequestContext>> All { get; } =
    [
        .. ClientAddresses.Headers.Select(name => new Field<UpstreamRequestContext>(name, Address, Address)),
        new("Forwarded", Forwarded, Forwarded),
        .. Both(Removed, "Via", "CF-IPCountry", "CF-IPCity", "CF-IPLatitude", "CF-IPLongitude", "CF-Ray", "CF-Visitor", "CF-Worker", "X-AppEngine-City*", "X-AppEngine-Country", "X-AppEngine-Region", "X-Vercel-IP-*"),
        new("X-Forwarded-Proto", Kept, Removed),
        new("X-Forwarded-Host", Kept, Removed),
        new("X-Forwarded-Port", Kept, Removed),
        new("X-Forwarded-Prefix", Kept, Removed),
        .. Both(Removed, "X-Forwarded-*", "X-ARR-*", "Client-Cert", "Client-Cert-Chain", "X-Client-Cert*", "X-SSL-Client-*", "Proxy-Authorization"),
        new(
            "User-Agent",
            new(static (options, _) => options.UserAgent is { } agent ? $"'{agent}'" : "family, major version, platform", static (policy, _, _, value) => policy.UserAgent ?? UserAgents.Reduce(value.ToString())),
            new(static (options, _) => $"'{options.UserAgent ?? UserAgents.Neutral}'", static (policy, _, _, _) => policy.UserAgent)),
        new("Sec-CH-UA", Kept, Removed),
        new("Sec-CH-UA-Mobile", Kept, Removed),
        new("Sec-CH-UA-Platform", Kept, Removed),
        new("Save-Data", Kept, Removed),
        .. Both(
            Removed, "Sec-CH-*", "DPR", "Width", "Viewport-Width", "Content-DPR", "Device-Memory", "RTT", "Downlink", "ECT", "Sec-Browsing-Topics", "Sec-Shared-Storage-*", "X-Client-Data",
            "X-Original-User-Agent", "Device-Stock-UA", "X-OperaMini-*", "X-UCBrowser-*"),
        new("X-Requested-With", Script, Script),
        new(
            "Accept-Language",
            new(static (options, _) => options.AcceptLanguage is { } language ? $"'{language}'" : "the first choice, without its region", static (policy, _, _, value) => policy.Options.AcceptLanguage ?? Languages.First(value.ToString())),
            new(static (options, _) => options.AcceptLanguage is { } language ? $"'{language}'" : "removed", static (policy, _, _, _) => policy.Options.AcceptLanguage)),
        new("Referer", new("scheme, host and port", static (_, _, _, value) => Referers.Origin(value.ToString())), Removed),
        .. Both(Removed, "From", "X-UIDH", "X-ACR", "X-MSISDN", "MSISDN", "X-UP-*", "X-Nokia-*", "X-WAP-*", "X-ATT-DeviceId", "X-Device-Id", "X-Device-User-Agent", "X-Advertising-Id"),
        new("Cookie", CookieList, CookieList),
        .. Both(Conditional, "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range"),
        new("Range", Range, Range),
        .. new[] { "X-Request-Id", "X-Correlation-Id", "Request-Id", "Correlation-Context", "traceparent", "tracestate", "baggage", "X-B3-*", "X-Amzn-Trace-Id", "X-Cloud-Trace-Context", "X-Session-Id" }
            .Select(name => new Field<UpstreamRequestContext>(name, Kept, Removed)),
        .. Both(Signal, "DNT", "Sec-GPC"),
        .. Both(Kept, "Authorization", "Origin", "Accept", "Accept-Encoding", "Sec-Fetch-*", "Priority", "CDN-Loop", "Host"),
    ];

    private static IEnumerable<Field<UpstreamRequestContext>> Both(Treatment treatment, params string[] names) => names.Select(name => new Field<UpstreamRequestContext>(name, treatment, treatment));

    private static bool IsRead(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);
}
