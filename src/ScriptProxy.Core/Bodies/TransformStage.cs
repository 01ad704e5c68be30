using ScriptProxy.Core.Guarding;

namespace ScriptProxy.Core.Bodies;

/// <summary>Runs a function beside the writer: it reads the body from one stream and writes what goes on to another.</summary>
/// <remarks>
/// The function runs at the thread pool, so synchronous reads and writes hold up only itself. A write to this stage ends when the
/// function asks for more: that is the back-pressure, and after it a flush shows everything the function has written.
/// </remarks>
internal sealed class TransformStage : InnerStage
{
    private readonly Func<Stream, Stream, CancellationToken, Task> _transform;
    private readonly Handover _input = new(resumeElsewhere: true);
    private readonly Output _output;
    private readonly CancellationTokenSource _stop;
    private Task? _running;

    internal TransformStage(BodyStage next, Func<Stream, Stream, CancellationToken, Task> transform, CancellationToken aborted)
        : base(next)
    {
        _transform = transform;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        _output = new Output(next);
    }

    internal override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        Start();
        return _input.OfferAsync(data, cancel);
    }

    internal override async ValueTask FlushAsync(CancellationToken cancel)
    {
        Start();
        await _input.WaitUntilAskedAsync(cancel);
        await _output.FlushAsync(cancel);
    }

    internal override async ValueTask CompleteAsync(CancellationToken cancel)
    {
        Start();
        _input.End();
        await _running!.WaitAsync(cancel);

        // Throws what the function threw.
        await _input.WaitUntilAskedAsync(cancel);
        _stop.Dispose();
        await Next.CompleteAsync(cancel);
    }

    internal override void Abort(Exception reason)
    {
        if (_running is { IsCompleted: false })
        {
            _input.Fail(reason);
            _stop.Cancel();
        }

        _output.Abort(reason);
    }

    private void Start() => _running ??= RunAsync();

    private async Task RunAsync()
    {
        // Never on the writer's thread: a function that blocks there would wait for itself.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Exception? failure = null;
        try
        {
            await _transform(_input, _output, _stop.Token);
        }
        catch (Exception e)
        {
            failure = e;
        }

        await _output.EndAsync();
        _input.CloseReader(failure);
    }

    /// <summary>What the function writes to. Its writes and the flushes from outside take turns.</summary>
    private sealed class Output(BodyStage next) : WriteOnlyStream
    {
        private readonly SemaphoreSlim _turn = new(1, 1);
        private volatile bool _closed;
        private volatile Exception? _aborted;
        private bool _abortedNext;

        /// <summary>Aborts what comes next, once a write of the function that is still under way has ended.</summary>
        internal void Abort(Exception reason)
        {
            _aborted = reason;
            _closed = true;
            AbortNext();
        }

        /// <summary>Waits for a write that the function started and did not await, then takes no more.</summary>
        internal async Task EndAsync()
        {
            await _turn.WaitAsync(CancellationToken.None);
            _closed = true;
            _turn.Release();
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                if (_closed)
                    throw new InvalidOperationException("The transform has ended: its output takes no more.");
                if (!buffer.IsEmpty)
                    await next.WriteAsync(buffer, cancellationToken);
                GuardScope.Current.Refill();
            }
            finally
            {
                _turn.Release();
                AbortNext();
            }
        }

        public override async Task FlushAsync(CancellationToken cancellationToken)
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                if (_aborted is null)
                    await next.FlushAsync(cancellationToken);
            }
            finally
            {
                _turn.Release();
                AbortNext();
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

        public override void Flush() => FlushAsync(CancellationToken.None).GetAwaiter().GetResult();

        private void AbortNext()
        {
            if (_aborted is not { } reason || !_turn.Wait(0, CancellationToken.None))
                return;
            if (!_abortedNext)
                next.Abort(reason);
            _abortedNext = true;
            _turn.Release();
        }
    }
}
