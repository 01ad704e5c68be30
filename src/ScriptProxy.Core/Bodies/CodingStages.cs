using System.Buffers;
using System.IO.Compression;

namespace ScriptProxy.Core.Bodies;

/// <summary>Makes the stages that undo and apply content codings.</summary>
internal static class CodingStages
{
    /// <summary>Undoes the codings, the last applied first.</summary>
    internal static BodyStage Decode(BodyStage next, IReadOnlyList<ContentCoding> codings)
    {
        foreach (var coding in codings)
            next = coding == ContentCoding.Brotli ? new BrotliDecodeStage(next) : new InflateStage(next, coding);
        return next;
    }

    /// <summary>Applies the codings, the first of the list first.</summary>
    internal static BodyStage Encode(BodyStage next, IReadOnlyList<ContentCoding> codings)
    {
        for (var i = codings.Count - 1; i >= 0; i--)
            next = new EncodeStage(next, codings[i]);
        return next;
    }
}

/// <summary>Compresses. A flush makes everything written so far readable at the other end.</summary>
internal sealed class EncodeStage : InnerStage
{
    private static readonly byte[] EmptyGzip = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    private static readonly byte[] EmptyZlib = [0x78, 1, 3, 0, 0, 0, 0, 1];

    private readonly Target _target;
    private readonly Stream _encoder;
    private readonly byte[] _empty;
    private bool _any;
    private bool _unflushed;
    private bool _disposed;

    internal EncodeStage(BodyStage next, ContentCoding coding)
        : base(next)
    {
        _target = new Target(next);

        // A body in transit is worth little processor time: the peer chose its own level for the same bytes.
        (_encoder, _empty) = coding switch
        {
            ContentCoding.Gzip => ((Stream)new GZipStream(_target, CompressionLevel.Fastest, leaveOpen: true), EmptyGzip),
            ContentCoding.Deflate => (new ZLibStream(_target, CompressionLevel.Fastest, leaveOpen: true), EmptyZlib),
            _ => (new BrotliStream(_target, CompressionLevel.Fastest, leaveOpen: true), []),
        };
    }

    internal override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        _any = _unflushed = true;
        return _encoder.WriteAsync(data, cancel);
    }

    internal override async ValueTask FlushAsync(CancellationToken cancel)
    {
        // A second flush in a row would only add an empty block.
        if (_unflushed)
        {
            _unflushed = false;
            await _encoder.FlushAsync(cancel);
        }
        else
        {
            await Next.FlushAsync(cancel);
        }
    }

    internal override async ValueTask CompleteAsync(CancellationToken cancel)
    {
        // The framework's gzip and zlib encoders send nothing at all for a body without bytes, which no decoder takes for whole.
        if (!_any && _empty.Length > 0)
            await Next.WriteAsync(_empty, cancel);
        _disposed = true;
        _target.Cancel = cancel;
        await _encoder.DisposeAsync();
        await Next.CompleteAsync(cancel);
    }

    internal override void Abort(Exception reason)
    {
        _target.Closed = true;
        if (!_disposed)
        {
            _disposed = true;
            _encoder.Dispose();
        }

        Next.Abort(reason);
    }

    private sealed class Target(BodyStage next) : WriteOnlyStream
    {
        internal bool Closed { get; set; }

        /// <summary>Cancels what the encoder's disposal writes.</summary>
        internal CancellationToken Cancel { get; set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            buffer.IsEmpty || Closed ? default : next.WriteAsync(buffer, Cancel.CanBeCanceled ? Cancel : cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => Closed ? Task.CompletedTask : next.FlushAsync(cancellationToken).AsTask();

        /// <summary>Only the disposal after an abort writes this way, and nothing of that goes out.</summary>
        public override void Write(byte[] buffer, int offset, int count)
        {
            if (!Closed)
                throw new NotSupportedException();
        }

        public override void Flush()
        {
        }
    }
}

/// <summary>Undoes brotli (RFC 7932).</summary>
internal sealed class BrotliDecodeStage(BodyStage next) : InnerStage(next)
{
    private byte[]? _output = ArrayPool<byte>.Shared.Rent(PooledBuffer.Spill);
    private BrotliDecoder _decoder;
    private bool _any;
    private bool _done;

    internal override async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        _any = true;
        var output = _output!;
        var status = OperationStatus.DestinationTooSmall;

        // Bytes after the end of the coded body are no part of it.
        while (!_done && (status == OperationStatus.DestinationTooSmall || !data.IsEmpty))
        {
            status = _decoder.Decompress(data.Span, output, out var consumed, out var written);
            if (status == OperationStatus.InvalidData)
                throw new BodyBrokenException("The body is not valid brotli.");
            _done = status == OperationStatus.Done;
            data = data[consumed..];
            if (written > 0)
                await Next.WriteAsync(output.AsMemory(0, written), cancel);
        }
    }

    internal override async ValueTask CompleteAsync(CancellationToken cancel)
    {
        if (_any && !_done)
            throw new BodyBrokenException("The brotli body ends too early.");
        Free();
        await Next.CompleteAsync(cancel);
    }

    internal override void Abort(Exception reason)
    {
        Free();
        Next.Abort(reason);
    }

    private void Free()
    {
        _decoder.Dispose();
        if (_output is { } output)
            ArrayPool<byte>.Shared.Return(output);
        _output = null;
    }
}
