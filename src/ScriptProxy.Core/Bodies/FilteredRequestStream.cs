using System.Buffers;

namespace ScriptProxy.Core.Bodies;

/// <summary>A request body as its filters leave it. Reads the original only as far as it is read itself.</summary>
/// <remarks>
/// A read that fails or is cancelled ends the stream: later reads fail too. Disposing it stops the filters; the original
/// stays open. Its own failures come through: a broken coding as <see cref="InvalidDataException"/>.
/// </remarks>
internal sealed class FilteredRequestStream : ReadOnlyStream
{
    private readonly Stream _original;
    private readonly Handover _output = new(resumeElsewhere: false);
    private readonly BodyFilterPipeline _pipeline;
    private readonly CancellationTokenSource _stop;
    private Task? _pump;

    internal FilteredRequestStream(Stream original, BodyPlan plan, BodyCodings codings, string? contentType, CancellationToken aborted)
    {
        _original = original;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        _pipeline = new BodyFilterPipeline(plan, codings, BodyContext.For(contentType, _stop.Token), new HandoverSink(_output));
    }

    /// <summary>What a filter failed with; null while none did, also when it was the original that broke off.</summary>
    internal Exception? Failure { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _pump ??= PumpAsync();
        try
        {
            return await _output.ReadAsync(buffer, cancellationToken);
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
        {
            _output.Fail(e);
            await _stop.CancelAsync();
            throw;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new InvalidOperationException("The request body is read asynchronously: use ReadAsync.");

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_stop.IsCancellationRequested)
        {
            _stop.Cancel();
            _output.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task PumpAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(PooledBuffer.Spill);
        try
        {
            int count;
            while ((count = await _original.ReadAsync(buffer, _stop.Token)) > 0)
                await _pipeline.WriteAsync(buffer.AsMemory(0, count), _stop.Token);
            await _pipeline.CompleteAsync(_stop.Token);
            _output.End();
        }
        catch (Exception e)
        {
            Failure = _pipeline.Failure;
            _pipeline.Abort(e);
            _output.Fail(e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private sealed class HandoverSink(Handover output) : BodyStage
    {
        internal override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel) => output.OfferAsync(data, cancel);

        internal override ValueTask FlushAsync(CancellationToken cancel) => default;

        internal override ValueTask CompleteAsync(CancellationToken cancel) => default;

        internal override void Abort(Exception reason)
        {
        }
    }
}
