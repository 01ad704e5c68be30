namespace ScriptProxy.Core.Bodies;

/// <summary>
/// One step that a body passes through. The caller waits for each call before it makes the next; the memory of a write
/// is the caller's again when the write has ended, so a stage that keeps bytes copies them.
/// </summary>
/// <remarks>When a write has ended, everything that can be said about its bytes has been passed on: a flush then finds nothing left behind.</remarks>
internal abstract class BodyStage
{
    internal abstract ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel);

    internal abstract ValueTask FlushAsync(CancellationToken cancel);

    /// <summary>The body is whole: what was held back goes out.</summary>
    internal abstract ValueTask CompleteAsync(CancellationToken cancel);

    /// <summary>The size of everything that will be written, told before the first write by a stage that knows it.</summary>
    internal virtual void AnnounceLength(long length)
    {
    }

    /// <summary>The body ends here unfinished: frees what is held, lets nothing more out. Also called after completion, where it only frees.</summary>
    internal abstract void Abort(Exception reason);
}

/// <summary>A stage in the middle: flush, completion and abort go on to the next one unless it says otherwise.</summary>
internal abstract class InnerStage(BodyStage next) : BodyStage
{
    protected BodyStage Next { get; } = next;

    internal override ValueTask FlushAsync(CancellationToken cancel) => Next.FlushAsync(cancel);

    internal override ValueTask CompleteAsync(CancellationToken cancel) => Next.CompleteAsync(cancel);

    internal override void Abort(Exception reason) => Next.Abort(reason);
}

/// <summary>The last stage: writes to a stream, which stays open.</summary>
internal sealed class StreamSink(Stream destination) : BodyStage
{
    internal override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel) => destination.WriteAsync(data, cancel);

    internal override ValueTask FlushAsync(CancellationToken cancel) => new(destination.FlushAsync(cancel));

    internal override ValueTask CompleteAsync(CancellationToken cancel) => FlushAsync(cancel);

    internal override void Abort(Exception reason)
    {
    }
}
