using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Core.Bodies;

internal sealed partial class ResponseBody
{
    /// <summary>The end of the pipeline: the server's writer, flushed when enough has gathered or a flush comes through.</summary>
    private sealed class Sink(ResponseBody body, PipeWriter writer, HttpResponse response) : BodyStage
    {
        private volatile bool _closed;
        private int _unflushed;
        private long? _length;
        private bool _begun;

        /// <summary>Lets nothing more out. A transform that does not heed its token may outlive the request, and this body serves another one then.</summary>
        internal void Close() => _closed = true;

        internal override void AnnounceLength(long length) => _length = length;

        internal override async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
        {
            Begin();
            while (!data.IsEmpty)
            {
                var piece = data[..Math.Min(data.Length, PooledBuffer.Spill)];
                data = data[piece.Length..];
                ObjectDisposedException.ThrowIf(_closed, this);
                writer.Write(piece.Span);
                body.Count(piece.Length);
                _unflushed += piece.Length;
                if (_unflushed >= PooledBuffer.Spill)
                    await FlushAsync(cancel);
            }
        }

        internal override async ValueTask FlushAsync(CancellationToken cancel)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            Begin();
            _unflushed = 0;
            await writer.FlushAsync(cancel);
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
            if (!response.HasStarted)
                response.ContentLength = _length;
        }
    }
}
