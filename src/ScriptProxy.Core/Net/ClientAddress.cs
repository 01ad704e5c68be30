using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Core.Net;

/// <summary>Who made a request, as far as the proxies in between can be believed: nginx's set_real_ip_from with real_ip_recursive.</summary>
/// <param name="Ip">Null for a peer on a Unix socket of which no proxy says more.</param>
/// <param name="Port">0 where it is the peer itself, or no proxy says it.</param>
/// <param name="Scheme">http or https as the client used it; null: as the peer did.</param>
/// <param name="Host">The host that the client asked for; null: as in the request.</param>
internal readonly record struct ClientAddress(IPAddress? Ip, int Port, string? Scheme, string? Host)
{
    private const string ForHeader = "X-Forwarded-For";
    private const string ProtoHeader = "X-Forwarded-Proto";
    private const string HostHeader = "X-Forwarded-Host";
    private const string ForwardedHeader = "Forwarded";
    private const int LongestHost = 259;

    private static readonly SearchValues<char> HostCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]");

    /// <summary>
    /// Goes from the peer backwards through X-Forwarded-For, or where that is missing through Forwarded, as long as the one who speaks is
    /// trusted: the first who is not is the client. An entry that is no address (<c>unknown</c>, <c>_hidden</c>, garbage) ends the way at the
    /// proxy that wrote it.
    /// </summary>
    public static ClientAddress Resolve(IPAddress? peer, IHeaderDictionary headers, TrustedProxies trusted)
    {
        var unchanged = new ClientAddress(peer, 0, null, null);
        if (trusted.IsEmpty || !trusted.Contains(peer))
            return unchanged;

        // Never both: a proxy that writes the one passes on whatever a client put into the other.
        headers.TryGetValue(ForHeader, out StringValues forValues);
        headers.TryGetValue(ForwardedHeader, out StringValues forwarded);
        if (forValues.Count == 0 && forwarded.Count > 0)
            return FromForwarded(unchanged, forwarded, trusted);

        headers.TryGetValue(ProtoHeader, out StringValues protos);
        headers.TryGetValue(HostHeader, out StringValues hosts);
        if (forValues.Count == 0 && protos.Count == 0 && hosts.Count == 0)
            return unchanged;

        ClientAddress client = FromList(unchanged, forValues, trusted, out int hops);
        return client with { Scheme = CheckedScheme(FromRight(protos, hops)), Host = CheckedHost(FromRight(hosts, hops)) };
    }

    private static ClientAddress FromList(ClientAddress client, StringValues values, TrustedProxies trusted, out int hops)
    {
        hops = 0;
        var items = new HeaderItems(values);
        while (trusted.Contains(client.Ip) && items.MovePrevious())
        {
            if (!NodeAddress.TryParse(items.Current, out IPAddress address, out int port))
                break;
            client = client with { Ip = address, Port = port };
            hops++;
        }

        return client;
    }

    private static ClientAddress FromForwarded(ClientAddress client, StringValues values, TrustedProxies trusted)
    {
        var items = new HeaderItems(values);
        while (trusted.Contains(client.Ip) && items.MovePrevious())
        {
            if (!ForwardedElement.TryParse(items.Current, out ForwardedElement element))
                break;

            // The element is a trusted proxy's, so what it says of scheme and host holds even where it hides the address.
            client = client with { Scheme = CheckedScheme(element.Proto) ?? client.Scheme, Host = CheckedHost(element.Host) ?? client.Host };
            if (!NodeAddress.TryParse(element.For, out IPAddress address, out int port))
                break;
            client = client with { Ip = address, Port = port };
        }

        return client;
    }

    /// <summary>The entry that belongs to the hop, or the first where proxies in front only kept one: each proxy appends one, or replaces all.</summary>
    private static ReadOnlySpan<char> FromRight(StringValues values, int hops)
    {
        var items = new HeaderItems(values);
        ReadOnlySpan<char> found = [];
        for (int hop = 0; hop < Math.Max(1, hops) && items.MovePrevious(); hop++)
            found = items.Current;
        return found;
    }

    private static string? CheckedScheme(ReadOnlySpan<char> text)
    {
        if (text.Equals("https", StringComparison.OrdinalIgnoreCase))
            return "https";
        return text.Equals("http", StringComparison.OrdinalIgnoreCase) ? "http" : null;
    }

    private static string? CheckedHost(ReadOnlySpan<char> text)
        => text.Length is > 0 and <= LongestHost && !text.ContainsAnyExcept(HostCharacters) ? text.ToString() : null;
}
