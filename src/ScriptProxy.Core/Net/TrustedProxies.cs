using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace ScriptProxy.Core.Net;

/// <summary>The proxies whose forwarded headers are believed: nginx's set_real_ip_from.</summary>
internal sealed class TrustedProxies
{
    private const int MappedBits = 96;

    private readonly Network[] _networks;
    private readonly bool _unixSockets;

    private TrustedProxies(Network[] networks, bool unixSockets)
    {
        _networks = networks;
        _unixSockets = unixSockets;
    }

    public static TrustedProxies None { get; } = new([], unixSockets: false);

    public bool IsEmpty => _networks.Length == 0 && !_unixSockets;

    /// <param name="texts">Addresses, networks as address/bits, and <c>unix:</c> for peers that come over a Unix socket.</param>
    /// <exception cref="FormatException">With a message for the operator that quotes the text.</exception>
    public static TrustedProxies Parse(IEnumerable<string> texts)
    {
        var networks = new List<Network>();
        bool unixSockets = false;
        foreach (string text in texts)
        {
            if (text.Trim() == "unix:")
                unixSockets = true;
            else
                networks.Add(ParseNetwork(text.Trim()));
        }

        return networks.Count == 0 && !unixSockets ? None : new([.. networks], unixSockets);
    }

    /// <param name="address">Null for a peer without an address, which is one on a Unix socket. IPv4 may come mapped into IPv6.</param>
    public bool Contains(IPAddress? address)
    {
        if (address is null)
            return _unixSockets;
        if (_networks.Length == 0)
            return false;

        UInt128 bits = Bits(address, out bool isV4);
        foreach (Network network in _networks)
        {
            if (network.IsV4 == isV4 && (bits & network.Mask) == network.Base)
                return true;
        }

        return false;
    }

    private static Network ParseNetwork(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!NodeAddress.TryParse(slash < 0 ? text : text.AsSpan(0, slash), out IPAddress address))
            throw new FormatException($"\"{text}\" is no trusted proxy: write an address (192.0.2.1, 2001:db8::1), a network (10.0.0.0/8, fd00::/8) or unix:");

        UInt128 bits = Bits(address, out bool isV4);
        int most = isV4 ? 32 : 128;
        int prefix = most;
        if (slash >= 0)
        {
            // The prefix of an IPv4 network written in IPv6's way counts the 96 bits before it.
            bool mapped = isV4 && text.AsSpan(0, slash).Contains(':');
            int shift = mapped ? MappedBits : 0;
            if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix) || prefix < shift || prefix > most + shift)
                throw new FormatException($"\"{text}\" is no trusted network: the number after the slash goes from {shift} to {most + shift}");
            prefix -= shift;
        }

        int free = most - prefix;
        UInt128 mask = free == 128 ? UInt128.Zero : UInt128.MaxValue << free;
        if ((bits & mask) == bits)
            return new Network(bits, mask, isV4);

        // Someone who writes 10.0.0.1/8 may have meant one host; sixteen million must not be trusted on a guess.
        throw new FormatException($"\"{text}\" is no trusted network: it has bits set after the first {prefix}; write {Address(bits & mask, isV4)}/{prefix} for the network or {address} for the one address");
    }

    private static UInt128 Bits(IPAddress address, out bool isV4)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int written);
        isV4 = written == 4 || address.IsIPv4MappedToIPv6;
        return (written, isV4) switch
        {
            (4, _) => BinaryPrimitives.ReadUInt32BigEndian(bytes),
            (_, true) => BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]),
            _ => BinaryPrimitives.ReadUInt128BigEndian(bytes),
        };
    }

    private static IPAddress Address(UInt128 bits, bool isV4)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, bits);
        return new IPAddress(isV4 ? bytes[12..] : bytes);
    }

    private readonly record struct Network(UInt128 Base, UInt128 Mask, bool IsV4);
}
