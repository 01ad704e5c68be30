using System.Text;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Plugins;

namespace ScriptProxy.Anonymizing;

/// <summary>Turns the addresses that servers know themselves by into the one that clients know the gateway by.</summary>
internal sealed class PublicAddress
{
    private readonly (HostAndPort Host, string BasePath)[] _internal;
    private readonly string? _origin;
    private readonly string _prefix;

    internal PublicAddress(ComposedRoute route, AnonymityOptions options)
    {
        _origin = options.PublicAddress?.TrimEnd('/');
        _prefix = route.StripPrefix ?? "";
        var bases = route.Servers.Select(s => (Host: new HostAndPort(s.Host, s.Port), BasePath: s.AbsolutePath.TrimEnd('/'))).ToList();
        _internal =
        [
            .. bases,
            .. options.InternalHosts.Append(route.ServersHost ?? "").Select(h => HostAndPort.TryParse(h)).OfType<HostAndPort>().Select(h => (h, bases.FirstOrDefault().BasePath ?? "")),
        ];
    }

    /// <summary>Scheme, host and port; empty where the client named no host, so that what is left is relative.</summary>
    internal string Origin(HttpRequest request) => _origin ?? (request.Host.HasValue ? $"{request.Scheme}://{request.Host.Value}" : "");

    /// <summary>The host of <see cref="Origin"/>.</summary>
    internal string Host(HttpRequest request) => _origin is null ? request.Host.Host : new Uri(_origin).Host;

    /// <summary>The public form of a URL that names an internal host.</summary>
    /// <returns>Null where it does not.</returns>
    internal string? Publish(ReadOnlySpan<char> url, HttpRequest request)
    {
        url = url.Trim(" \t");
        var start = url.IndexOf("//");
        var scheme = start <= 0 ? [] : url[..start].TrimEnd(':');
        if (start < 0 || (start > 0 && (url[start - 1] != ':' || scheme.ContainsAny("/?#\\:"))))
        {
            return null;
        }

        var rest = url[(start + 2)..];
        var end = rest.IndexOfAny("/?#\\");
        var authority = end < 0 ? rest : rest[..end];
        var isWebSocket = scheme.Equals("ws", StringComparison.OrdinalIgnoreCase) || scheme.Equals("wss", StringComparison.OrdinalIgnoreCase);
        var isTls = scheme.Equals("https", StringComparison.OrdinalIgnoreCase) || scheme.Equals("wss", StringComparison.OrdinalIgnoreCase)
            || (scheme.IsEmpty && request.IsHttps);
        if (HostAndPort.TryParse(authority[(authority.LastIndexOf('@') + 1)..]) is not { } named || !IsInternal(named, isTls, request, out var basePath))
        {
            return null;
        }

        var origin = Origin(request);
        if (origin.Length > 0 && scheme.IsEmpty)
        {
            origin = origin[origin.IndexOf("//", StringComparison.Ordinal)..];
        }
        else if (origin.Length > 0 && isWebSocket)
        {
            origin = "ws" + origin["http".Length..];
        }

        var below = end < 0 ? "" : rest[end..];
        if (below is ['/', ..])
        {
            below = WithoutBase(below, basePath);
            return $"{origin}{_prefix}{below}";
        }

        return $"{origin}{_prefix}{(_prefix.Length + origin.Length == 0 ? "/" : "")}{below}";
    }

    /// <summary>The public form of a path that a server speaks of.</summary>
    /// <returns>Null where it is the same.</returns>
    internal string? PathOf(ReadOnlySpan<char> path)
    {
        var below = WithoutBase(path, _internal.Length == 0 ? "" : _internal[0].BasePath);
        if (_prefix.Length == 0)
        {
            return below.Length == path.Length ? null : below.ToString();
        }

        return below is "/" ? _prefix : $"{_prefix}{below}";
    }

    /// <summary>The URLs between angle brackets of a Link header (RFC 8288).</summary>
    internal string Links(string header, HttpRequest request)
    {
        StringBuilder? changed = null;
        var copied = 0;
        var quoted = false;
        for (var i = 0; i < header.Length; i++)
        {
            switch (header[i])
            {
                case '\\' when quoted:
                    i++;
                    break;
                case '"':
                    quoted = !quoted;
                    break;
                case '<' when !quoted && header.IndexOf('>', i) is > 0 and var close:
                    if (Publish(header.AsSpan(i + 1, close - i - 1), request) is { } url)
                    {
                        (changed ??= new StringBuilder()).Append(header, copied, i + 1 - copied).Append(url);
                        copied = close;
                    }

                    i = close;
                    break;
            }
        }

        return changed?.Append(header, copied, header.Length - copied).ToString() ?? header;
    }

    /// <summary>The URL of a Refresh header: <c>5; url=http://...</c>.</summary>
    internal string Refresh(string header, HttpRequest request)
    {
        var at = header.IndexOf("url=", StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return header;
        }

        var url = header.AsSpan(at + 4).Trim(" \t\"'");
        return Publish(url, request) is { } published ? string.Concat(header.AsSpan(0, at + 4), published) : header;
    }

    /// <summary>What to look for in bodies and what to put there: longer ones first, so that one that begins with another is not taken for it.</summary>
    internal IReadOnlyList<(string From, bool IsUrl)> InBodies { get; private set; } = [];

    internal void LookInBodies() => InBodies =
    [
        .. _internal
            .Select(i => i.Host.Port is 0 or 80 or 443 ? i.Host.Host : $"{i.Host.Host}:{i.Host.Port}")
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .OrderByDescending(h => h.Length)
            .SelectMany(h => new[] { ($"https://{h}", true), ($"http://{h}", true), (h, false) }),
    ];

    /// <summary>What stands in the place of something <see cref="InBodies"/>.</summary>
    internal string InBody(bool isUrl, HttpRequest request)
    {
        var origin = Origin(request);
        return isUrl ? origin + _prefix : origin[(origin.IndexOf("//", StringComparison.Ordinal) is >= 0 and var at ? at + 2 : 0)..];
    }

    // The gateway's own host may serve something else on another port; elsewhere a port may be missing or wrong.
    private bool IsInternal(HostAndPort named, bool isTls, HttpRequest request, out string basePath)
    {
        var port = named.Port == 0 ? (isTls ? 443 : 80) : named.Port;
        var isPublicHost = named.Host.Equals(Host(request), StringComparison.OrdinalIgnoreCase);
        foreach (var (host, path) in _internal)
        {
            if (host.IsHost(named) && (host.Port == port || !isPublicHost))
            {
                basePath = path;
                return true;
            }
        }

        basePath = "";
        return false;
    }

    private static ReadOnlySpan<char> WithoutBase(ReadOnlySpan<char> path, string basePath)
    {
        if (basePath.Length == 0 || !path.StartsWith(basePath, StringComparison.Ordinal) || (path.Length > basePath.Length && path[basePath.Length] is not ('/' or '?' or '#')))
        {
            return path;
        }

        return path.Length == basePath.Length ? "/" : path[basePath.Length..];
    }
}
