using ScriptProxy.Runtime;

namespace ScriptProxy.Testing.Clock;

/// <summary>A clock that stands still until it is moved.</summary>
internal sealed class VirtualTime(DateTimeOffset start) : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<VirtualTimer> _timers = [];
    private DateTimeOffset _now = start;
    private long _lastNumber;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Script code that waits for this clock and for nothing else.</summary>
    internal int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _timers.Count(t => t.IsScripts);
            }
        }
    }

    /// <summary>How many timers were ever made or set.</summary>
    internal long Changes
    {
        get
        {
            lock (_lock)
            {
                return _lastNumber;
            }
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        // A delay that a script awaits, unlike a limit that is made first and set later.
        var timer = new VirtualTimer(this, callback, state, ScriptScope.Current is not null && dueTime > TimeSpan.Zero);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves to the next moment when a timer is due, at most to <paramref name="until"/>.</summary>
    /// <returns>What is due there, in order; nothing when the end is reached.</returns>
    internal IReadOnlyList<Action> Step(DateTimeOffset until)
    {
        lock (_lock)
        {
            var next = _timers.Where(t => t.Due <= until).Select(t => t.Due).DefaultIfEmpty(DateTimeOffset.MaxValue).Min();
            if (next == DateTimeOffset.MaxValue)
            {
                _now = until > _now ? until : _now;
                return [];
            }

            _now = next > _now ? next : _now;
            var due = _timers.Where(t => t.Due <= _now).OrderBy(t => t.Due).ThenBy(t => t.Number).ToList();
            due.ForEach(t => t.Strike());
            return [.. due.Select(t => (Action)t.Call)];
        }
    }

    private sealed class VirtualTimer(VirtualTime owner, TimerCallback callback, object? state, bool isScripts) : ITimer
    {
        private TimeSpan _period;
        private bool _disposed;

        internal DateTimeOffset Due { get; private set; }

        internal long Number { get; private set; }

        internal bool IsScripts => isScripts;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._lock)
            {
                if (_disposed)
                {
                    return false;
                }

                Number = ++owner._lastNumber;
                _period = period > TimeSpan.Zero ? period : Timeout.InfiniteTimeSpan;
                owner._timers.Remove(this);
                if (dueTime > TimeSpan.Zero)
                {
                    Due = owner._now + dueTime;
                    owner._timers.Add(this);
                    return true;
                }

                if (dueTime == TimeSpan.Zero && _period > TimeSpan.Zero)
                {
                    Due = owner._now + _period;
                    owner._timers.Add(this);
                }
            }

            if (dueTime == TimeSpan.Zero)
            {
                ThreadPool.UnsafeQueueUserWorkItem(static timer => timer.Call(), this, preferLocal: false);
            }

            return true;
        }

        public void Dispose()
        {
            lock (owner._lock)
            {
                _disposed = true;
                owner._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        /// <summary>Under the lock: what comes after this time.</summary>
        internal void Strike()
        {
            if (_period > TimeSpan.Zero)
            {
                Due += _period;
            }
            else
            {
                owner._timers.Remove(this);
            }
        }

        internal void Call() => callback(state);
    }
}
