using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;

namespace ScriptProxy.Core.Bodies;

/// <summary>
/// A stream between one that pushes and one that pulls. It buffers nothing: an offer ends when the reader has taken all
/// of it and asks for more, so the writer knows then that everything made of its bytes has been passed on.
/// </summary>
/// <param name="resumeElsewhere">True: a side that waited goes on at the thread pool. False: on the stack of the other side, which saves the hop.</param>
internal sealed class Handover(bool resumeElsewhere) : ReadOnlyStream
{
    private readonly Lock _gate = new();
    private readonly Turn _reader = new(resumeElsewhere);
    private readonly Turn _writer = new(resumeElsewhere);
    private ReadOnlyMemory<byte> _offered;
    private bool _asked;
    private bool _ended;
    private bool _closed;
    private ExceptionDispatchInfo? _writerFailure;
    private ExceptionDispatchInfo? _readerFailure;

    /// <summary>True when the reader takes nothing more: what is offered then is dropped.</summary>
    internal bool IsClosed
    {
        get
        {
            lock (_gate)
                return _closed;
        }
    }

    /// <summary>Gives the bytes to the reader. Throws what the reader failed with.</summary>
    internal ValueTask OfferAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        bool wake;
        lock (_gate)
        {
            if (_closed)
            {
                _readerFailure?.Throw();
                return default;
            }

            _offered = bytes;
            _asked = false;
            wake = _reader.TryTake();
        }

        if (wake)
            _reader.Resume();
        return WaitUntilAskedAsync(cancel);
    }

    /// <summary>Waits until the reader asks for more, or takes nothing more. Throws what the reader failed with.</summary>
    internal async ValueTask WaitUntilAskedAsync(CancellationToken cancel)
    {
        while (true)
        {
            ValueTask turn;
            lock (_gate)
            {
                if (_closed || _asked || cancel.IsCancellationRequested)
                {
                    // The bytes are the caller's again as soon as this returns.
                    _offered = default;
                    if (_closed)
                        _readerFailure?.Throw();
                    else if (!_asked)
                        cancel.ThrowIfCancellationRequested();
                    return;
                }

                turn = _writer.Arm();
            }

            using (cancel.UnsafeRegister(static state => ((Handover)state!).Wake(writer: true), this))
                await turn;
        }
    }

    /// <summary>The reader sees the end after what was offered.</summary>
    internal void End()
    {
        lock (_gate)
            _ended = true;
        Wake(writer: false);
    }

    /// <summary>The reader's next read throws this.</summary>
    internal void Fail(Exception reason)
    {
        lock (_gate)
            _writerFailure ??= ExceptionDispatchInfo.Capture(reason);
        Wake(writer: false);
    }

    /// <summary>The reader takes nothing more; with a failure the writer's next call throws it.</summary>
    internal void CloseReader(Exception? failure)
    {
        lock (_gate)
        {
            _closed = true;
            if (failure is not null)
                _readerFailure ??= ExceptionDispatchInfo.Capture(failure);
        }

        Wake(writer: true);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            ValueTask turn;
            bool wake;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_closed, this);
                _writerFailure?.Throw();
                if (!_offered.IsEmpty)
                {
                    // Copied under the lock: a writer that gives up takes its memory back.
                    var count = Math.Min(buffer.Length, _offered.Length);
                    _offered.Span[..count].CopyTo(buffer.Span);
                    _offered = _offered[count..];
                    return count;
                }

                if (_ended)
                    return 0;
                cancellationToken.ThrowIfCancellationRequested();
                turn = _reader.Arm();
                _asked = true;
                wake = _writer.TryTake();
            }

            if (wake)
                _writer.Resume();
            using (cancellationToken.UnsafeRegister(static state => ((Handover)state!).Wake(writer: false), this))
                await turn;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            CloseReader(failure: null);
        base.Dispose(disposing);
    }

    private void Wake(bool writer)
    {
        var turn = writer ? _writer : _reader;
        bool taken;
        lock (_gate)
            taken = turn.TryTake();
        if (taken)
            turn.Resume();
    }

    /// <summary>A wait for one, used again and again. Armed and taken under the gate, resumed outside of it.</summary>
    private sealed class Turn : IValueTaskSource
    {
        private ManualResetValueTaskSourceCore<bool> _core;
        private bool _armed;

        internal Turn(bool resumeElsewhere) => _core.RunContinuationsAsynchronously = resumeElsewhere;

        internal ValueTask Arm()
        {
            _core.Reset();
            _armed = true;
            return new ValueTask(this, _core.Version);
        }

        internal bool TryTake()
        {
            var armed = _armed;
            _armed = false;
            return armed;
        }

        internal void Resume() => _core.SetResult(true);

        public void GetResult(short token) => _core.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _core.OnCompleted(continuation, state, token, flags);
    }
}
