namespace ScriptProxy.Core.Bodies;

/// <summary>The stream that applications write an answer's body to.</summary>
internal sealed class ResponseBodyStream(ResponseBody body) : WriteOnlyStream
{
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => body.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => body.FlushAsync(cancellationToken);

    /// <summary>The server decides whether it takes synchronous writes; a filtered body does not.</summary>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        body.SynchronousStream().Write(buffer);
        body.Count(buffer.Length);
    }

    public override void Flush() => body.SynchronousStream().Flush();
}
