using System.Text;

namespace ScriptProxy.Core.Hosting;

/// <summary>Writes the fields of an answer: as Latin-1, as what a peer sends is read, so that these are its own bytes; and as UTF-8 where a script says more than that can.</summary>
internal sealed class AnswerHeaderEncoding : Encoding
{
    internal static AnswerHeaderEncoding Instance { get; } = new();

    public override int GetByteCount(ReadOnlySpan<char> chars) => For(chars).GetByteCount(chars);

    public override int GetByteCount(char[] chars, int index, int count) => GetByteCount(chars.AsSpan(index, count));

    public override int GetBytes(ReadOnlySpan<char> chars, Span<byte> bytes) => For(chars).GetBytes(chars, bytes);

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        GetBytes(chars.AsSpan(charIndex, charCount), bytes.AsSpan(byteIndex));

    public override int GetMaxByteCount(int charCount) => UTF8.GetMaxByteCount(charCount);

    public override int GetCharCount(byte[] bytes, int index, int count) => Latin1.GetCharCount(bytes, index, count);

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) => Latin1.GetChars(bytes, byteIndex, byteCount, chars, charIndex);

    public override int GetMaxCharCount(int byteCount) => Latin1.GetMaxCharCount(byteCount);

    private static Encoding For(ReadOnlySpan<char> chars) => chars.ContainsAnyExceptInRange('\0', '\u00FF') ? UTF8 : Latin1;
}
