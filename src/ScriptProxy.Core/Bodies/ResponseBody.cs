using System.IO.Pipelines;
using System.Runtime.ExceptionServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ScriptProxy.Core.Bodies;

/// <summary>Who decides what happens to an answer.</summary>
internal interface IResponseBodyOwner
{
    /// <summary>
    /// Called once per answer, before anything of it is sent: the last moment for its status and headers. Answers what to do
    /// with its body, null for nothing. It cannot write to the body itself.
    /// </summary>
    ValueTask<BodyPlan?> OnStartAsync();
}

/// <summary>The body of an answer on its way out: asks its owner at the first byte, then filters or passes straight through. Made once, used for many requests.</summary>
/// <remarks>
/// The first failure is final, unless <see cref="TryRestart"/> still finds nothing sent. A failure after that leaves the answer cut:
/// the owner then aborts the request, so that no client takes it for whole.
/// </remarks>
internal sealed partial class ResponseBody : IHttpResponseBodyFeature
{
    private readonly ResponseBodyStream _stream;
    private readonly ResponseBodyWriter _writer;
    private HttpContext _context = null!;
    private IHttpResponseBodyFeature _inner = null!;
    private IResponseBodyOwner _owner = null!;
    private BodyFilterPipeline? _pipeline;
    private Sink? _sink;
    private ExceptionDispatchInfo? _failure;
    private Phase _phase;
    private bool _holdsBody;
    private bool _finished;
    private bool _counts;

    internal ResponseBody()
    {
        _stream = new ResponseBodyStream(this);
        _writer = new ResponseBodyWriter(this);
    }

    private enum Phase
    {
        Waiting,
        Starting,
        Direct,
        Filtered,
        Failed,
    }

    public Stream Stream => _stream;

    public PipeWriter Writer => _writer;

    /// <summary>The bytes of the body handed to the server so far, after filters and codings, without framing. 0 for HEAD.</summary>
    internal long BytesSent { get; private set; }

    /// <summary>What the answer failed with on our side; null while nothing failed.</summary>
    internal Exception? Failure => _failure?.SourceException ?? _pipeline?.Failure;

    /// <summary>True when writes go to the server as they come: nothing is filtered, and nothing waits to be sent before them.</summary>
    internal bool IsDirect => _phase == Phase.Direct && _writer.Gathered == 0;

    internal bool IsFinished => _finished;

    internal IHttpResponseBodyFeature Inner => _inner;

    /// <summary>Puts this in front of the context's body. The caller sets it as the feature, and puts the inner one back before <see cref="Reset"/>.</summary>
    internal void Initialize(HttpContext context, IHttpResponseBodyFeature inner, IResponseBodyOwner owner)
    {
        _context = context;
        _inner = inner;
        _owner = owner;
    }

    /// <summary>Forgets the request; what a pipeline still holds is freed.</summary>
    internal void Reset()
    {
        Restart();
        _context = null!;
        _inner = null!;
        _owner = null!;
    }

    /// <summary>
    /// Takes the answer back so that another can be written, which asks the owner again. False when some of it may have been
    /// sent: then only aborting the request is left. Status and headers stay as they are.
    /// </summary>
    internal bool TryRestart()
    {
        if (_context.Response.HasStarted || BytesSent > 0)
            return false;
        Restart();
        return true;
    }

    /// <summary>The body ends here unfinished. Not while a write is under way.</summary>
    internal void Abort(Exception reason)
    {
        _failure ??= ExceptionDispatchInfo.Capture(reason);
        _phase = Phase.Failed;
        _sink?.Close();
        _pipeline?.Abort(reason);
        _writer.Drop();
    }

    /// <summary>The answer is whole, an empty one too: asks the owner if nobody has yet, and lets out what filters hold back. Again it does nothing.</summary>
    internal ValueTask FinishAsync()
    {
        if (_finished)
            return default;
        _finished = true;
        var prepared = PrepareAsync(CancellationToken.None);
        if (prepared.IsCompletedSuccessfully && _pipeline is null)
        {
            return default;
        }

        return FinishSlowlyAsync(prepared);
    }

    /// <summary>Finishes and tells the server that the answer is whole, which sends the end of it.</summary>
    public async Task CompleteAsync()
    {
        await FinishAsync();
        await _inner.CompleteAsync();
    }

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await PrepareAsync(cancellationToken);

        // With a body that is collected first, status and headers are not final yet.
        if (!_holdsBody)
        {
            if (_pipeline is not null && !_context.Response.HasStarted)
                _context.Response.ContentLength = null;
            await _inner.StartAsync(cancellationToken);
        }
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        SendFileFallback.SendFileAsync(_stream, path, offset, count, cancellationToken);

    public void DisableBuffering() => _inner.DisableBuffering();

    internal void Count(int bytes)
    {
        if (_counts)
            BytesSent += bytes;
    }

    /// <summary>Write and flush, as a write to the server's own stream is.</summary>
    internal ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        ThrowIfFinished();
        if (!IsDirect)
        {
            var prepared = PrepareAsync(cancel);
            if (!prepared.IsCompletedSuccessfully || _pipeline is not null)
                return WriteSlowlyAsync(prepared, data, cancel);
        }

        Count(data.Length);
        return _inner.Stream.WriteAsync(data, cancel);
    }

    internal Task FlushAsync(CancellationToken cancel)
    {
        if (!IsDirect)
        {
            var prepared = PrepareAsync(cancel);
            if (!prepared.IsCompletedSuccessfully || _pipeline is not null)
                return FlushSlowlyAsync(prepared, cancel);
        }

        return _inner.Stream.FlushAsync(cancel);
    }

    /// <summary>Where synchronous writes go: only a body that passes straight through takes them.</summary>
    internal Stream SynchronousStream()
    {
        ThrowIfFinished();
        if (!IsDirect)
        {
            var prepared = PrepareAsync(CancellationToken.None);
            if (!prepared.IsCompleted || _pipeline is not null)
                throw new InvalidOperationException("This answer is filtered: write to its body with WriteAsync.");
            prepared.GetAwaiter().GetResult();
        }

        return _inner.Stream;
    }

    /// <summary>Afterwards the owner has decided, and what the writer gathered before has gone its way.</summary>
    internal ValueTask PrepareAsync(CancellationToken cancel)
    {
        _failure?.Throw();
        switch (_phase)
        {
            case Phase.Starting:
                throw new InvalidOperationException("The body was written to by a handler that decides on its headers and filters.");
            case Phase.Waiting:
                _phase = Phase.Starting;
                ValueTask<BodyPlan?> decision;
                try
                {
                    decision = _owner.OnStartAsync();
                    if (!decision.IsCompletedSuccessfully)
                        return PrepareSlowlyAsync(decision, cancel);
                    Begin(decision.Result);
                }
                catch (Exception e)
                {
                    Abort(e);
                    throw;
                }

                break;
        }

        return _writer.Gathered > 0 ? DrainAsync(cancel) : default;
    }

    private void ThrowIfFinished()
    {
        if (_finished)
            throw new InvalidOperationException("The answer is complete: nothing can be written to it.");
    }

    private void Begin(BodyPlan? plan)
    {
        _counts = !HttpMethods.IsHead(_context.Request.Method);
        _phase = Phase.Direct;
        if (plan is null or { IsEmpty: true })
            return;
        var codings = BodyHeaders.AdjustResponse(_context.Request, _context.Response);
        if (!codings.HasBody)
            return;
        var context = BodyContext.For(_context.Response.ContentType, _context.RequestAborted);
        _sink = new Sink(this, _inner.Writer, _context.Response);
        _pipeline = new BodyFilterPipeline(plan, codings, context, _sink);
        _holdsBody = plan.HoldsBody;
        _phase = Phase.Filtered;
    }

    private async ValueTask PrepareSlowlyAsync(ValueTask<BodyPlan?> decision, CancellationToken cancel)
    {
        try
        {
            Begin(await decision);
        }
        catch (Exception e)
        {
            Abort(e);
            throw;
        }

        if (_writer.Gathered > 0)
            await DrainAsync(cancel);
    }

    private async ValueTask DrainAsync(CancellationToken cancel)
    {
        var gathered = _writer.TakeGathered();
        try
        {
            if (_pipeline is not null)
            {
                await _pipeline.WriteAsync(gathered.Memory, cancel);
            }
            else
            {
                Count(gathered.Count);
                await _inner.Writer.WriteAsync(gathered.Memory, cancel);
            }
        }
        finally
        {
            _writer.GiveBack(gathered);
        }
    }

    private async ValueTask WriteSlowlyAsync(ValueTask prepared, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        await prepared;
        if (_pipeline is null)
        {
            Count(data.Length);
            await _inner.Stream.WriteAsync(data, cancel);
            return;
        }

        await _pipeline.WriteAsync(data, cancel);
        await _pipeline.FlushAsync(cancel);
    }

    private async Task FlushSlowlyAsync(ValueTask prepared, CancellationToken cancel)
    {
        await prepared;
        if (_pipeline is null)
            await _inner.Stream.FlushAsync(cancel);
        else
            await _pipeline.FlushAsync(cancel);
    }

    private async ValueTask FinishSlowlyAsync(ValueTask prepared)
    {
        await prepared;
        if (_pipeline is not null)
            await _pipeline.CompleteAsync(_context.RequestAborted);
    }

    private void Restart()
    {
        _sink?.Close();
        _sink = null;
        _pipeline?.Abort(new OperationCanceledException("The answer was ended before its body was whole."));
        _pipeline = null;
        _failure = null;
        _phase = Phase.Waiting;
        _holdsBody = false;
        _finished = false;
        _counts = false;
        BytesSent = 0;
        _writer.Reopen();
    }
}
