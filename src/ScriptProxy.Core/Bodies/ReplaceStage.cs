namespace ScriptProxy.Core.Bodies;

/// <summary>Replaces every occurrence of a byte sequence, leftmost first and without overlap, also across the borders of writes.</summary>
/// <remarks>What is held back is always a beginning of the pattern, so its length alone is remembered (Knuth, Morris, Pratt).</remarks>
internal sealed class ReplaceStage : InnerStage
{
    private readonly byte[] _from;
    private readonly byte[] _to;

    // _shorter[k]: the longest proper beginning of the pattern that ends its first k bytes.
    private readonly int[] _shorter;
    private readonly PooledBuffer _output = new();
    private int _held;

    internal ReplaceStage(BodyStage next, byte[] from, byte[] to)
        : base(next)
    {
        _from = from;
        _to = to;
        _shorter = new int[from.Length + 1];
        for (int i = 1, k = 0; i < from.Length; i++)
        {
            while (k > 0 && from[i] != from[k])
                k = _shorter[k];
            if (from[i] == from[k])
                k++;
            _shorter[i + 1] = k;
        }
    }

    internal override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel) =>
        // The common case, nothing to do, passes the caller's memory on.
        _held == 0 && data.Span.IndexOf(_from) < 0 && Suffix(data.Span) == 0 ? Next.WriteAsync(data, cancel) : ReplaceAsync(data, cancel);

    internal override async ValueTask CompleteAsync(CancellationToken cancel)
    {
        if (_held > 0)
            await Next.WriteAsync(_from.AsMemory(0, _held), cancel);
        _held = 0;
        _output.Release();
        await Next.CompleteAsync(cancel);
    }

    internal override void Abort(Exception reason)
    {
        _output.Release();
        Next.Abort(reason);
    }

    private async ValueTask ReplaceAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
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

    /// <summary>Goes on with the match that is held, or finds the next one. Answers how many bytes it has dealt with.</summary>
    private int Step(ReadOnlySpan<byte> data)
    {
        if (_held > 0)
        {
            Advance(data[0]);
            return 1;
        }

        // Long stretches are cut so that the output stays small.
        var stretch = data.Length > PooledBuffer.Spill + _from.Length ? data[..(PooledBuffer.Spill + _from.Length)] : data;
        var found = stretch.IndexOf(_from);
        if (found >= 0)
        {
            _output.Append(stretch[..found]);
            _output.Append(_to);
            return found + _from.Length;
        }

        _held = Suffix(stretch);
        _output.Append(stretch[..^_held]);
        return stretch.Length;
    }

    private void Advance(byte next)
    {
        var held = _held;
        while (held > 0 && next != _from[held])
        {
            var shorter = _shorter[held];
            _output.Append(_from.AsSpan(0, held - shorter));
            held = shorter;
        }

        if (next != _from[held])
            _output.Append([next]);
        else if (++held == _from.Length)
        {
            _output.Append(_to);
            held = 0;
        }

        _held = held;
    }

    /// <summary>How many of the last bytes may begin a match.</summary>
    private int Suffix(ReadOnlySpan<byte> data)
    {
        var tail = data.Length < _from.Length ? data : data[^(_from.Length - 1)..];
        var start = tail.IndexOf(_from[0]);
        if (start < 0)
            return 0;
        var k = 0;
        foreach (var next in tail[start..])
        {
            while (k > 0 && next != _from[k])
                k = _shorter[k];
            if (next == _from[k])
                k++;
        }

        return k;
    }
}
