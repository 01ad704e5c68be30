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

    /// <summary>A URL as an operator or a script writes it, in the spelling of the keys.</summary>
    /// <returns>Null where it is no absolute URL of http or https.</returns>
    internal static string? Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            return null;
        }

        // The query is a key as clients write it: what Uri unescapes in it would be another one.
        var end = text.IndexOf('#', StringComparison.Ordinal) is >= 0 and var hash ? hash : text.Length;
        var from = text.AsSpan(0, end).IndexOf('?');
        var query = from < 0 ? "" : text[from..end];
        return Url(url, query.AsSpan().ContainsAnyExceptInRange('!', '~') ? url.Query : query);
    }

    /// <summary>The key that such a URL is stored under, where no handler of Lookup gave another one.</summary>
    /// <returns>Null where it is no absolute URL of http or https.</returns>
    internal static string? KeyOf(string text)
    {
        var end = text.IndexOf('#', StringComparison.Ordinal) is >= 0 and var hash ? hash : text.Length;
        var from = text.IndexOf('/', text.IndexOf("://", StringComparison.Ordinal) + 3);
        var target = from < 0 || from > end ? "" : text[from..end];
        var path = target.Split('?')[0];
        return Parse(text) is { } url && (path.Contains("%25", StringComparison.Ordinal) || path.Contains("%2F", StringComparison.OrdinalIgnoreCase)) ? $"{url}\n{target}" : Parse(text);
    }

    /// <summary>Whether a key is of a URL that only looks the same decoded: see <see cref="Spelled"/>.</summary>
    internal static bool IsOtherSpelling(string key, string url) => key.Length > url.Length + 1 && key[url.Length] == '\n' && key[url.Length + 1] == '/' && key.StartsWith(url, StringComparison.Ordinal);

    /// <summary>The beginning of a URL as an operator or a script writes it, in the spelling of the keys.</summary>
    /// <returns>Null where it lacks the scheme or the host.</returns>
    internal static string? Prefix(string text)
    {
        var from = text.IndexOf("://", StringComparison.Ordinal) + 3;
        var scheme = text[..Math.Max(from - 3, 0)].ToLowerInvariant();
        if (scheme is not ("http" or "https") || from == text.Length || text[from] is '/' or '?' or '#')
        {
            return null;
        }

        // A host without an end may go on: only what follows a whole one is a path.
        var slash = text.IndexOf('/', from);
        var host = text[from..(slash < 0 ? text.Length : slash)].ToLowerInvariant();
        if (slash < 0)
        {
            return $"{scheme}://{host}";
        }

        var query = text.IndexOf('?', slash);
        var path = PathString.FromUriComponent(text[slash..(query < 0 ? text.Length : query)]);
        return Url(scheme, new HostString(host), path, query < 0 ? "" : text[query..]);
    }

    private static string Url(Uri url) => Url(url, url.Query);

    private static string Url(Uri url, string query)
    {
        // Clients send names beyond ASCII as IDNA does.
        var host = url.HostNameType == UriHostNameType.Dns ? url.IdnHost : url.Host;
        return Url(url.Scheme, new HostString(url.IsDefaultPort ? host : $"{host}:{url.Port}"), PathString.FromUriComponent(url.AbsolutePath), query);
    }

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
