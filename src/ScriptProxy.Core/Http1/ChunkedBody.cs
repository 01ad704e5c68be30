using System.Buffers.Text;
using System.Text;

namespace ScriptProxy.Core.Http1;

/// <summary>Undoes the chunks of a body (RFC 9112, 7.1), by the letter: a line that ends otherwise than with CR LF is refused.</summary>
internal sealed class ChunkedBody
{
    private const int LongestSizeLine = 4 * 1024;

    private State _state;
    private long _left;
    private int _trailerBytes;
    private List<(string Name, string Value)>? _trailers;

    private enum State
    {
        Size,
        Data,
        AfterData,
        Trailers,
        Over,
    }

    internal bool IsOver => _state == State.Over;

    /// <summary>How much of the chunk begun is still to come.</summary>
    internal long Left => _state == State.Data ? _left : 0;

    /// <summary>What came behind the last chunk.</summary>
    internal IReadOnlyList<(string Name, string Value)> Trailers => _trailers ?? (IReadOnlyList<(string, string)>)[];

    internal void Begin()
    {
        _state = State.Size;
        _left = 0;
        _trailerBytes = 0;
        _trailers?.Clear();
    }

    /// <summary>Steps over framing to the next bytes of the body.</summary>
    /// <param name="bytes">What has arrived.</param>
    /// <param name="framing">How many bytes stand before them.</param>
    /// <returns>How many bytes of the body follow; 0 where more must arrive first, or it is over.</returns>
    /// <exception cref="PeerFaultException">It is not chunked as it should be.</exception>
    internal int Next(ReadOnlySpan<byte> bytes, out int framing)
    {
        framing = 0;
        while (_state is not (State.Data or State.Over))
        {
            var rest = bytes[framing..];
            if (_state == State.AfterData)
            {
                if (rest.Length < 2)
                {
                    return 0;
                }

                if (rest is not [(byte)'\r', (byte)'\n', ..])
                {
                    throw new PeerFaultException("a chunk of its answer is longer than it said");
                }

                framing += 2;
                _state = State.Size;
                continue;
            }

            var end = rest.IndexOf((byte)'\n');
            if (end < 0)
            {
                if (_state == State.Size && rest.Length > LongestSizeLine)
                {
                    throw new PeerFaultException($"the line of a chunk's size is longer than {LongestSizeLine} bytes");
                }

                return 0;
            }

            var line = rest[..end];
            if (line is not [.., (byte)'\r'])
            {
                throw new PeerFaultException("a line of its answer's chunks does not end with CR LF");
            }

            framing += end + 1;
            if (_state == State.Size)
            {
                ReadSize(line[..^1]);
            }
            else
            {
                ReadTrailer(line[..^1]);
            }
        }

        if (_state == State.Over)
        {
            return 0;
        }

        return (int)Math.Min(_left, bytes.Length - framing);
    }

    /// <summary>So many of the bytes that <see cref="Next"/> told of were taken.</summary>
    internal void Took(int bytes)
    {
        _left -= bytes;
        if (_left == 0 && _state == State.Data)
        {
            _state = State.AfterData;
        }
    }

    private void ReadSize(ReadOnlySpan<byte> line)
    {
        var digits = line.IndexOfAnyExcept("0123456789abcdefABCDEF"u8);
        var size = digits < 0 ? line : line[..digits];
        var extension = line[size.Length..].TrimStart(" \t"u8);
        if (size.Length is 0 or > 15 || !Utf8Parser.TryParse(size, out _left, out var used, 'X') || used != size.Length
            || (!extension.IsEmpty && extension[0] != ';') || extension.ContainsAny((byte)'\r', (byte)0))
        {
            throw new PeerFaultException("a chunk of its answer has no size");
        }

        _state = _left == 0 ? State.Trailers : State.Data;
    }

    private void ReadTrailer(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty)
        {
            _state = State.Over;
            return;
        }

        _trailerBytes += line.Length;
        if (_trailerBytes > PeerConnection.MostHead)
        {
            throw new PeerFaultException($"its answer's trailers are longer than {PeerConnection.MostHead} bytes");
        }

        var (name, value) = ResponseHead.Split(line);
        (_trailers ??= []).Add((Encoding.ASCII.GetString(line[name]), Encoding.Latin1.GetString(line[value])));
    }
}
