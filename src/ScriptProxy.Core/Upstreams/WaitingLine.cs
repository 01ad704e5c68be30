namespace ScriptProxy.Core.Upstreams;

/// <summary>Requests that wait for a peer of an upstream, in the order in which they came. A wake-up is never lost: who cannot use it hands it on.</summary>
internal sealed class WaitingLine
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiters = new();
    private int _count;

    internal int Count => Volatile.Read(ref _count);

    /// <summary>Goes to the end of the line; null where that is too long already.</summary>
    internal Waiter? TryJoin(int most)
    {
        lock (_lock)
        {
            if (_waiters.Count >= most)
            {
                return null;
            }

            var waiter = new Waiter();
            waiter.Place = _waiters.AddLast(waiter);
            Interlocked.Increment(ref _count);
            return waiter;
        }
    }

    /// <summary>Wakes the first who sleeps. Cheap where nobody waits.</summary>
    internal void WakeNext()
    {
        if (Count > 0)
        {
            Wake(null);
        }
    }

    /// <summary>Wakes the first who sleeps behind this one, which could not use what it was woken for.</summary>
    internal void WakeAfter(Waiter waiter) => Wake(waiter);

    /// <summary>To be called by one that was woken, before it looks: what is freed from then on wakes it again.</summary>
    internal void Rearm(Waiter waiter)
    {
        lock (_lock)
        {
            waiter.Rearm();
        }
    }

    /// <summary>Leaves the line, with a peer or without.</summary>
    internal void Leave(Waiter waiter)
    {
        bool unused;
        lock (_lock)
        {
            _waiters.Remove(waiter.Place);
            Interlocked.Decrement(ref _count);
            unused = waiter.IsWoken;
        }

        if (unused)
        {
            WakeNext();
        }
    }

    private void Wake(Waiter? after)
    {
        lock (_lock)
        {
            for (var place = after is null ? _waiters.First : after.Place.Next; place is not null; place = place.Next)
            {
                if (place.Value.TryWake())
                {
                    return;
                }
            }
        }
    }

    /// <summary>One in the line; its members are called under the line's lock, but for awaiting <see cref="Woken"/>.</summary>
    internal sealed class Waiter
    {
        // Continuations must not run under the lock.
        private TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal LinkedListNode<Waiter> Place { get; set; } = null!;

        internal Task Woken => _woken.Task;

        internal bool IsWoken => _woken.Task.IsCompleted;

        internal bool TryWake() => _woken.TrySetResult();

        internal void Rearm()
        {
            if (IsWoken)
            {
                _woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
