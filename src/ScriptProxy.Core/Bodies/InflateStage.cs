using System.Buffers;
using System.IO.Compression;

namespace ScriptProxy.Core.Bodies;

/// <summary>Undoes gzip (RFC 1952) and deflate: zlib (RFC 1950), and the bare RFC 1951 that some servers send under that name.</summary>
internal sealed class InflateStage(BodyStage next, ContentCoding coding) : InnerStage(next)
{
    // After a whole gzip body this is garbage, which ends it; within one it is data, and more is asked for.
    private static readonly byte[] Probe = [0xFF];

    private readonly Handover _input = new(resumeElsewhere: false);
    private Task? _pump;
    private byte[]? _first;
    private CancellationToken _cancel;

    internal override async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        // Only the writes behind the decoder are cancelled: when one was, the decoder has stopped before this returns.
        _cancel = cancel;
        if (_pump is null)
        {
            // Two bytes tell zlib from bare deflate.
            if (coding == ContentCoding.Deflate && data.Length < 2 && _first is null)
            {
                _first = data.ToArray();
                return;
            }

            if (_first is { } first)
            {
                _pump = PumpAsync(Open(first[0], data.Span[0]));
                await _input.OfferAsync(first, CancellationToken.None);
            }
            else
            {
                _pump = PumpAsync(Open(data.Span[0], data.Length > 1 ? data.Span[1] : (byte)0));
            }
        }

        await _input.OfferAsync(data, CancellationToken.None);
    }

    internal override async ValueTask CompleteAsync(CancellationToken cancel)
    {
        _cancel = cancel;
        if (_pump is not null)
        {
            if (coding == ContentCoding.Gzip)
                await _input.OfferAsync(Probe, CancellationToken.None);

            // A decoder that has its whole body asks for nothing more.
            if (!_input.IsClosed)
                throw TooShort();
            await _pump;
            await _input.OfferAsync(default, CancellationToken.None);
        }
        else if (_first is not null)
        {
            throw TooShort();
        }

        await Next.CompleteAsync(cancel);
    }

    internal override void Abort(Exception reason)
    {
        _input.Fail(reason);
        Next.Abort(reason);
    }

    private Stream Open(byte first, byte second)
    {
        if (coding == ContentCoding.Gzip)
            return new GZipStream(_input, CompressionMode.Decompress, leaveOpen: true);
        var isZlib = (first & 0x0F) == 8 && first >> 4 <= 7 && ((first << 8) | second) % 31 == 0;
        return isZlib
            ? new ZLibStream(_input, CompressionMode.Decompress, leaveOpen: true)
            : new DeflateStream(_input, CompressionMode.Decompress, leaveOpen: true);
    }

    private async Task PumpAsync(Stream decoder)
    {
        var output = ArrayPool<byte>.Shared.Rent(PooledBuffer.Spill);
        Exception? failure = null;
        try
        {
            int count;
            while ((count = await ReadAsync(decoder, output)) > 0)
                await Next.WriteAsync(output.AsMemory(0, count), _cancel);
        }
        catch (Exception e)
        {
            failure = e;
        }

        await decoder.DisposeAsync();
        ArrayPool<byte>.Shared.Return(output);
        _input.CloseReader(failure);
    }

    private async ValueTask<int> ReadAsync(Stream decoder, byte[] output)
    {
        try
        {
            return await decoder.ReadAsync(output, CancellationToken.None);
        }
        catch (InvalidDataException error)
        {
            throw new BodyBrokenException($"The body is not valid {Name}.", error);
        }
    }

    private string Name => coding == ContentCoding.Gzip ? "gzip" : "deflate";

    private BodyBrokenException TooShort() => new($"The {Name} body ends too early.");
}
