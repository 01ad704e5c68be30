using System.Text;

namespace ScriptProxy.Core.Bodies;

/// <summary>Charsets, and how text operators see a body whose charset cannot be searched byte by byte.</summary>
internal static class TextStages
{
    internal static readonly Encoding Utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>The charset of that name, UTF-8 for none, an unknown one or UTF-7. "utf-16" means little endian, as the WHATWG Encoding Standard says.</summary>
    internal static Encoding Charset(string? name)
    {
        name = name?.Trim().Trim('"');
        if (string.IsNullOrEmpty(name) || name.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            return Utf8;
        try
        {
            var charset = CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
            return charset.CodePage == Utf8.CodePage ? Utf8 : charset;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return Utf8;
        }
    }

    /// <summary>
    /// A text stage before <paramref name="next"/>. Where the bytes of one character may look like those of another (UTF-16,
    /// Shift_JIS ...), it works on UTF-8 between two conversions.
    /// </summary>
    internal static BodyStage Around(BodyStage next, BodyContext context, Func<BodyStage, Encoding, BodyStage> stage) =>
        IsBytewise(context.Charset)
            ? stage(next, context.Charset)
            : new TranscodeStage(stage(new TranscodeStage(next, Utf8, context.Charset), Utf8), context.Charset, Utf8);

    internal static BodyStage Replace(BodyStage next, Encoding charset, string from, string to)
    {
        var pattern = charset.GetBytes(from);

        // Text that the charset cannot write does not occur in the body; its question marks must not match real ones.
        return charset.GetString(pattern) == from ? new ReplaceStage(next, pattern, charset.GetBytes(to)) : next;
    }

    private static bool IsBytewise(Encoding charset) =>
        ReferenceEquals(charset, Utf8) || (charset.IsSingleByte && charset.GetBytes("<a\r\n") is [(byte)'<', (byte)'a', (byte)'\r', (byte)'\n']);
}

/// <summary>Turns text of one charset into another, also where a character is cut by the border of two writes.</summary>
internal sealed class TranscodeStage(BodyStage next, Encoding from, Encoding to) : InnerStage(next)
{
    private const int Piece = 4096;
    private readonly Decoder _decoder = from.GetDecoder();
    private readonly Encoder _encoder = to.GetEncoder();
    private readonly char[] _chars = new char[from.GetMaxCharCount(Piece)];
    private readonly PooledBuffer _output = new();

    internal override async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        while (!data.IsEmpty)
        {
            var piece = data[..Math.Min(data.Length, Piece)];
            data = data[piece.Length..];
            await ConvertAsync(piece, last: false, cancel);
        }
    }

    internal override async ValueTask CompleteAsync(CancellationToken cancel)
    {
        await ConvertAsync(default, last: true, cancel);
        _output.Release();
        await Next.CompleteAsync(cancel);
    }

    internal override void Abort(Exception reason)
    {
        _output.Release();
        Next.Abort(reason);
    }

    private ValueTask ConvertAsync(ReadOnlyMemory<byte> piece, bool last, CancellationToken cancel)
    {
        var chars = _decoder.GetChars(piece.Span, _chars, last);
        _output.Clear();
        var room = _output.GetSpan(to.GetMaxByteCount(chars));
        _output.Advance(_encoder.GetBytes(_chars.AsSpan(0, chars), room, last));
        return _output.Count > 0 ? Next.WriteAsync(_output.Memory, cancel) : default;
    }
}
