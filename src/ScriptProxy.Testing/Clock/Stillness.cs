using System.Diagnostics;

namespace ScriptProxy.Testing.Clock;

/// <summary>Knows when all that goes on in a gateway waits: for the clock, for the test, or for nothing at all.</summary>
internal sealed class Stillness(VirtualTime time)
{
    /// <summary>What waits for something that is not known here, such as a task of the test, has as long to go on before the clock moves without it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>From the end of the last thing under way to what its awaiter does first.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromMilliseconds(3);

    private int _active;
    private int _parked;
    private long _events;

    /// <summary>Something begins that should end before time goes on.</summary>
    internal void Begin() => Count(ref _active, 1);

    internal void End() => Count(ref _active, -1);

    /// <summary>One of these waits for something that only the test or the clock can bring.</summary>
    internal void Park() => Count(ref _parked, 1);

    internal void Unpark() => Count(ref _parked, -1);

    /// <summary>Waits, in real time, until nothing moves any more.</summary>
    internal Task WaitAsync() => Task.Run(async () =>
    {
        var idle = 0;
        var before = Stamp;
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            // One thread is this one's own.
            idle = IsPoolIdle() && Stamp == before ? idle + 1 : 0;
            if (Stamp != before)
            {
                before = Stamp;
                since = Stopwatch.GetTimestamp();
            }

            var quiet = Stopwatch.GetElapsedTime(since);
            if (idle >= 2 || (quiet > Aftermath && IsWaiting()) || quiet > Patience)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, CancellationToken.None);
        }
    });

    private long Stamp => Interlocked.Read(ref _events) + time.Changes;

    private bool IsWaiting() => Volatile.Read(ref _active) <= Volatile.Read(ref _parked) + time.Waiting;

    private static bool IsPoolIdle()
    {
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.GetAvailableThreads(out var free, out _);
        return most - free <= 1 && ThreadPool.PendingWorkItemCount == 0;
    }

    private void Count(ref int count, int by)
    {
        Interlocked.Add(ref count, by);
        Interlocked.Increment(ref _events);
    }
}
