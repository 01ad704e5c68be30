using Microsoft.Extensions.Primitives;
using Treatment = ScriptProxy.Anonymizing.Treatment<ScriptProxy.HeaderFilterContext>;

namespace ScriptProxy.Anonymizing;

/// <summary>What answers tell a client of the servers behind the gateway, and what becomes of it.</summary>
internal static class ResponseFields
{
    private static readonly Treatment Kept = Treatment.Kept;
    private static readonly Treatment Removed = Treatment.Removed;

    private static readonly Treatment Url = new(
        "internal hosts become the public address", static (policy, h, _, value) => Each(value, line => policy.Address.Publish(line, h.Request) ?? line));

    private static readonly Treatment Links = new("internal hosts become the public address", static (policy, h, _, value) => Each(value, line => policy.Address.Links(line, h.Request)));

    private static readonly Treatment Refresh = new("internal hosts become the public address", static (policy, h, _, value) => Each(value, line => policy.Address.Refresh(line, h.Request)));

    private static readonly Treatment SetCookie = new(
        static (options, level) => Policy.AllowedCookies(level, options) switch
        {
            null => "domain and path become public ones",
            [] => "removed",
            var names => $"{string.Join(", ", names)} kept, domain and path become public ones; others removed",
        },
        static (policy, h, _, value) => Each(
            value, line => policy.Cookies is { } names && !names.Contains(Cookies.Name(line)) ? null : Cookies.Publish(line, policy.Address, policy.Address.Host(h.Request))));

    internal static IReadOnlyList<Field<HeaderFilterContext>> All { get; } =
    [
        .. Both(
            Removed, "Server", "Via", "X-Powered-By", "X-Powered-CMS", "Powered-By", "X-AspNet-Version", "X-AspNetMvc-Version", "X-AspNet-Duration-Ms", "X-SourceFiles", "X-Runtime", "X-Version", "X-Generator",
            "X-Backend", "X-Backend-*", "X-Served-By", "X-Served-Via", "X-Server", "X-Server-*", "X-Upstream", "X-Upstream-*", "X-Host", "X-Hostname", "X-Node", "X-Node-*", "X-Instance", "X-Instance-*", "X-Pod", "X-Pod-*",
            "X-Container-*", "X-Real-Server", "X-Origin-Server", "X-Worker", "X-Proxy-Cache", "X-Cache", "X-Cache-*", "X-Varnish", "X-Varnish-*", "X-Timer", "X-Envoy-*", "X-Kong-*", "X-Nginx-*", "X-LiteSpeed-*",
            "X-Mod-Pagespeed", "X-Page-Speed", "X-Turbo-Charged-By", "X-Drupal-*", "X-Redirect-By", "X-Pingback", "X-Debug-*", "X-DiagInfo", "X-FEServer", "X-BEServer", "X-CalculatedBETarget",
            "X-CalculatedFETarget", "X-OWA-Version", "X-MS-*", "X-Azure-Ref", "X-Amz-Cf-*", "X-Amz-Id-2", "X-Amz-Request-Id", "X-Amzn-*", "MicrosoftSharePointTeamServices", "SPRequestGuid", "SPRequestDuration",
            "SPIisLatency", "Liferay-Portal", "Pega-Host", "Product", "Host-Header", "K-Proxy-Request", "Server-Timing", "X-B3-*", "Forwarded", "X-Forwarded-*", "X-Real-IP"),
        .. Both(Removed, "Alt-Svc", "Accept-CH", "Critical-CH"),
        new("NEL", Kept, Removed),
        new("Report-To", Kept, Removed),
        new("Reporting-Endpoints", Kept, Removed),
        new("X-Request-Id", Kept, Removed),
        new("X-Correlation-Id", Kept, Removed),
        new("traceresponse", Kept, Removed),
        .. Both(Url, "Location", "Content-Location", "SourceMap", "X-SourceMap"),
        new("Link", Links, Links),
        new("Refresh", Refresh, Refresh),
        new("Set-Cookie", SetCookie, SetCookie),
        .. Both(Kept, "ETag", "Last-Modified", "Date", "Content-Security-Policy", "Access-Control-Allow-Origin", "WWW-Authenticate"),
    ];

    private static IEnumerable<Field<HeaderFilterContext>> Both(Treatment treatment, params string[] names) => names.Select(name => new Field<HeaderFilterContext>(name, treatment, treatment));

    /// <param name="lines">The lines of the header.</param>
    /// <param name="rewrite">Gives what a line becomes, the same where it stays; null drops it.</param>
    private static StringValues Each(StringValues lines, Func<string, string?> rewrite)
    {
        if (lines.Count == 1)
        {
            return rewrite(lines.ToString());
        }

        return new StringValues([.. lines.Select(line => rewrite(line ?? "")).Where(line => line is not null)]);
    }
}
