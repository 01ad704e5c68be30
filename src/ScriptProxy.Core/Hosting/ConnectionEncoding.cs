using System.Text;

namespace ScriptProxy.Core.Hosting;

/// <summary>
/// Reads a Connection for Kestrel, which keeps nothing but the option where "close", "keep-alive" or "upgrade" is the only one that it knows: the
/// names beside it are lost, and the headers so named would go on to the peer (RFC 9110, 7.6.1). A second option that it knows makes it keep all.
/// </summary>
/// <remarks>Beside "close" and "upgrade", "keep-alive" changes nothing; beside "keep-alive" it is "close", which costs such a client its connection.</remarks>
internal sealed class ConnectionEncoding : Encoding
{
    internal static ConnectionEncoding Instance { get; } = new();

    public override int GetCharCount(byte[] bytes, int index, int count) => Read(bytes.AsSpan(index, count)).Length;

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
    {
        var text = Read(bytes.AsSpan(byteIndex, byteCount));
        text.CopyTo(chars.AsSpan(charIndex));
        return text.Length;
    }

    public override int GetMaxCharCount(int byteCount) => byteCount + ", keep-alive".Length;

    public override int GetByteCount(char[] chars, int index, int count) => Latin1.GetByteCount(chars, index, count);

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    public override int GetMaxByteCount(int charCount) => Latin1.GetMaxByteCount(charCount);

    private static string Read(ReadOnlySpan<byte> written)
    {
        var text = Latin1.GetString(written);
        var (close, keepAlive, upgrade, names) = (false, false, false, false);
        foreach (var part in text.AsSpan().Split(','))
        {
            var option = text.AsSpan(part).Trim();
            close |= option.Equals("close", StringComparison.OrdinalIgnoreCase);
            keepAlive |= option.Equals("keep-alive", StringComparison.OrdinalIgnoreCase);
            upgrade |= option.Equals("upgrade", StringComparison.OrdinalIgnoreCase);
            names |= !option.IsEmpty && !IsKnown(option);
        }

        return !names ? text
            : close || upgrade ? text + ", keep-alive"
            : keepAlive ? text + ", close"
            : text;
    }

    private static bool IsKnown(ReadOnlySpan<char> option) =>
        option.Equals("close", StringComparison.OrdinalIgnoreCase) || option.Equals("keep-alive", StringComparison.OrdinalIgnoreCase)
        || option.Equals("upgrade", StringComparison.OrdinalIgnoreCase) || option.Equals("te", StringComparison.OrdinalIgnoreCase);
}
