using System.Text;

namespace ScriptProxy.Core.Bodies;

/// <summary>Collects the whole body and passes it on as one write, edited as text where a function was given.</summary>
internal sealed class BufferStage(BodyStage next, long max, Encoding charset, Func<string, ValueTask<string>>? edit) : InnerStage(next)
{
    private readonly PooledBuffer _body = new();

    internal override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        if (data.Length > max - _body.Count)
            throw new BodyTooLargeException("body", max);
        _body.Append(data.Span);
        return default;
    }

    /// <summary>Does nothing: there is nothing to show yet, and headers that are not sent can still change.</summary>
    internal override ValueTask FlushAsync(CancellationToken cancel) => default;

    internal override async ValueTask CompleteAsync(CancellationToken cancel)
    {
        var body = _body.Memory;
        if (edit is not null)
        {
            var text = charset.GetString(body.Span);
            var edited = await edit(text);

            // Unchanged text passes as it came, with whatever in it was not text.
            if (edited != text)
                body = charset.GetBytes(edited);
        }

        Next.AnnounceLength(body.Length);
        if (!body.IsEmpty)
            await Next.WriteAsync(body, cancel);
        _body.Release();
        await Next.CompleteAsync(cancel);
    }

    internal override void Abort(Exception reason)
    {
        _body.Release();
        Next.Abort(reason);
    }
}
