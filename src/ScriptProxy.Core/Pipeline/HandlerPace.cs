namespace ScriptProxy.Core.Pipeline;

/// <summary>Whether a handler has shown itself quick enough to run where the socket's data arrives. Read by every request, written only after slow runs.</summary>
/// <remarks>
/// <para>
/// Time is the guard's, so a run looks slow also where the collector, or the scheduler of a machine that is fully busy, held up the thread
/// or the clock. That hits a quick handler once in ten thousands of runs: a single such run begins a watch, and only a second one
/// within it sends the handler to the pool.
/// </para>
/// <para>A run that is longer than any such pause sends it there at once. It may earn its place again, but each time it takes longer.</para>
/// </remarks>
internal sealed class HandlerPace
{
    internal const int QuickRunsAtFirst = 32;
    internal const int WatchedRuns = 1024;

    /// <summary>In ticks of the guard's clock. One tick may be the edge between two.</summary>
    internal const long SlowTicks = 2;

    internal const long BlockingTicks = 10;

    private const int QuickRunsAtMost = 1 << 20;

    private int _quickRunsNeeded = QuickRunsAtFirst;
    private int _quickRuns;
    private int _watchedRuns;

    /// <summary>False while the handler is to run on the pool.</summary>
    internal bool IsQuick => _quickRuns >= _quickRunsNeeded;

    internal void Judge(long ticks)
    {
        if (ticks < SlowTicks)
        {
            if (!IsQuick)
            {
                Interlocked.Increment(ref _quickRuns);
            }
            else if (_watchedRuns > 0)
            {
                Interlocked.Decrement(ref _watchedRuns);
            }
        }
        else if (!IsQuick)
        {
            // Also the first run, which compiles what the handler calls.
            _quickRuns = 0;
        }
        else if (ticks >= BlockingTicks || Interlocked.Exchange(ref _watchedRuns, WatchedRuns) > 0)
        {
            _quickRunsNeeded = Math.Min(_quickRunsNeeded * 4, QuickRunsAtMost);
            _quickRuns = 0;
            _watchedRuns = 0;
        }
    }
}
