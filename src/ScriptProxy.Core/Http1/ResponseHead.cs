using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace ScriptProxy.Core.Http1;

/// <summary>How the end of an answer's body is told (RFC 9112, 6.3).</summary>
internal enum BodyEnd
{
    None,
    Length,
    Chunks,
    Close,
}

/// <summary>
/// Status line and header of an answer, checked by RFC 9112. Lines may end with a mere LF (2.2) and may be folded (5.2), as other clients have it;
/// what could be taken for two different messages is refused.
/// </summary>
internal sealed class ResponseHead
{
    private const int Remembered = 32;
    private const int LongestRemembered = 256;

    private static readonly SearchValues<byte> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // Controls but the tab (RFC 9110, 5.5).
    private static readonly SearchValues<byte> Forbidden = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127]);

    private (string Name, string Value)[] _fields = new (string, string)[Remembered];
    private int _scanned;
    private bool _isHttp10;
    private ulong _seen;
    private bool _hasOtherCoding;
    private bool _closes;

    internal int Status { get; private set; }

    /// <summary>Null where it is the status's usual one.</summary>
    internal string? Reason { get; private set; }

    /// <summary>As in Via: 1.1.</summary>
    internal string Version => _isHttp10 ? "1.0" : "1.1";

    /// <summary>The header but for what frames the body, in the order it came.</summary>
    internal ReadOnlySpan<(string Name, string Value)> Fields => _fields.AsSpan(0, Count);

    internal int Count { get; private set; }

    /// <summary>Some name may stand there twice; false where none does.</summary>
    internal bool SaysTwice { get; private set; }

    /// <summary>Null where there is none, or where chunks override it.</summary>
    internal long? ContentLength { get; private set; }

    internal bool IsChunked { get; private set; }

    /// <summary>The peer keeps the connection open after this answer, as far as it says.</summary>
    internal bool KeepsConnection { get; private set; }

    /// <summary>Forgets the answer before, not its words.</summary>
    internal void Begin() => _scanned = 0;

    /// <summary>Reads a head; what was looked at before is not looked at again.</summary>
    /// <param name="bytes">What has arrived so far, from its beginning. Folded lines are unfolded in place.</param>
    /// <returns>Its length; 0 while its end is not there.</returns>
    /// <exception cref="PeerFaultException">It breaks the rules.</exception>
    internal int Read(Span<byte> bytes)
    {
        var length = LengthOf(bytes);
        if (length > 0)
        {
            Parse(bytes[..length]);
            _scanned = 0;
        }

        return length;
    }

    /// <summary>How the body of this answer ends.</summary>
    /// <param name="method">That the peer was asked with.</param>
    internal BodyEnd EndOf(string method)
    {
        if (Status is < 200 or 204 or 304 || method == "HEAD")
        {
            return BodyEnd.None;
        }

        return IsChunked ? BodyEnd.Chunks : ContentLength switch
        {
            0 => BodyEnd.None,
            not null => BodyEnd.Length,
            null => BodyEnd.Close,
        };
    }

    /// <summary>Of a line of a header or of trailers, without its end.</summary>
    /// <exception cref="PeerFaultException">It is none.</exception>
    internal static (Range Name, Range Value) Split(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');

        // Whitespace before the colon is to be taken off (RFC 9112, 5.1).
        var name = colon < 0 ? [] : line[..colon].TrimEnd(" \t"u8);
        if (name.IsEmpty || name.ContainsAnyExcept(Token))
        {
            throw new PeerFaultException("its answer has a header line without a name");
        }

        var rest = line[(colon + 1)..];
        var from = colon + 1 + (rest.Length - rest.TrimStart(" \t"u8).Length);
        var value = line[from..].TrimEnd(" \t"u8);
        if (value.ContainsAny(Forbidden))
        {
            throw new PeerFaultException($"its answer's header {Encoding.ASCII.GetString(name)} holds control characters");
        }

        return (..name.Length, from..(from + value.Length));
    }

    /// <returns>With the empty line; 0 while that is not there.</returns>
    private int LengthOf(ReadOnlySpan<byte> bytes)
    {
        while (bytes[_scanned..].IndexOf((byte)'\n') is >= 0 and var at)
        {
            var next = _scanned + at + 1;
            var rest = bytes[next..];
            if (rest is [(byte)'\n', ..])
            {
                return next + 1;
            }

            if (rest is [(byte)'\r', (byte)'\n', ..])
            {
                return next + 2;
            }

            if (rest is [] or [(byte)'\r'])
            {
                // What follows decides: this line's end is to be looked at again.
                return 0;
            }

            _scanned = next;
        }

        return 0;
    }

    private void Parse(Span<byte> head)
    {
        var statusLine = TakeLine(ref head);
        ParseStatus(statusLine);
        Count = 0;
        SaysTwice = false;
        _seen = 0;
        ContentLength = null;
        IsChunked = _hasOtherCoding = false;
        KeepsConnection = !_isHttp10;
        _closes = false;
        while (!head.IsEmpty)
        {
            if (head[0] is (byte)' ' or (byte)'\t')
            {
                throw new PeerFaultException("its answer's header begins with whitespace");
            }

            Unfold(head);
            var line = TakeLine(ref head);
            if (line.IsEmpty)
            {
                break;
            }

            var (name, value) = Split(line);
            Add(line[name], line[value]);
        }

        if (IsChunked || _hasOtherCoding)
        {
            // RFC 9112, 6.3: codings win, and an answer that says both, or codings in 1.0, is the last on its connection.
            KeepsConnection &= IsChunked && ContentLength is null && !_isHttp10;
            ContentLength = null;
        }
    }

    private static Span<byte> TakeLine(ref Span<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'\n');
        var line = bytes[..end];
        bytes = bytes[(end + 1)..];
        return line is [.., (byte)'\r'] ? line[..^1] : line;
    }

    /// <summary>Makes one line of those that begin with whitespace and the one before (RFC 9112, 5.2).</summary>
    private static void Unfold(Span<byte> head)
    {
        for (var end = head.IndexOf((byte)'\n'); end + 1 < head.Length && head[end + 1] is (byte)' ' or (byte)'\t';)
        {
            head[end] = (byte)' ';
            if (head[end - 1] == '\r')
            {
                head[end - 1] = (byte)' ';
            }

            end += head[end..].IndexOf((byte)'\n');
        }
    }

    private void ParseStatus(ReadOnlySpan<byte> line)
    {
        // HTTP/1.x SP 3DIGIT, then SP and a reason; some leave that SP out.
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || line[7] is not ((byte)'0' or (byte)'1') || line[8] != ' '
            || !char.IsAsciiDigit((char)line[9]) || !char.IsAsciiDigit((char)line[10]) || !char.IsAsciiDigit((char)line[11]) || line[9] == '0'
            || (line.Length > 12 && line[12] != ' '))
        {
            throw new PeerFaultException("it did not answer with HTTP/1.1: " + Shown(line));
        }

        _isHttp10 = line[7] == '0';
        Status = ((line[9] - '0') * 100) + ((line[10] - '0') * 10) + (line[11] - '0');
        var reason = line.Length > 13 ? line[13..] : [];
        if (reason.ContainsAny(Forbidden))
        {
            throw new PeerFaultException("the reason in its answer's status line holds control characters");
        }

        // Nothing said is as good as the usual.
        Reason = reason.IsEmpty || Ascii.Equals(reason, ReasonPhrases.GetReasonPhrase(Status)) ? null : Encoding.Latin1.GetString(reason);
    }

    private static string Shown(ReadOnlySpan<byte> line)
    {
        var text = Encoding.Latin1.GetString(line[..Math.Min(line.Length, 60)]);
        return string.Concat(text.Select(c => char.IsControl(c) ? '.' : c));
    }

    private void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        switch (name.Length)
        {
            case 14 when Ascii.EqualsIgnoreCase(name, "Content-Length"u8):
                AddLength(value);
                return;
            case 17 when Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8):
                ReadCoding(value);
                return;
            case 10 when Ascii.EqualsIgnoreCase(name, "Connection"u8):
                ReadConnection(value);
                break;
        }

        if (Count == _fields.Length)
        {
            Array.Resize(ref _fields, 2 * Count);
        }

        // Names that share this bit are rarely the same, and then it costs a look only.
        var bit = 1UL << ((name.Length + (name[0] | 0x20) + (3 * (name[^1] | 0x20))) & 63);
        SaysTwice |= (_seen & bit) != 0;
        _seen |= bit;
        ref var field = ref _fields[Count++];
        var known = field.Name is not null && Ascii.Equals(name, field.Name);
        if (known && Ascii.Equals(value, field.Value))
        {
            return;
        }

        field = (known ? field.Name! : Encoding.ASCII.GetString(name), Encoding.Latin1.GetString(value));
    }

    /// <summary>
    /// Chunks, or what does not say where it ends: that goes to the end of the connection (RFC 9112, 6.3). A coding below the chunks would have to be undone here
    /// (7), and nobody asked for one; twice chunked is none at all.
    /// </summary>
    private void ReadCoding(ReadOnlySpan<byte> value)
    {
        if (IsChunked || _hasOtherCoding || (value.Length > 7 && Ascii.EqualsIgnoreCase(value[^7..], "chunked"u8)))
        {
            throw new PeerFaultException($"its answer has a Transfer-Encoding that nobody asked for: {Shown(value)}");
        }

        IsChunked = Ascii.EqualsIgnoreCase(value, "chunked"u8);
        _hasOtherCoding = !IsChunked;
    }

    private void ReadConnection(ReadOnlySpan<byte> value)
    {
        foreach (var part in value.Split((byte)','))
        {
            var option = value[part].Trim(" \t"u8);
            if (Ascii.EqualsIgnoreCase(option, "close"u8))
            {
                KeepsConnection = false;
                _closes = true;
            }
            else if (!_closes && Ascii.EqualsIgnoreCase(option, "keep-alive"u8))
            {
                KeepsConnection = true;
            }
        }
    }

    /// <summary>Several times the same counts as once; anything else as nothing that could be trusted (RFC 9112, 6.3).</summary>
    private void AddLength(ReadOnlySpan<byte> value)
    {
        foreach (var part in value.Split((byte)','))
        {
            var digits = value[part].Trim(" \t"u8);
            long length = 0;
            var good = digits.Length is > 0 and <= 19;
            for (var i = 0; good && i < digits.Length; i++)
            {
                var digit = digits[i] - '0';
                good = digit is >= 0 and <= 9 && length <= (long.MaxValue - digit) / 10;
                length = good ? (length * 10) + digit : 0;
            }

            if (!good || (ContentLength is { } other && other != length))
            {
                throw new PeerFaultException($"its answer's Content-Length is none: {Shown(value)}");
            }

            ContentLength = length;
        }
    }

    /// <summary>Long words are not kept from one answer to the next, nor more of them than answers usually have.</summary>
    internal void Forget()
    {
        if (_fields.Length > Remembered)
        {
            _fields = new (string, string)[Remembered];
            Count = 0;
            return;
        }

        foreach (ref var field in _fields.AsSpan(0, Count))
        {
            if (field is { Value.Length: > LongestRemembered })
            {
                field = default;
            }
        }
    }
}
