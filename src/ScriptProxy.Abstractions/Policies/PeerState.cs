namespace ScriptProxy;

/// <summary>What is known of a server, whatever load talks to it.</summary>
internal sealed class PeerState(TimeProvider? time = null)
{
    private readonly Lock _lock = new();
    private int _inFlight;
    private long _backSince;
    private volatile string? _downReason;
    private volatile bool _unhealthy;
    private volatile bool _draining;

    internal TimeProvider Time { get; } = time ?? TimeProvider.System;

    /// <summary>Called when it may take one more request than a moment ago: one has ended, or it is back in service.</summary>
    internal Action? Freed { get; init; }

    internal int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>A time stamp of the last time it came back into service; 0 when it was never out.</summary>
    internal long BackSince => Volatile.Read(ref _backSince);

    internal bool IsAvailable => !_unhealthy && _downReason is null;

    internal bool IsInService => IsAvailable && !_draining;

    internal string? DownReason
    {
        get => _downReason;
        set => Change(static (state, value) => state._downReason = (string?)value, value);
    }

    internal bool Unhealthy
    {
        get => _unhealthy;
        set => Change(static (state, value) => state._unhealthy = value is not null, value ? this : null);
    }

    internal bool Draining
    {
        get => _draining;
        set => Change(static (state, value) => state._draining = value is not null, value ? this : null);
    }

    internal void Up() => Change(
        static (state, _) =>
        {
            state._downReason = null;
            state._draining = false;
        },
        null);

    /// <param name="max">0 for no limit.</param>
    internal bool TryEnter(int max)
    {
        if (max == 0)
        {
            Enter();
            return true;
        }

        // Never counted in and out again: that would wake those who wait for a place, for nothing.
        while (InFlight is var now && now < max)
        {
            if (Interlocked.CompareExchange(ref _inFlight, now + 1, now) == now)
            {
                return true;
            }
        }

        return false;
    }

    internal void Enter() => Interlocked.Increment(ref _inFlight);

    internal void Leave()
    {
        Interlocked.Decrement(ref _inFlight);
        Freed?.Invoke();
    }

    private void Change(Action<PeerState, object?> change, object? value)
    {
        bool back;
        lock (_lock)
        {
            var was = IsInService;
            change(this, value);
            back = !was && IsInService;
            if (back)
            {
                Volatile.Write(ref _backSince, Time.GetTimestamp());
            }
        }

        if (back)
        {
            Freed?.Invoke();
        }
    }
}
