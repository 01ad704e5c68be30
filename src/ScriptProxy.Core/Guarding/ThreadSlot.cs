namespace ScriptProxy.Core.Guarding;

/// <summary>
/// The piece of script code that one thread runs now. The thread writes it, the watchdog reads it and adds to
/// <see cref="Used"/>; neither takes a lock. A race costs at most one tick, charged to the wrong piece.
/// </summary>
internal sealed class ThreadSlot
{
    /// <summary>After a stop, how long the script's own finally blocks and Dispose methods may run before they are stopped as well.</summary>
    internal const long GraceTicks = 5;

    [ThreadStatic]
    private static ThreadSlot? t_mine;

    internal GuardScope? Scope;
    /// <summary>Names the piece; never used twice on a thread.</summary>
    internal long Stamp;
    internal long Start;
    /// <summary>Running time of the piece as far as the watchdog has seen it.</summary>
    internal long Used;
    internal long Budget;
    /// <summary>0 until the piece has been stopped once.</summary>
    internal long GraceUntil;
    /// <summary>True for a piece that the pipeline does not wait for on this thread: after an await, or a delegate started elsewhere.</summary>
    internal bool Loose;

    private readonly Thread _thread = Thread.CurrentThread;
    private readonly ThreadClock _clock = ThreadClock.OfThisThread();
    private long _lastStamp;
    private long _seenStamp;
    private long _seenAt;
    private long _lateFor;

    internal static ThreadSlot Mine => t_mine ?? Create();

    internal bool IsThreadAlive => _thread.IsAlive;

    internal void Push(GuardScope scope, long budget, bool loose, ref GuardRun before)
    {
        before.Slot = this;
        before.Scope = Scope;
        before.Stamp = Stamp;
        before.Start = Start;
        before.Used = Used;
        before.Budget = Budget;
        before.GraceUntil = GraceUntil;
        before.Loose = Loose;

        Stamp = ++_lastStamp;
        Start = GuardClock.Now;
        Used = 0;
        Budget = budget;
        GraceUntil = 0;
        Loose = loose;
        Scope = scope;
    }

    internal void Pop(in GuardRun before)
    {
        Scope = before.Scope;
        Stamp = before.Stamp;
        Start = before.Start;
        Used = before.Used;
        Budget = before.Budget;
        GraceUntil = before.GraceUntil;
        Loose = before.Loose;
    }

    internal bool IsOverdue(GuardScope scope, long now) => Used >= Budget || (Loose && scope.IsOverdue(now));

    /// <summary>
    /// The watchdog looks at the thread. A piece seen for the first time is charged with the time since the last look, as a sampling
    /// profiler does; one that is still there with what the thread has really run since.
    /// </summary>
    /// <returns>Whether to raise the guard for it.</returns>
    internal bool Look(long now, long sinceLastLook)
    {
        if (Volatile.Read(ref Scope) is not { } scope)
        {
            _seenStamp = 0;
            _lateFor = 0;
            return false;
        }
        var stamp = Stamp;
        var at = _clock.Read();
        var first = stamp != _seenStamp;
        var charge = first ? sinceLastLook : at - _seenAt;
        _seenStamp = stamp;
        _seenAt = at;

        Used += charge;
        if (Loose)
            scope.Charge(charge, now, first);
        if (!IsOverdue(scope, now))
        {
            _lateFor = 0;
            return false;
        }
        // Stuck in a framework call that does not come back: others should not pay for it all the time.
        return _lateFor++ < 10 || _lateFor % 10 == 0;
    }

    private static ThreadSlot Create()
    {
        var slot = t_mine = new ThreadSlot();
        Watchdog.Add(slot);
        return slot;
    }
}
