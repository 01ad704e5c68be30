using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Caching.Engine;

/// <summary>What answers are stored under.</summary>
internal static class Keys
{
    /// <summary>Scheme, host, path and query, in one spelling.</summary>
    internal static string Url(HttpRequest request) => Url(request.Scheme, request.Host, request.PathBase.Add(request.Path), request.QueryString.Value);

    internal static string Of(CacheContext context, string url) =>
        context switch
        {
            { Key: null, Variant: null } => url,
            { Key: { } own, Variant: null } => "key:" + own,
            _ => $"{(context.Key is { } own ? "key:" + own : url)}{context.Variant}",
        };

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
