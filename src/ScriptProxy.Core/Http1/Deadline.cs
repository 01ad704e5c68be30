namespace ScriptProxy.Core.Http1;

/// <summary>Calls back when what is waited for has not come in time. Setting it costs a write: the timer behind it runs on and looks again when it rings.</summary>
/// <remarks>The timer may have long to run when nothing is waited for any more. So it belongs to a connection, of which there are few, and not to a request.</remarks>
internal sealed class Deadline : IDisposable
{
    private const long None = 0;
    private const long Over = -1;

    private readonly TimeProvider _time;
    private readonly Action _passed;
    private readonly Lock _lock = new();
    private ITimer? _timer;
    private bool _disposed;
    private long _at;
    private long _rings;

    internal Deadline(TimeProvider time, Action passed)
    {
        _time = time;
        _passed = passed;
    }

    internal bool HasPassed => Volatile.Read(ref _at) == Over;

    /// <summary>From now on; in place of what was set before. Does nothing once it has passed.</summary>
    internal void Expect(TimeSpan within) => Expect(within, _time.GetTimestamp());

    /// <param name="within">Counted from <paramref name="now"/>; infinite for no limit.</param>
    /// <param name="now">A time stamp of a moment ago.</param>
    internal void Expect(TimeSpan within, long now)
    {
        var at = within == Timeout.InfiniteTimeSpan ? None : now + (long)(within.TotalSeconds * _time.TimestampFrequency);
        if (!Set(at) || at == None)
        {
            return;
        }

        // Written before this is read, as the timer's turn reads them the other way round: one of the two sees the other.
        var rings = Volatile.Read(ref _rings);
        if (rings == None || at < rings)
        {
            Arm(at, now);
        }
    }

    /// <returns>False where it has passed.</returns>
    internal bool Clear() => Set(None);

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _timer?.Dispose();
        }
    }

    private bool Set(long at)
    {
        while (true)
        {
            var was = Volatile.Read(ref _at);
            if (was == Over)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _at, at, was) == was)
            {
                return true;
            }
        }
    }

    private void Arm(long at, long now)
    {
        lock (_lock)
        {
            var due = _time.GetElapsedTime(now, at);
            Volatile.Write(ref _rings, at);
            if (_disposed)
            {
                return;
            }

            if (_timer is null)
            {
                // It outlives the request that made it, of which nothing is to flow into it.
                using (ExecutionContext.SuppressFlow())
                {
                    _timer = _time.CreateTimer(static deadline => ((Deadline)deadline!).Ring(), this, due, Timeout.InfiniteTimeSpan);
                }
            }
            else
            {
                _timer.Change(due, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Ring()
    {
        Interlocked.Exchange(ref _rings, None);
        while (true)
        {
            var at = Volatile.Read(ref _at);
            if (at is None or Over)
            {
                return;
            }

            var now = _time.GetTimestamp();
            if (at > now)
            {
                Arm(at, now);
                return;
            }

            if (Interlocked.CompareExchange(ref _at, Over, at) == at)
            {
                _passed();
                return;
            }
        }
    }
}
