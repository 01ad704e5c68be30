using System.Buffers;

namespace ScriptProxy.Core.Bodies;

internal sealed partial class ResponseBody
{
    /// <summary>The end of the pipeline: the server's writer, flushed when enough has gathered or a flush comes through.</summary>
    private sealed class Sink(ResponseBody body) : BodyStage
    {
        private int _unflushed;
        private long? _length;
        private bool _begun;

        internal override void AnnounceLength(long length) => _length = length;

        internal override async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
        {
            Begin();
            var writer = body.Inner.Writer;
            while (!data.IsEmpty)
            {
                var piece = data[..Math.Min(data.Length, PooledBuffer.Spill)];
                data = data[piece.Length..];
                writer.Write(piece.Span);
                body.Count(piece.Length);
                _unflushed += piece.Length;
                if (_unflushed >= PooledBuffer.Spill)
                    await FlushAsync(cancel);
            }
        }

        internal override async ValueTask FlushAsync(CancellationToken cancel)
        {
            Begin();
            _unflushed = 0;
            await body.Inner.Writer.FlushAsync(cancel);
        }

        internal override async ValueTask CompleteAsync(CancellationToken cancel)
        {
            Begin();
            if (_unflushed > 0)
                await FlushAsync(cancel);
        }

        internal override void Abort(Exception reason)
        {
        }

        /// <summary>Whatever length was set since the filters were chosen is that of another body.</summary>
        private void Begin()
        {
            if (_begun)
                return;
            _begun = true;
            if (!body._context.Response.HasStarted)
                body._context.Response.ContentLength = _length;
        }
    }
}
