using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ScriptProxy.Core.Pipeline;

/// <summary>The answer of a subrequest on its way to the handler that asked: a pipe with back-pressure instead of a socket.</summary>
internal sealed class SubrequestResponse : IHttpResponseFeature, IHttpResponseBodyFeature, IHttpRequestLifetimeFeature, IDisposable
{
    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 32 * 1024));
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(Func<object, Task> Call, object State)> _onStarting = [];
    private readonly List<(Func<object, Task> Call, object State)> _onCompleted = [];
    private readonly CancellationTokenSource _aborted;
    private readonly EndingReader _reader;
    private StartingWriter? _writer;
    private volatile bool _completed;

    internal SubrequestResponse(CancellationToken callerAborted)
    {
        _aborted = CancellationTokenSource.CreateLinkedTokenSource(callerAborted);
        RequestAborted = _aborted.Token;
        _reader = new EndingReader(this);
    }

    /// <summary>Completes when status and headers stand.</summary>
    internal Task Started => _started.Task;

    internal PipeReader Reader => _reader;

    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    public string? ReasonPhrase { get; set; }

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    public bool HasStarted { get; private set; }

    Stream IHttpResponseFeature.Body
    {
        get => Stream;
        set => throw new NotSupportedException("replace IHttpResponseBodyFeature instead");
    }

    public Stream Stream => Writer.AsStream(leaveOpen: true);

    public PipeWriter Writer => _writer ??= new StartingWriter(this);

    public CancellationToken RequestAborted { get; set; }

    public void OnStarting(Func<object, Task> callback, object state) => _onStarting.Add((callback, state));

    public void OnCompleted(Func<object, Task> callback, object state) => _onCompleted.Add((callback, state));

    public void DisableBuffering()
    {
        // Every flush reaches the reader at once as it is.
    }

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (HasStarted)
        {
            return;
        }

        // Last registered, first called, as in Kestrel.
        for (var i = _onStarting.Count - 1; i >= 0; i--)
        {
            await _onStarting[i].Call(_onStarting[i].State);
        }

        HasStarted = true;
        _started.TrySetResult();
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        SendFileFallback.SendFileAsync(Stream, path, offset, count, cancellationToken);

    public async Task CompleteAsync()
    {
        if (_completed)
        {
            return;
        }

        _completed = true;
        await StartAsync(CancellationToken.None);
        await _pipe.Writer.CompleteAsync();
        for (var i = _onCompleted.Count - 1; i >= 0; i--)
        {
            await _onCompleted[i].Call(_onCompleted[i].State);
        }
    }

    public void Abort()
    {
        _aborted.Cancel();
        Fail(new IOException("the subrequest was aborted"));
    }

    public void Dispose() => _aborted.Dispose();

    /// <summary>Nobody will read on: what has not ended by itself is cut off, or an endless body would hold its generation for ever.</summary>
    internal void GiveUp()
    {
        if (_completed)
        {
            return;
        }

        try
        {
            _aborted.Cancel();
            _pipe.Reader.Complete();
        }
        catch (ObjectDisposedException)
        {
            // It ended just now.
        }
    }

    internal void Fail(Exception error)
    {
        _completed = true;
        _started.TrySetException(error);
        _pipe.Writer.Complete(error);
    }

    /// <summary>The pipe's writer that starts the answer before its first flush.</summary>
    private sealed class StartingWriter(SubrequestResponse response) : PipeWriter
    {
        private long _unflushed;

        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => _unflushed;

        public override void Advance(int bytes)
        {
            _unflushed += bytes;
            response._pipe.Writer.Advance(bytes);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => response._pipe.Writer.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => response._pipe.Writer.GetSpan(sizeHint);

        public override void CancelPendingFlush() => response._pipe.Writer.CancelPendingFlush();

        public override void Complete(Exception? exception = null)
        {
            // The request's end completes the pipe.
        }

        public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            await response.StartAsync(cancellationToken);
            _unflushed = 0;
            return await response._pipe.Writer.FlushAsync(cancellationToken);
        }
    }

    /// <summary>The pipe's reader that ends the subrequest when it is disposed before its end.</summary>
    private sealed class EndingReader(SubrequestResponse response) : PipeReader
    {
        private readonly PipeReader _inner = response._pipe.Reader;

        public override void AdvanceTo(SequencePosition consumed) => _inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _inner.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => _inner.CancelPendingRead();

        public override void Complete(Exception? exception = null)
        {
            _inner.Complete(exception);
            response.GiveUp();
        }

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => _inner.ReadAsync(cancellationToken);

        public override bool TryRead(out ReadResult result) => _inner.TryRead(out result);
    }
}
