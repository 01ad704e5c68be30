namespace ScriptProxy.Core.Bodies;

/// <summary>
/// Passes each event of a text/event-stream through a function, at once when its last line has come. Parses by the WHATWG
/// HTML standard, 9.2.6: lines end with CR LF, LF or CR, and an event without its empty line is not one.
/// </summary>
internal sealed class EventsStage(BodyStage next, Func<ServerSentEvent, ServerSentEvent?> edit) : InnerStage(next)
{
    /// <summary>The longest event with all its lines, in bytes.</summary>
    internal const int MaxEvent = 1024 * 1024;

    // The lines of the event so far, each with its end; the last one may lack it.
    private readonly PooledBuffer _block = new();
    private readonly PooledBuffer _output = new();
    private int _lineStart;
    private bool _skipLineFeed;
    private bool _pastMark;

    internal override async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        while (!data.IsEmpty)
        {
            data = data[Step(data.Span)..];
            if (_output.Count < PooledBuffer.Spill && !data.IsEmpty)
                continue;
            if (_output.Count > 0)
                await Next.WriteAsync(_output.Memory, cancel);
            _output.Clear();
        }
    }

    internal override async ValueTask CompleteAsync(CancellationToken cancel)
    {
        // An unfinished event is dropped, as every client does.
        _block.Release();
        _output.Release();
        await Next.CompleteAsync(cancel);
    }

    internal override void Abort(Exception reason)
    {
        _block.Release();
        _output.Release();
        Next.Abort(reason);
    }

    private int Step(ReadOnlySpan<byte> data)
    {
        if (_skipLineFeed)
        {
            // The second half of a CR LF whose line has been dealt with.
            _skipLineFeed = false;
            if (data[0] == '\n')
                return 1;
        }

        var end = data.IndexOfAny((byte)'\r', (byte)'\n');
        var line = end < 0 ? data : data[..end];
        if (_block.Count + line.Length > MaxEvent)
            throw new BodyTooLargeException("event", MaxEvent);
        _block.Append(line);
        if (end < 0)
            return data.Length;
        _block.Append("\n"u8);
        _skipLineFeed = data[end] == '\r';
        EndLine();
        return end + 1;
    }

    private void EndLine()
    {
        if (!_pastMark)
        {
            _pastMark = true;
            if (_block.Span.StartsWith("\uFEFF"u8))
            {
                var rest = _block.Span[3..].ToArray();
                _block.Clear();
                _block.Append(rest);
            }
        }

        var line = _block.Span[_lineStart..];
        if (line.Length == 1)
        {
            EventBlock.Edit(_block.Span, edit, _output);
            _block.Clear();
        }
        else if (_lineStart == 0 && line[0] == ':')
        {
            // A comment between events keeps the connection alive and must not wait for the next event.
            _output.Append(line);
            _block.Clear();
        }

        _lineStart = _block.Count;
    }
}
