using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Guarding;

/// <summary>
/// Whose script code runs: a request, a load or a timer run. It flows with the execution context into everything that the code starts.
/// </summary>
/// <remarks>
/// <para>
/// Script code runs in <em>pieces</em>, stretches on one thread: a handler's synchronous part (<see cref="Begin"/> to <see cref="End"/>
/// or <see cref="Suspend"/>), one run of an async method's MoveNext, a delegate that another thread calls. Each thread's
/// <see cref="ThreadSlot"/> names the piece it is in; every 10 ms the watchdog looks at all slots and charges what it sees. Nothing is
/// registered and nothing is raised while scripts keep their budgets.
/// </para>
/// <para>
/// A synchronous part is judged alone, by what its thread has run. What runs outside of one (<em>loose</em> pieces) is also summed up
/// here, because a loop with an await in it is a different piece each time round. While the scope is not seen running, a tenth of that
/// time is forgiven: a stream that needs little for each of a million chunks is not stopped for the sum. A loop around
/// <c>Task.Yield</c> waits only for itself, so a tick with many yields counts as run.
/// </para>
/// <para>
/// What a handler leaves behind (a task nobody awaits) still belongs to the scope after its request has ended, and has the same budget.
/// Such a scope must not serve another request: see <see cref="Reusable"/>.
/// </para>
/// </remarks>
internal sealed class GuardScope : ScriptScope
{
    internal static readonly TimeSpan DefaultBudget = TimeSpan.FromSeconds(1);

    /// <summary>Owns script code that the framework calls outside of any request, load or timer.</summary>
    internal static readonly GuardScope Nobody = new();

    /// <summary>Fewer yields than these in a tick may be courtesy; as many are a loop, even among a hundred others like it.</summary>
    private const int YieldsOfALoop = 8;

    private const int ForgivenShare = 10;

    private static readonly ExecutionContext? DefaultContext = CaptureDefault();

    private ExecutionContext? _context;
    private long _budget = DefaultBudget.Ticks;
    private long _used;
    private long _chargedAt;
    private long _yieldsAt;
    private int _yields;
    private int _pending;
    private bool _escaped;

    /// <summary>The scope of the code that asks.</summary>
    internal static new GuardScope Current => ScriptScope.Current as GuardScope ?? Nobody;

    /// <summary>How long the last synchronous part took, in ticks of 10 ms, rounded down to what the clock shows: 0 or 1 for a fast handler.</summary>
    internal long LastRun { get; private set; }

    /// <summary>
    /// Whether the scope may serve another request. False for ever once script code under it has awaited, or has handed a delegate to
    /// another thread: what is left of that would be charged to an innocent request.
    /// </summary>
    internal bool Reusable => !_escaped;

    internal TimeSpan Budget => TimeSpan.FromTicks(_budget);

    /// <summary>Makes this the current scope of the calling execution context. Allocates nothing after the first time, where that context is the default one.</summary>
    internal void Activate()
    {
        if (!ReferenceEquals(ExecutionContext.Capture(), DefaultContext) || DefaultContext is null)
        {
            ScriptScope.Current = this;
            return;
        }
        if (_context is { } context)
        {
            ExecutionContext.Restore(context);
            return;
        }
        ScriptScope.Current = this;
        _context = ExecutionContext.Capture();
    }

    /// <summary>
    /// The synchronous part of a handler begins on this thread. To be followed on the same thread by <see cref="End"/>, or by
    /// <see cref="Suspend"/> where the handler goes on asynchronously. May be nested, in this scope or another: the outer part's time stands still.
    /// </summary>
    /// <param name="budget">Own running time; <see cref="Timeout.InfiniteTimeSpan"/> for none.</param>
    internal GuardRun Begin(TimeSpan budget)
    {
        var slot = ThreadSlot.Mine;
        var ticks = budget < TimeSpan.Zero ? long.MaxValue : budget.Ticks;
        if (_pending == 0 && (slot.Loose || !ReferenceEquals(slot.Scope, this)))
        {
            _used = 0;
            _budget = ticks;
        }
        GuardRun run = default;
        slot.Push(this, ticks, loose: false, ref run);
        return run;
    }

    /// <summary>The handler has ended within its synchronous part, by a result or an exception.</summary>
    internal void End(in GuardRun run)
    {
        var slot = run.Slot!;
        LastRun = GuardClock.Now - slot.Start;
        slot.Pop(run);
    }

    /// <summary>The handler goes on asynchronously; <see cref="Complete"/> follows when its task has ended. Its time so far counts.</summary>
    internal void Suspend(in GuardRun run)
    {
        _escaped = true;
        Interlocked.Increment(ref _pending);
        Charge(run.Slot!.Used, GuardClock.Now, once: false);
        End(run);
    }

    /// <summary>The task of a suspended handler has ended; the next handler begins with a full budget.</summary>
    internal void Complete() => Interlocked.Decrement(ref _pending);

    /// <summary>
    /// The host moved data for the script, in or out: its budget starts anew. For streams that the host hands out, so that a filter
    /// of a very long body is stopped when it gets stuck and not when it has worked for a second.
    /// </summary>
    internal void Refill()
    {
        _used = 0;
        var slot = ThreadSlot.Mine;
        if (ReferenceEquals(slot.Scope, this))
            slot.Used = 0;
    }

    internal void Enter(ref GuardRun run)
    {
        var slot = ThreadSlot.Mine;
        if (ReferenceEquals(slot.Scope, this))
            return;
        _escaped = true;
        slot.Push(this, _budget, loose: true, ref run);
    }

    internal void Escapes() => _escaped = true;

    internal void Yields()
    {
        _escaped = true;
        var now = GuardClock.Now;
        if (now != _yieldsAt)
        {
            _yieldsAt = now;
            _yields = 0;
        }
        if (++_yields == YieldsOfALoop)
            Charge(GuardClock.TickLength, now, once: true);
    }

    /// <param name="ticks">Running time.</param>
    /// <param name="now">The guard's clock.</param>
    /// <param name="once">A sample, which counts once per tick however many see it.</param>
    internal void Charge(long ticks, long now, bool once)
    {
        if (ReferenceEquals(this, Nobody))
            return;
        Forgive(now);
        if (once && _chargedAt == now)
            return;
        _chargedAt = now;
        _used += ticks;
    }

    /// <summary>Whether the loose pieces of the scope have used up its budget together.</summary>
    internal bool IsOverdue(long now)
    {
        if (_used < _budget)
            return false;
        Forgive(now);
        return _used >= _budget;
    }

    private void Forgive(long now)
    {
        var idle = now - _chargedAt - 1;
        if (idle <= 0)
            return;
        _chargedAt = now - 1;
        _used = Math.Max(0, _used - (idle * GuardClock.TickLength / ForgivenShare));
    }

    private static ExecutionContext? CaptureDefault()
    {
        ExecutionContext? context = null;
        var thread = new Thread(() => context = ExecutionContext.Capture()) { IsBackground = true };
        thread.UnsafeStart();
        thread.Join();
        return context;
    }
}
