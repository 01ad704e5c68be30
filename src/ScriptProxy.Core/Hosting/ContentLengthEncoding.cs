using System.Text;

namespace ScriptProxy.Core.Hosting;

/// <summary>
/// Reads a Content-Length for Kestrel, whose own reading takes "+3" as well: two servers that read one length differently can be made to
/// see different requests (RFC 9112, 6.3 and 11.2). What is not 1*DIGIT becomes what Kestrel refuses with 400.
/// </summary>
internal sealed class ContentLengthEncoding : Encoding
{
    private const int DigitsOfALong = 19;

    private static readonly ContentLengthEncoding Instance = new();

    private static ReadOnlySpan<byte> NoNumber => "-"u8;

    /// <summary>For the server's header encodings; null is its default.</summary>
    internal static Encoding? Select(string header) =>
        header.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) ? Instance : null;

    public override int GetCharCount(byte[] bytes, int index, int count) => Number(bytes.AsSpan(index, count)).Length;

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        GetChars(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars) => ASCII.GetChars(Number(bytes), chars);

    public override int GetMaxCharCount(int byteCount) => Math.Max(byteCount, NoNumber.Length);

    public override int GetByteCount(char[] chars, int index, int count) => ASCII.GetByteCount(chars, index, count);

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        ASCII.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    public override int GetMaxByteCount(int charCount) => ASCII.GetMaxByteCount(charCount);

    private static ReadOnlySpan<byte> Number(ReadOnlySpan<byte> written)
    {
        if (written.IsEmpty || written.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return NoNumber;
        }

        var number = written.TrimStart((byte)'0');
        return number.IsEmpty ? written[..1] : number.Length > DigitsOfALong ? NoNumber : number;
    }
}
