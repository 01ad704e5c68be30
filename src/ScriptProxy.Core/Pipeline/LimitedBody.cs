using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Core.Pipeline;

/// <summary>A body without a declared length, counted while it streams. The server's own limit would count the framing of chunks as well.</summary>
internal sealed class LimitedBody(Stream body) : ReadOnlyStream
{
    private long _read;

    /// <summary>The most bytes that may be read in all; no limit unless set.</summary>
    internal long Max { get; set; } = long.MaxValue;

    /// <summary>Somebody has had the beginning of it.</summary>
    internal bool IsBegun => _read > 0;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await body.ReadAsync(buffer, cancellationToken);
        _read += read;
        return _read <= Max ? read : throw TooLarge(Max);
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new InvalidOperationException("The request body is read asynchronously: use ReadAsync.");

    internal static BadHttpRequestException TooLarge(long max) =>
        new($"the request's body is larger than {max} bytes", StatusCodes.Status413PayloadTooLarge);
}
