using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace ScriptProxy.Core.Sharing;

/// <summary>
/// Values made once for all who ask at the same time, and kept for a while (lua-resty-lock, mlcache). One store per generation: the values
/// may be of script types, so they go with the generation that made them.
/// </summary>
internal sealed class OnceStore
{
    internal const int DefaultMaxValues = 10_000;

    // Flows into a maker and into all that it calls, so that a maker which waits for itself is told so instead of waiting for ever.
    private static readonly AsyncLocal<Maker?> Current = new();

    private readonly ConcurrentDictionary<string, Making> _byKey = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<Making> _made = new();
    private readonly MonotonicClock _clock;
    private readonly CancellationToken _retiring;
    private readonly int _maxValues;

    /// <param name="time">The clock of the times to live.</param>
    /// <param name="retiring">Cancelled when the generation retires: what every maker gets.</param>
    /// <param name="maxValues">How many values are kept; beyond it about the oldest go. Those that are being made do not count.</param>
    internal OnceStore(TimeProvider time, CancellationToken retiring, int maxValues = DefaultMaxValues)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxValues, 1);
        _clock = new(time);
        _retiring = retiring;
        _maxValues = maxValues;
    }

    /// <summary>How many values are kept or being made, expired ones that were not swept yet included.</summary>
    internal int Count => _byKey.Count;

    /// <summary>The value kept for a key; false where there is none, where it has expired or is still being made.</summary>
    /// <exception cref="InvalidCastException">The key's value is of another type.</exception>
    internal bool TryGet<T>(string key, [MaybeNullWhen(false)] out T value)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        value = default;
        return _byKey.TryGetValue(key, out var found) && IsKept(found) && As<T>(found).TryGetMade(out value);
    }

    /// <summary>
    /// The value kept for a key, or the one that <paramref name="make"/> makes. The first who asks makes it (in its own context), the others wait for
    /// it. When making fails, all who wait get the exception and the next who asks makes anew.
    /// </summary>
    /// <param name="key">What is made; one key has one type.</param>
    /// <param name="ttl">How long the value is kept, from when it is made; zero: only those who asked meanwhile share it.</param>
    /// <param name="make">Gets a token that is cancelled when the generation retires, not when a caller goes away.</param>
    /// <param name="aborted">Ends this caller's waiting only.</param>
    internal ValueTask<T> Once<T>(string key, TimeSpan ttl, Func<CancellationToken, ValueTask<T>> make, CancellationToken aborted = default)
    {
        ArgumentNullException.ThrowIfNull(make);
        ArgumentOutOfRangeException.ThrowIfLessThan(ttl, TimeSpan.Zero);
        if (TryGet<T>(key, out var kept))
        {
            return new(kept);
        }

        while (true)
        {
            _byKey.TryGetValue(key, out var found);
            if (found is not null && (!found.IsMade || IsKept(found)))
            {
                return Join(As<T>(found), aborted);
            }

            var mine = new Making<T>(key);
            if (found is null ? _byKey.TryAdd(key, mine) : _byKey.TryUpdate(key, mine, found))
            {
                // Nobody awaits the maker itself: all, this caller too, await its result.
                _ = MakeAsync(mine, ttl, make);
                return Join(mine, aborted);
            }
        }
    }

    private bool IsKept(Making making) => making.IsMade && !_clock.HasPassed(making.Deadline);

    private static ValueTask<T> Join<T>(Making<T> making, CancellationToken aborted)
    {
        if (making.TryGetMade(out var value))
        {
            return new(value);
        }

        for (var maker = Current.Value; maker is not null; maker = maker.Outer)
        {
            if (maker.Making == making)
            {
                throw new InvalidOperationException($"Once(\"{making.Key}\") waits for itself: its maker asks for the same key");
            }
        }

        return new(making.Result.WaitAsync(aborted));
    }

    private async Task MakeAsync<T>(Making<T> mine, TimeSpan ttl, Func<CancellationToken, ValueTask<T>> make)
    {
        var maker = new Maker(mine, Current.Value);
        Current.Value = maker;
        try
        {
            var value = await make(_retiring);
            if (ttl == TimeSpan.Zero)
            {
                Forget(mine);
            }

            mine.Succeed(value, _clock.After(ttl));
            if (ttl > TimeSpan.Zero)
            {
                Keep(mine);
            }
        }
        catch (Exception error)
        {
            // First forgotten, then told: who hears of the failure and asks again makes anew.
            Forget(mine);
            mine.Fail(error);
        }
        finally
        {
            maker.Leave();
        }
    }

    private void Forget(Making making) => _byKey.TryRemove(new(making.Key, making));

    /// <summary>Each value that comes in looks at two others: what has expired goes, and the oldest where there are too many.</summary>
    private void Keep(Making making)
    {
        _made.Enqueue(making);
        for (var looks = 2; looks > 0 && _made.TryDequeue(out var oldest); looks--)
        {
            var isCurrent = _byKey.TryGetValue(oldest.Key, out var current) && current == oldest;
            if (isCurrent && IsKept(oldest) && _made.Count < _maxValues)
            {
                _made.Enqueue(oldest);
            }
            else
            {
                Forget(oldest);
            }
        }
    }

    private static Making<T> As<T>(Making making) =>
        making as Making<T> ?? throw new InvalidCastException($"Once(\"{making.Key}\"): asked for {typeof(T)}, but the key's value is {making.Type}");

    /// <summary>
    /// Who is making what. A context that was captured while it ran (a timer, a pooled connection) may live on for long: left, it holds on
    /// to no value and so to no script's type.
    /// </summary>
    private sealed class Maker(Making making, Maker? outer)
    {
        internal Making? Making { get; private set; } = making;

        /// <summary>The maker that asked for this one.</summary>
        internal Maker? Outer { get; private set; } = outer;

        internal void Leave()
        {
            Making = null;
            Outer = null;
        }
    }

    private abstract class Making(string key)
    {
        private long _deadline;
        private volatile bool _isMade;

        internal string Key { get; } = key;

        internal abstract Type Type { get; }

        internal bool IsMade => _isMade;

        internal long Deadline => _deadline;

        protected void SetMade(long deadline)
        {
            _deadline = deadline;
            _isMade = true;
        }
    }

    private sealed class Making<T>(string key) : Making(key)
    {
        // Waiters go on by themselves: the maker's thread does not run through all of their requests.
        private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _value;

        internal override Type Type => typeof(T);

        internal Task<T> Result => _result.Task;

        internal bool TryGetMade([MaybeNullWhen(false)] out T value)
        {
            var isMade = IsMade;
            value = isMade ? _value : default;
            return isMade;
        }

        internal void Succeed(T value, long deadline)
        {
            _value = value;
            SetMade(deadline);
            _result.SetResult(value);
        }

        internal void Fail(Exception error)
        {
            _result.SetException(error);

            // All who waited may have gone away.
            _ = _result.Task.Exception;
        }
    }
}
