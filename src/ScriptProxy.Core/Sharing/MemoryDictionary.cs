using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace ScriptProxy.Core.Sharing;

/// <summary>
/// A shared dictionary in this process. Reading and adding to a number that exists take no lock; what changes the set of entries takes
/// one, held for a few hundred nanoseconds. Code of scripts (factories, JSON constructors) never runs under it.
/// </summary>
internal sealed partial class MemoryDictionary : SharedDictionary
{
    internal const long DefaultCapacity = 10 * 1024 * 1024;
    internal const long MinCapacity = 8 * 1024;
    private const int SweepBatch = 256;

    /// <summary>How long an expired value stays readable as a stale one, if its room is not needed.</summary>
    internal static readonly TimeSpan StaleFor = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, Entry> _entries = new(concurrencyLevel: 1, capacity: 31);
    private readonly EntryLedger _ledger = new();
    private readonly DictionaryValues _values;
    private readonly MonotonicClock _clock;
    private long _capacity;

    internal MemoryDictionary(string name, TimeProvider time, long capacity = DefaultCapacity)
    {
        CheckCapacity(capacity);
        Name = name;
        _values = new DictionaryValues(name);
        _clock = new(time);
        _capacity = capacity;
    }

    public override string Name { get; }

    public override long Capacity => Interlocked.Read(ref _capacity);

    public override long BytesUsed => _ledger.BytesUsed;

    public override long Evictions => _ledger.Evictions;

    public override int Count
    {
        get
        {
            lock (_gate)
            {
                _ledger.MoveExpired(_clock.Now, int.MaxValue);
                return _ledger.LiveCount;
            }
        }
    }

    internal static void CheckCapacity(long capacity) => ArgumentOutOfRangeException.ThrowIfLessThan(capacity, MinCapacity);

    /// <summary>Makes room for more; never for less, because another script may count on what it asked for.</summary>
    internal void Grow(long capacity)
    {
        CheckCapacity(capacity);
        lock (_gate)
        {
            if (capacity > _capacity)
            {
                Interlocked.Exchange(ref _capacity, capacity);
            }
        }
    }

    /// <summary>Frees what expired longer than <see cref="StaleFor"/> ago, in short steps, so that writers wait for none of them long.</summary>
    internal void Sweep()
    {
        var done = false;
        while (!done)
        {
            lock (_gate)
            {
                done = Tidy(_clock.Now, SweepBatch) < SweepBatch;
            }
        }
    }

    public override T Get<T>(string key) =>
        Find(key) is { } entry
            ? _values.Read<T>(key, entry.Value)
            : throw new KeyNotFoundException(_values.Absent(key));

    public override bool TryGet<T>(string key, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        return Find(key) is { } entry && DictionaryValues.TryRead(entry.Value, out value);
    }

    public override bool TryGetStale<T>(string key, [MaybeNullWhen(false)] out T value)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        value = default;
        return _entries.TryGetValue(key, out var entry) && DictionaryValues.TryRead(entry.Value, out value);
    }

    public override void Set<T>(string key, T value, TimeSpan? ttl = null)
    {
        var entry = Make(key, value, ttl);
        lock (_gate)
        {
            Put(entry);
        }
    }

    public override bool Add<T>(string key, T value, TimeSpan? ttl = null)
    {
        // Asked twice, so that the usual no costs no entry.
        if (Find(key) is not null)
        {
            DictionaryValues.CheckTtl(ttl);
            return false;
        }

        var entry = Make(key, value, ttl);
        lock (_gate)
        {
            if (Find(key) is not null)
            {
                return false;
            }

            Put(entry);
            return true;
        }
    }

    public override bool Replace<T>(string key, T value, TimeSpan? ttl = null)
    {
        var entry = Make(key, value, ttl);
        lock (_gate)
        {
            if (Find(key) is null)
            {
                return false;
            }

            Put(entry);
            return true;
        }
    }

    public override T GetOrAdd<T>(string key, TimeSpan? ttl, Func<T> make)
    {
        ArgumentNullException.ThrowIfNull(make);
        DictionaryValues.CheckTtl(ttl);
        if (Find(key) is { } present)
        {
            return _values.Read<T>(key, present.Value);
        }

        var made = make();
        while (!Add(key, made, ttl))
        {
            if (Find(key) is { } other)
            {
                return _values.Read<T>(key, other.Value);
            }
        }

        return made;
    }

    public override bool Remove(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        lock (_gate)
        {
            return _entries.TryGetValue(key, out var entry) && Drop(entry) && !_clock.HasPassed(entry.Deadline);
        }
    }

    public override TimeSpan? Ttl(string key)
    {
        if (Find(key) is not { } entry)
        {
            return null;
        }

        var deadline = entry.Deadline;
        return deadline == MonotonicClock.Never ? TimeSpan.MaxValue : _clock.Between(_clock.Now, deadline);
    }

    public override bool Expire(string key, TimeSpan? ttl)
    {
        DictionaryValues.CheckTtl(ttl);
        lock (_gate)
        {
            if (Find(key) is not { } entry)
            {
                return false;
            }

            _ledger.Reschedule(entry, _clock.After(ttl));
            return true;
        }
    }

    public override IReadOnlyList<string> Keys(int max = 1024)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(max);
        lock (_gate)
        {
            _ledger.MoveExpired(_clock.Now, int.MaxValue);
            var wanted = max == 0 ? _ledger.LiveCount : Math.Min(max, _ledger.LiveCount);
            var keys = new List<string>(wanted);
            for (var entry = _ledger.NewestLive; entry is not null && keys.Count < wanted; entry = entry.Older)
            {
                keys.Add(entry.Key);
            }

            return keys;
        }
    }

    public override void Clear()
    {
        lock (_gate)
        {
            _entries.Clear();
            _ledger.Clear();
        }
    }

    /// <summary>The entry of a key, unless it has expired.</summary>
    private Entry? Find(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (!_entries.TryGetValue(key, out var entry) || _clock.HasPassed(entry.Deadline))
        {
            return null;
        }

        entry.Touch();
        return entry;
    }

    private Entry Make<T>(string key, T value, TimeSpan? ttl) => Make(key, _values.Encode(key, value), ttl);

    private Entry Make(string key, StoredValue value, TimeSpan? ttl)
    {
        _values.CheckKey(key);
        DictionaryValues.CheckTtl(ttl);
        var entry = new Entry(key, value, _clock.After(ttl));
        CheckSize(key, entry.Size);
        return entry;
    }

    /// <summary>Under the lock.</summary>
    private void Put(Entry entry)
    {
        var now = _clock.Now;
        Tidy(now, 2);
        if (_entries.TryGetValue(entry.Key, out var old))
        {
            _ledger.Remove(old);
        }

        MakeRoom(entry.Size, now);
        _entries[entry.Key] = entry;
        _ledger.Add(entry);
    }

    /// <summary>Under the lock; the size is checked, so there is always something left to drop.</summary>
    private void MakeRoom(long size, long now)
    {
        while (_ledger.BytesUsed + size > _capacity)
        {
            Drop(_ledger.NextVictim(now));
        }
    }

    /// <summary>Under the lock: a bounded step of housekeeping; says how much there was to do.</summary>
    private int Tidy(long now, int max)
    {
        var moved = _ledger.MoveExpired(now, max);
        var dropped = 0;
        var before = _clock.Add(now, -StaleFor);
        while (dropped < max && _ledger.ExpiredBefore(before) is { } entry)
        {
            Drop(entry);
            dropped++;
        }

        return Math.Max(moved, dropped);
    }

    private bool Drop(Entry entry)
    {
        _ledger.Remove(entry);
        return _entries.TryRemove(entry.Key, out _);
    }

    private void CheckSize(string key, long size)
    {
        if (size > Capacity)
        {
            throw new ArgumentException($"{_values.Where(key)}: key and value take {size:N0} bytes, the whole dictionary's capacity is {Capacity:N0}", nameof(size));
        }
    }
}
