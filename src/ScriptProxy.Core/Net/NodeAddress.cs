using System.Globalization;
using System.Net;

namespace ScriptProxy.Core.Net;

/// <summary>
/// Addresses as proxies write them into headers. Stricter than the framework's parser, which takes "7", "0x7f.1" and octal numbers for
/// addresses: two programs that read one address differently are a way around an allow-list.
/// </summary>
internal static class NodeAddress
{
    private const int LongestAddress = 64;

    /// <summary>An address with or without a port: <c>192.0.2.1</c>, <c>192.0.2.1:80</c>, <c>2001:db8::1</c>, <c>[2001:db8::1]</c>, <c>[2001:db8::1]:80</c>.</summary>
    /// <param name="text">Surrounding blanks are not allowed.</param>
    /// <param name="address">IPv4 where it is an IPv4 address mapped into IPv6.</param>
    /// <param name="port">0 where none is given, or an obfuscated one (RFC 7239 section 6.2).</param>
    public static bool TryParse(ReadOnlySpan<char> text, out IPAddress address, out int port)
    {
        ReadOnlySpan<char> node = text;
        ReadOnlySpan<char> portText = [];
        if (text is ['[', ..])
        {
            int end = text.IndexOf(']');
            node = end < 0 ? [] : text[1..end];
            portText = end < 0 ? [] : text[(end + 1)..];
            if (!node.Contains(':'))
                node = [];
        }
        else if (text.IndexOf(':') is >= 0 and var colon && text.LastIndexOf(':') == colon)
        {
            node = text[..colon];
            portText = text[colon..];
        }

        port = 0;
        address = IPAddress.None;
        return TryParsePort(portText, ref port) && TryParse(node, out address);
    }

    /// <summary>An address alone.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IPAddress address)
    {
        address = IPAddress.None;
        if (text.Length is 0 or > LongestAddress)
            return false;
        if (!text.Contains(':'))
            return TryParseV4(text, out address);
        if (text.IndexOfAnyExcept("0123456789abcdefABCDEF:.") >= 0 || !IPAddress.TryParse(text, out IPAddress? parsed))
            return false;

        address = parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed;
        return true;
    }

    private static bool TryParseV4(ReadOnlySpan<char> text, out IPAddress address)
    {
        address = IPAddress.None;
        Span<byte> bytes = stackalloc byte[4];
        int count = 0;
        foreach (Range range in text.Split('.'))
        {
            ReadOnlySpan<char> part = text[range];
            if (count == 4 || part is ['0', _, ..] || !byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out byte value))
                return false;
            bytes[count++] = value;
        }

        if (count != 4)
            return false;
        address = new IPAddress(bytes);
        return true;
    }

    private static bool TryParsePort(ReadOnlySpan<char> text, ref int port) => text switch
    {
        [] => true,
        [':', '_', ..] => true,
        [':', .. var digits] when digits.Length <= 5 && ushort.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ushort value) => Set(out port, value),
        _ => false,
    };

    private static bool Set(out int port, ushort value)
    {
        port = value;
        return true;
    }
}
