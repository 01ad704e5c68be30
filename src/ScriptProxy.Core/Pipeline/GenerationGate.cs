namespace ScriptProxy.Core.Pipeline;

/// <summary>Counts who uses a generation: one lease per request and timer run. Closes for good when it is retired and the last one left.</summary>
internal sealed class GenerationGate
{
    private const long Closed = long.MinValue / 2;

    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The first lease is the host's; Retire gives it back.
    private long _leases = 1;
    private int _retired;

    /// <summary>Completes when the generation is retired and nobody uses it any more.</summary>
    internal Task Drained => _drained.Task;

    internal long Leases => Math.Max(0, Volatile.Read(ref _leases));

    /// <returns>False when the generation is gone already; then the current one must be asked.</returns>
    internal bool TryEnter()
    {
        if (Interlocked.Increment(ref _leases) > 0)
        {
            return true;
        }

        Interlocked.Decrement(ref _leases);
        return false;
    }

    internal void Leave()
    {
        if (Interlocked.Decrement(ref _leases) == 0 && Interlocked.CompareExchange(ref _leases, Closed, 0) == 0)
        {
            _drained.TrySetResult();
        }
    }

    internal void Retire()
    {
        if (Interlocked.Exchange(ref _retired, 1) == 0)
        {
            Leave();
        }
    }
}
