using System.Runtime.ExceptionServices;
using ScriptProxy.Core.Guarding;

namespace ScriptProxy.Core.Bodies;

/// <summary>The stages of one body: decode, filter, encode, then the destination. For one writer at a time.</summary>
/// <remarks>The first failure is final: every later call throws it, and nothing that looks like an end goes to the destination.</remarks>
internal sealed class BodyFilterPipeline
{
    private readonly BodyStage _first;
    private ExceptionDispatchInfo? _failure;
    private bool _completed;

    /// <param name="plan">What to do with the body.</param>
    /// <param name="codings">How it comes in and goes out.</param>
    /// <param name="context">What the stages know of the message.</param>
    /// <param name="sink">Where it goes.</param>
    internal BodyFilterPipeline(BodyPlan plan, BodyCodings codings, BodyContext context, BodyStage sink) =>
        _first = CodingStages.Decode(plan.Build(CodingStages.Encode(sink, codings.Outgoing), context), codings.Incoming);

    /// <summary>What the body failed with, null while nothing failed.</summary>
    internal Exception? Failure => _failure?.SourceException;

    internal ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel = default)
    {
        if (data.IsEmpty || !Begin())
            return default;

        // A filter is stopped when it gets stuck with a piece, not when a long body has cost it its budget in all.
        GuardScope.Current.Refill();
        ValueTask write;
        try
        {
            write = _first.WriteAsync(data, cancel);
        }
        catch (Exception e)
        {
            Abort(e);
            throw;
        }

        return write.IsCompletedSuccessfully ? write : WriteSlowlyAsync(write);
    }

    /// <summary>Everything that was written reaches the destination before this ends, apart from what a filter still needs.</summary>
    internal async ValueTask FlushAsync(CancellationToken cancel = default)
    {
        if (!Begin())
            return;
        try
        {
            await _first.FlushAsync(cancel);
        }
        catch (Exception e)
        {
            Abort(e);
            throw;
        }
    }

    /// <summary>The body is whole. Again it does nothing.</summary>
    internal async ValueTask CompleteAsync(CancellationToken cancel = default)
    {
        if (!Begin())
            return;
        _completed = true;
        try
        {
            await _first.CompleteAsync(cancel);
        }
        catch (Exception e)
        {
            Abort(e);
            throw;
        }
    }

    /// <summary>Ends the body unfinished and frees what it holds. Not while another call is under way: that one is to be cancelled.</summary>
    internal void Abort(Exception reason)
    {
        if (_failure is not null)
            return;
        _failure = ExceptionDispatchInfo.Capture(reason);
        _first.Abort(reason);
    }

    private bool Begin()
    {
        _failure?.Throw();
        return !_completed;
    }

    private async ValueTask WriteSlowlyAsync(ValueTask write)
    {
        try
        {
            await write;
        }
        catch (Exception e)
        {
            Abort(e);
            throw;
        }
    }
}
