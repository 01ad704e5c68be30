using System.Net;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Core.Yarp;

/// <summary>
/// The way to the peers. Each piece of an upload of unknown length is sent on as it comes, where the connections alone would hold back up to
/// 4 KB of it; and the wait for the answer has its own limit, where the forwarder knows only one for all waits.
/// </summary>
/// <param name="peers">The upstream's connections.</param>
/// <param name="answer">From the end of the request to the headers of the answer; null where the forwarder's limit is as short.</param>
/// <param name="time">The clock of that limit.</param>
internal sealed class PeerClient(HttpMessageInvoker peers, TimeSpan? answer, TimeProvider time) : HttpMessageInvoker(Unused, disposeHandler: false)
{
    private static readonly HttpMessageHandler Unused = new SocketsHttpHandler();

    /// <exception cref="TimeoutException">The answer did not come in time.</exception>
    public override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var prompt = request.Content is { Headers.ContentLength: null };
        if (answer is { } limit)
        {
            return SendAsync(request, prompt, limit, cancellationToken);
        }

        if (prompt)
        {
            request.Content = new OutgoingContent(request.Content!, prompt, limit: null);
        }

        return peers.SendAsync(request, cancellationToken);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool prompt, TimeSpan patience, CancellationToken cancel)
    {
        using var limit = new AnswerLimit(patience, time, cancel);
        if (request.Content is { } content)
        {
            request.Content = new OutgoingContent(content, prompt, limit);
        }
        else
        {
            limit.Begin();
        }

        try
        {
            return await peers.SendAsync(request, limit.Token);
        }
        catch (OperationCanceledException error) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {patience.TotalSeconds} s", error);
        }
    }

    /// <summary>Begins when the request is out, and ends with the headers of the answer, whichever comes first.</summary>
    private sealed class AnswerLimit : IDisposable
    {
        private readonly TimeSpan _patience;
        private readonly Lock _gate = new();
        private readonly CancellationTokenSource _source;
        private readonly CancellationTokenRegistration _outer;
        private bool _over;

        internal AnswerLimit(TimeSpan patience, TimeProvider time, CancellationToken cancel)
        {
            _patience = patience;
            _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
            _outer = cancel.UnsafeRegister(static limit => ((AnswerLimit)limit!)._source.Cancel(), this);
        }

        internal CancellationToken Token => _source.Token;

        internal void Begin()
        {
            lock (_gate)
            {
                if (!_over)
                {
                    _source.CancelAfter(_patience);
                }
            }
        }

        public void Dispose()
        {
            lock (_gate)
            {
                _over = true;
            }

            _outer.Dispose();
            _source.Dispose();
        }
    }

    private sealed class OutgoingContent : HttpContent
    {
        private readonly HttpContent _content;
        private readonly bool _prompt;
        private readonly AnswerLimit? _limit;

        internal OutgoingContent(HttpContent content, bool prompt, AnswerLimit? limit)
        {
            _content = content;
            _prompt = prompt;
            _limit = limit;
            foreach (var (name, values) in content.Headers.NonValidated)
            {
                Headers.TryAddWithoutValidation(name, values);
            }
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await _content.CopyToAsync(_prompt ? new PromptStream(stream) : stream, context, cancellationToken);
            _limit?.Begin();
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _content.Dispose();
            }

            base.Dispose(disposing);
        }
    }

    private sealed class PromptStream(Stream inner) : WriteOnlyStream
    {
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await inner.WriteAsync(buffer, cancellationToken);
            await inner.FlushAsync(cancellationToken);
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();
    }
}
