using System.Diagnostics;

namespace ScriptProxy.Core.Guarding;

/// <summary>The thread that advances the guard's clock, looks at what every thread runs, and raises the guard while a script is overdue.</summary>
internal static class Watchdog
{
    /// <summary>Long enough for a script that runs in many short pieces to meet the raised guard in one of them.</summary>
    private const long RaiseTicks = 3;

    private static readonly Lock Gate = new();
    private static ThreadSlot[] _slots = [];
    private static bool _started;

    internal static void Add(ThreadSlot slot)
    {
        lock (Gate)
        {
            // Here the list is also rid of threads that have ended: it grows only here.
            _slots = [.. _slots.Where(other => other.IsThreadAlive), slot];
        }
        Start();
    }

    internal static void Start()
    {
        lock (Gate)
        {
            if (_started)
                return;
            _started = true;
        }
        var thread = new Thread(Run) { IsBackground = true, Name = "ScriptProxy guard", Priority = ThreadPriority.AboveNormal };
        thread.UnsafeStart();
    }

    private static void Run()
    {
        using var never = new ManualResetEvent(initialState: false);
        var last = Stopwatch.GetTimestamp();
        var owed = 0L;
        var raisedUntil = 0L;
        while (!never.WaitOne(TimeSpan.FromMilliseconds(10)))
        {
            var timestamp = Stopwatch.GetTimestamp();
            owed += Stopwatch.GetElapsedTime(last, timestamp).Ticks;
            last = timestamp;
            var ticks = Math.Clamp(owed / GuardClock.TickLength, 1, 2);
            owed = Math.Clamp(owed - (ticks * GuardClock.TickLength), 0, GuardClock.TickLength);

            GuardClock.Advance(ticks);
            var now = GuardClock.Now;
            foreach (var slot in Volatile.Read(ref _slots))
            {
                if (slot.Look(now, ticks * GuardClock.TickLength))
                    raisedUntil = now + RaiseTicks;
            }
            Volatile.Write(ref Guard.Raised, now < raisedUntil);
        }
    }
}
