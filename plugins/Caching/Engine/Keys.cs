using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ScriptProxy.Caching.Engine;

/// <summary>What answers are stored under.</summary>
internal static class Keys
{
    /// <summary>Scheme, host, path and query, in one spelling.</summary>
    internal static string Url(HttpRequest request) => Url(request.Scheme, request.Host, request.PathBase.Add(request.Path), request.QueryString.Value);

    internal static string Of(CacheContext context, string url) =>
        context switch
        {
            { Key: null, Variant: null } => Spelled(context, url),
            { Key: { } own, Variant: null } => "key:" + own,
            _ => $"{(context.Key is { } own ? "key:" + own : Spelled(context, url))}{context.Variant}",
        };

    /// <summary>
    /// A decoded path with a percent sign does not tell what the client wrote: /a%2Fb and /a%252Fb are two resources and look the same. What was written is
    /// added then.
    /// </summary>
    private static string Spelled(CacheContext context, string url) =>
        context.Request.Path.Value is { } path && path.Contains('%', StringComparison.Ordinal) && context.HttpContext.Features.Get<IHttpRequestFeature>() is { } request
            ? $"{url}\n{request.RawTarget}"
            : url;

    /// <summary>The URL that Location or Content-Location names, where it is of the same origin.</summary>
    internal static string? SameOrigin(HttpRequest request, string? reference)
    {
        if (string.IsNullOrEmpty(reference)
            || !Uri.TryCreate(Url(request), UriKind.Absolute, out var from)
            || !Uri.TryCreate(from, reference, out var to)
            || !to.Scheme.Equals(from.Scheme, StringComparison.OrdinalIgnoreCase)
            || !to.Authority.Equals(from.Authority, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        return Url(to);
    }

    /// <summary>A URL as an operator writes it, in the spelling of the keys.</summary>
    internal static string Url(Uri url) => Url(url.Scheme, new HostString(url.Authority), PathString.FromUriComponent(url.AbsolutePath), url.Query);

    private static string Url(string scheme, HostString host, PathString path, string? query) =>
        string.Concat(string.Concat(scheme, "://", Host(scheme, host.Value)), path.HasValue ? path.ToUriComponent() : "/", query);

    private static string Host(string scheme, string? host)
    {
        if (string.IsNullOrEmpty(host))
        {
            return "";
        }

        var port = scheme is "https" ? ":443" : ":80";
        host = host.EndsWith(port, StringComparison.Ordinal) ? host[..^port.Length] : host;
        return host.AsSpan().ContainsAnyInRange('A', 'Z') ? host.ToLowerInvariant() : host;
    }
}
