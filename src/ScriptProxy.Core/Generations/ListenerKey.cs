using System.Net;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>What makes a listener the same over reloads: where it listens and what it speaks. Certificates are asked for at each handshake and may change.</summary>
/// <param name="Scheme">http, https or unix.</param>
/// <param name="Host">An address, localhost, * or the path of a Unix socket.</param>
/// <param name="Port">0 for any free one.</param>
/// <param name="Protocols">What it speaks.</param>
/// <param name="IsAdmin">It serves the admin API and no routes.</param>
internal sealed record ListenerKey(string Scheme, string Host, int Port, ListenerProtocols Protocols, bool IsAdmin)
{
    private const ListenerProtocols Both = ListenerProtocols.Http1 | ListenerProtocols.Http2;

    internal bool IsTls => Scheme == "https";

    /// <summary>Only programs of this machine reach it.</summary>
    internal bool IsLocal => UnixPath is not null || Host == "localhost" || (IPAddress.TryParse(Host, out var ip) && IPAddress.IsLoopback(ip));

    internal string? UnixPath => Scheme == "unix" ? Host : null;

    /// <summary>http://host:port as a person writes it.</summary>
    internal string Display => UnixPath is { } path
        ? $"unix:{path}"
        : $"{Scheme}://{(IPAddress.TryParse(Host, out var ip) && ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{Host}]" : Host)}:{Port}";

    /// <exception cref="FormatException">The address cannot be listened on; the message says why.</exception>
    internal static ListenerKey Parse(ListenerModel model)
    {
        if (Unix(model.Url) is { } path)
        {
            return path.StartsWith('/')
                ? new ListenerKey("unix", path.StartsWith("//", StringComparison.Ordinal) ? path[1..] : path, 0, model.Protocols ?? Both, model.Admin is not null)
                : throw new FormatException($"'{model.Url}': a Unix socket's path starts with '/'");
        }

        // '*' and '+' are what ASP.NET users write for any address; Uri takes neither.
        var url = model.Url.Replace("://*", "://0.0.0.0", StringComparison.Ordinal).Replace("://+", "://0.0.0.0", StringComparison.Ordinal);
        var any = !ReferenceEquals(url, model.Url) && url != model.Url;
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new FormatException($"'{model.Url}' is no address to listen on: write http://host:port, https://host:port or unix:/path");
        }

        if (uri.PathAndQuery is not ("/" or ""))
        {
            throw new FormatException($"'{model.Url}': a listener has no path");
        }

        var host = any ? "*" : uri.IdnHost.Trim('[', ']');
        if (host is not ("*" or "localhost") && !IPAddress.TryParse(host, out _))
        {
            throw new FormatException($"'{model.Url}': listen on an IP address, localhost or *; '{host}' is a name");
        }

        var tls = uri.Scheme == "https";
        var protocols = model.Protocols ?? (tls ? Both | ListenerProtocols.Http3 : Both);
        if (!tls && protocols.HasFlag(ListenerProtocols.Http3))
        {
            throw new FormatException($"'{model.Url}': HTTP/3 needs https");
        }

        if (!tls && model.Tls is { Certificates.Count: > 0 })
        {
            throw new FormatException($"'{model.Url}': certificates need https");
        }

        return new ListenerKey(uri.Scheme, host, uri.Port, protocols, model.Admin is not null);
    }

    /// <summary>unix:/path, and http://unix:/path as Kestrel writes it.</summary>
    private static string? Unix(string url)
    {
        var from = url.StartsWith("http://unix:", StringComparison.OrdinalIgnoreCase) ? "http://".Length : 0;
        return url.AsSpan(from).StartsWith("unix:", StringComparison.OrdinalIgnoreCase) ? url[(from + "unix:".Length)..] : null;
    }
}

/// <summary>A listener of a generation with the certificates that it shows.</summary>
internal sealed record ListenerTls(ListenerKey Key, ListenerModel Model, Tls.CertificateSet? Certificates);
