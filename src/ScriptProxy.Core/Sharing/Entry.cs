namespace ScriptProxy.Core.Sharing;

/// <summary>
/// A key and its value. The value of an entry is never replaced (a new entry takes its place), so it is read without a lock; only
/// numbers are added to in place. Everything from <see cref="Deadline"/> on is written under the dictionary's lock.
/// </summary>
internal sealed class Entry
{
    /// <summary>
    /// What an entry takes besides key and value, on 64 bits: this object 112, the hash table's node 48 and its slots 16, the slot of
    /// the expiry heap 16.
    /// </summary>
    internal const int Overhead = 192;

    /// <summary>What a value in a list takes besides its own bytes: a linked node of it.</summary>
    internal const int ListItemOverhead = 80;

    private StoredValue _value;
    private long _deadline;

    internal Entry(string key, StoredValue value, long deadline)
    {
        Key = key;
        _value = value;
        _deadline = deadline;
        Size = Overhead + ((22 + (2L * key.Length) + 7) & ~7L) + value.Size;
    }

    internal string Key { get; }

    internal StoredKind Kind => _value.Kind;

    /// <summary>A copy of the value; a list is the list itself, to be touched under the lock only.</summary>
    internal StoredValue Value
    {
        get
        {
            var copy = _value;
            copy.Number = Volatile.Read(ref _value.Number);
            return copy;
        }
    }

    /// <summary>Set by readers without a lock: a second chance before eviction.</summary>
    internal bool Used { get; private set; }

    internal long Deadline
    {
        get => Volatile.Read(ref _deadline);
        set => Volatile.Write(ref _deadline, value);
    }

    internal long Size { get; set; }

    /// <summary>True once the ledger has seen that it expired.</summary>
    internal bool Stale { get; set; }

    /// <summary>The place in the expiry heap, or -1.</summary>
    internal int HeapIndex { get; set; } = -1;

    internal Entry? Newer { get; set; }

    internal Entry? Older { get; set; }

    /// <summary>Written only where it changes something, so that the cores do not pass the cache line around.</summary>
    internal void Touch()
    {
        if (!Used)
        {
            Used = true;
        }
    }

    internal bool TakeSecondChance()
    {
        var used = Used;
        Used = false;
        return used;
    }

    /// <summary>False where the sum does not fit; then nothing changes.</summary>
    internal bool TryAdd(long by, out long sum)
    {
        var seen = Volatile.Read(ref _value.Number);
        while (true)
        {
            sum = unchecked(seen + by);
            if (by < 0 ? sum > seen : sum < seen)
            {
                return false;
            }

            var found = Interlocked.CompareExchange(ref _value.Number, sum, seen);
            if (found == seen)
            {
                return true;
            }

            seen = found;
        }
    }

    internal double Add(double by)
    {
        var seen = Volatile.Read(ref _value.Number);
        while (true)
        {
            var sum = BitConverter.Int64BitsToDouble(seen) + by;
            var found = Interlocked.CompareExchange(ref _value.Number, BitConverter.DoubleToInt64Bits(sum), seen);
            if (found == seen)
            {
                return sum;
            }

            seen = found;
        }
    }
}
