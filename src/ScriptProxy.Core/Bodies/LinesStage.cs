using System.Text;

namespace ScriptProxy.Core.Bodies;

/// <summary>Passes each line through a function. A line that is not whole yet is held back.</summary>
internal sealed class LinesStage(BodyStage next, Encoding charset, Func<string, string?> edit) : InnerStage(next)
{
    /// <summary>The longest line, without its terminator, in bytes.</summary>
    internal const int MaxLine = 1024 * 1024;

    private readonly PooledBuffer _partial = new();
    private readonly PooledBuffer _output = new();

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
        if (_partial.Count > 0)
        {
            // A last line without terminator: a CR at its end is text.
            Edit(_partial.Span, terminator: default);
            if (_output.Count > 0)
                await Next.WriteAsync(_output.Memory, cancel);
        }

        _partial.Release();
        _output.Release();
        await Next.CompleteAsync(cancel);
    }

    internal override void Abort(Exception reason)
    {
        _partial.Release();
        _output.Release();
        Next.Abort(reason);
    }

    private int Step(ReadOnlySpan<byte> data)
    {
        var end = data.IndexOf((byte)'\n');
        var taken = end < 0 ? data.Length : end + 1;
        if (_partial.Count + taken > MaxLine + 2)
            throw new BodyTooLargeException("line", MaxLine);
        if (end < 0 || _partial.Count > 0)
            _partial.Append(data[..taken]);
        if (end < 0)
            return taken;
        var line = _partial.Count > 0 ? _partial.Span : data[..taken];
        var length = line.Length - (line.Length > 1 && line[^2] == '\r' ? 2 : 1);
        if (length > MaxLine)
            throw new BodyTooLargeException("line", MaxLine);
        Edit(line[..length], line[length..]);
        _partial.Clear();
        return taken;
    }

    private void Edit(ReadOnlySpan<byte> line, ReadOnlySpan<byte> terminator)
    {
        var text = charset.GetString(line);
        if (edit(text) is not { } edited)
            return;

        // Unchanged text passes as it came, with whatever in it was not text.
        if (edited == text)
            _output.Append(line);
        else
            charset.GetBytes(edited, _output);
        _output.Append(terminator);
    }
}
