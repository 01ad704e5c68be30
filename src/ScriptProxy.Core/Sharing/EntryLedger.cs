namespace ScriptProxy.Core.Sharing;

/// <summary>
/// Which entries there are, how many bytes they take, and which has to go next. Used under the dictionary's lock; only
/// <see cref="BytesUsed"/> and <see cref="Evictions"/> may be read outside of it.
/// </summary>
internal sealed class EntryLedger
{
    // Bounds the work of one eviction when everything was used since the last one.
    private const int SecondChances = 64;

    private readonly ExpiryHeap _expiries = new();
    private AgeList _live;
    private AgeList _stale;
    private long _bytesUsed;
    private long _evictions;

    internal long BytesUsed => Interlocked.Read(ref _bytesUsed);

    internal long Evictions => Interlocked.Read(ref _evictions);

    /// <summary>Entries that have not been seen to be expired.</summary>
    internal int LiveCount { get; private set; }

    internal Entry? NewestLive => _live.Newest;

    internal void Add(Entry entry)
    {
        _live.AddNewest(entry);
        LiveCount++;
        if (entry.Deadline != MonotonicClock.Never)
        {
            _expiries.Add(entry);
        }

        Interlocked.Add(ref _bytesUsed, entry.Size);
    }

    internal void Remove(Entry entry)
    {
        if (entry.Stale)
        {
            _stale.Remove(entry);
        }
        else
        {
            _live.Remove(entry);
            LiveCount--;
            _expiries.Remove(entry);
        }

        Interlocked.Add(ref _bytesUsed, -entry.Size);
    }

    internal void Reschedule(Entry entry, long deadline)
    {
        _expiries.Remove(entry);
        entry.Deadline = deadline;
        if (deadline != MonotonicClock.Never)
        {
            _expiries.Add(entry);
        }
    }

    internal void Clear()
    {
        _expiries.Clear();
        _live = default;
        _stale = default;
        LiveCount = 0;
        Interlocked.Exchange(ref _bytesUsed, 0);
    }

    /// <summary>Moves up to <paramref name="max"/> entries that have expired to the stale ones; says how many.</summary>
    internal int MoveExpired(long now, int max)
    {
        var moved = 0;
        while (moved < max && _expiries.Earliest is { } entry && entry.Deadline <= now)
        {
            _expiries.Remove(entry);
            _live.Remove(entry);
            LiveCount--;
            entry.Stale = true;
            _stale.AddNewest(entry);
            moved++;
        }

        return moved;
    }

    /// <summary>The stale entry that expired first, where that was before the given time.</summary>
    internal Entry? ExpiredBefore(long timestamp) => _stale.Oldest is { } entry && entry.Deadline < timestamp ? entry : null;

    /// <summary>The entry to drop when room is needed: the stale before the live, among these one that was not used lately.</summary>
    internal Entry NextVictim(long now)
    {
        MoveExpired(now, 1);
        if (_stale.Oldest is { } stale)
        {
            return stale;
        }

        var victim = _live.Oldest!;
        for (var chances = SecondChances; chances > 0 && victim.TakeSecondChance(); chances--)
        {
            _live.Remove(victim);
            _live.AddNewest(victim);
            victim = _live.Oldest!;
        }

        Interlocked.Increment(ref _evictions);
        return victim;
    }

    private struct AgeList
    {
        internal Entry? Newest { get; private set; }

        internal Entry? Oldest { get; private set; }

        internal void AddNewest(Entry entry)
        {
            entry.Newer = null;
            entry.Older = Newest;
            if (Newest is null)
            {
                Oldest = entry;
            }
            else
            {
                Newest.Newer = entry;
            }

            Newest = entry;
        }

        internal void Remove(Entry entry)
        {
            if (entry.Newer is null)
            {
                Newest = entry.Older;
            }
            else
            {
                entry.Newer.Older = entry.Older;
            }

            if (entry.Older is null)
            {
                Oldest = entry.Newer;
            }
            else
            {
                entry.Older.Newer = entry.Newer;
            }

            // A reader may hold on to a dropped entry; it must not hold on to its neighbours.
            entry.Newer = null;
            entry.Older = null;
        }
    }
}
