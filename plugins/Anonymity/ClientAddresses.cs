using System.Net;
using System.Net.Sockets;

namespace ScriptProxy.Anonymizing;

/// <summary>Client addresses made vague.</summary>
internal static class ClientAddresses
{
    private const int BytesOfV4 = 3;
    private const int BytesOfV6 = 6;

    /// <summary>Headers in which proxies, CDNs, clouds and carriers tell a client's address.</summary>
    internal static IReadOnlyList<string> Headers { get; } =
    [
        "X-Forwarded-For", "X-Forwarded", "Forwarded-For", "X-Real-IP", "X-Client-IP", "Client-IP", "True-Client-IP", "X-True-Client-IP", "X-Cluster-Client-IP",
        "CF-Connecting-IP", "CF-Connecting-IPv6", "CF-Pseudo-IPv4", "Fastly-Client-IP", "Fly-Client-IP", "DO-Connecting-IP", "Ali-CDN-Real-IP", "Cdn-Real-IP", "Cdn-Src-IP",
        "Incap-Client-IP", "X-Sucuri-ClientIP", "X-Azure-ClientIP", "X-Azure-SocketIP", "X-AppEngine-User-IP", "X-Nf-Client-Connection-IP", "X-Vercel-Forwarded-For",
        "X-Vercel-Proxied-For", "X-Envoy-External-Address", "X-Original-Forwarded-For", "X-Originating-IP", "X-Remote-IP", "X-Remote-Addr", "Remote-Addr",
        "Proxy-Client-IP", "WL-Proxy-Client-IP", "X-ProxyUser-IP", "Z-Forwarded-For",
    ];

    /// <summary>The /24 of an IPv4 address, the /48 of an IPv6 address.</summary>
    internal static IPAddress Truncate(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var written);
        bytes[(address.AddressFamily == AddressFamily.InterNetwork ? BytesOfV4 : BytesOfV6)..].Clear();

        // Without the zone, which names a network interface.
        return new IPAddress(bytes[..written]);
    }

    /// <summary>What a header of a single address says; null where the level says nothing there.</summary>
    internal static string? Plain(IPAddress client, AddressForm form) =>
        form == AddressForm.Truncated && !client.Equals(IPAddress.None) ? Truncate(client).ToString() : null;

    /// <summary>A Forwarded element (RFC 7239, 4): its for parameter alone; null where the level says nothing there.</summary>
    internal static string? Forwarded(IPAddress client, AddressForm form, Pseudonyms pseudonyms, bool asksForPrivacy) => form switch
    {
        AddressForm.Removed => null,
        _ when client.Equals(IPAddress.None) => "for=unknown",
        AddressForm.Truncated when Truncate(client) is { AddressFamily: AddressFamily.InterNetworkV6 } address => $"for=\"[{address}]\"",
        AddressForm.Truncated => $"for={Truncate(client)}",
        _ => "for=" + (asksForPrivacy ? Pseudonyms.ForOnce() : pseudonyms.ForPeer(client)),
    };

    /// <summary>What is written down.</summary>
    internal static IPAddress Logged(IPAddress client, AddressForm form, Pseudonyms pseudonyms, bool asksForPrivacy) => form switch
    {
        _ when client.Equals(IPAddress.None) => client,
        AddressForm.Removed => client.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any,
        AddressForm.Truncated => Truncate(client),
        _ => asksForPrivacy ? Pseudonyms.ForLogOnce() : pseudonyms.ForLog(client),
    };
}
