using System.IO.Pipelines;

namespace ScriptProxy.Core.Bodies;

/// <summary>
/// The writer that applications write an answer's body to. What comes before the owner has decided, or is to be filtered, is
/// gathered here until the next flush; a body that passes straight through goes into the server's own buffers.
/// </summary>
internal sealed class ResponseBodyWriter(ResponseBody body) : PipeWriter
{
    private PooledBuffer _gathered = new();
    private PooledBuffer? _spare;
    private long _unflushed;
    private bool _gathering;
    private bool _closed;
    private bool _cancelNext;

    /// <summary>How many bytes wait here.</summary>
    internal int Gathered => _gathered.Count;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _unflushed;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        ThrowIfClosed();
        _gathering = !body.IsDirect;
        return _gathering ? _gathered.GetMemory(sizeHint) : body.Inner.Writer.GetMemory(sizeHint);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        ThrowIfClosed();
        _gathering = !body.IsDirect;
        return _gathering ? _gathered.GetSpan(sizeHint) : body.Inner.Writer.GetSpan(sizeHint);
    }

    public override void Advance(int bytes)
    {
        ThrowIfClosed();

        // The memory was handed out by one of the two; the owner may have decided since.
        if (_gathering)
        {
            _gathered.Advance(bytes);
        }
        else
        {
            body.Inner.Writer.Advance(bytes);
            body.Count(bytes);
        }

        _unflushed += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfClosed();
        _unflushed = 0;
        return body.IsDirect ? body.Inner.Writer.FlushAsync(cancellationToken) : FlushSlowlyAsync(cancellationToken);
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        ThrowIfClosed();
        if (!body.IsDirect)
            return WriteSlowlyAsync(source, cancellationToken);
        _unflushed = 0;
        body.Count(source.Length);
        return body.Inner.Writer.WriteAsync(source, cancellationToken);
    }

    public override void CancelPendingFlush()
    {
        if (body.IsDirect)
            body.Inner.Writer.CancelPendingFlush();
        else
            _cancelNext = true;
    }

    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (exception is not null)
        {
            Complete(exception);
            return;
        }

        await body.CompleteAsync();
    }

    /// <summary>Takes nothing more. What still waits goes out when the owner finishes the answer.</summary>
    public override void Complete(Exception? exception = null)
    {
        _closed = true;
        if (exception is null)
            return;
        body.Abort(exception);
        body.Inner.Writer.Complete(exception);
    }

    internal PooledBuffer TakeGathered()
    {
        _unflushed = 0;
        var taken = _gathered;
        _gathered = _spare ?? new PooledBuffer();
        _spare = null;
        return taken;
    }

    internal void GiveBack(PooledBuffer taken)
    {
        taken.Release();
        _spare = taken;
    }

    internal void Drop() => _gathered.Release();

    internal void Reopen()
    {
        _gathered.Release();
        _unflushed = 0;
        _gathering = false;
        _closed = false;
        _cancelNext = false;
    }

    private async ValueTask<FlushResult> FlushSlowlyAsync(CancellationToken cancel)
    {
        await body.FlushAsync(cancel);
        return Result();
    }

    private async ValueTask<FlushResult> WriteSlowlyAsync(ReadOnlyMemory<byte> source, CancellationToken cancel)
    {
        await body.WriteAsync(source, cancel);
        _unflushed = 0;
        return Result();
    }

    private FlushResult Result()
    {
        var canceled = _cancelNext;
        _cancelNext = false;
        return new FlushResult(canceled, isCompleted: false);
    }

    private void ThrowIfClosed()
    {
        if (_closed || body.IsFinished)
            throw new InvalidOperationException("The answer is complete: nothing can be written to it.");
    }
}
