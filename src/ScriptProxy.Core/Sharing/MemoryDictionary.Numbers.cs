namespace ScriptProxy.Core.Sharing;

/// <content>
/// Counting. A number that is there is added to without a lock; one that is removed or replaced at that moment counts as removed
/// after the addition. So nothing may read a number, and then put another entry in its place that depends on it.
/// </content>
internal sealed partial class MemoryDictionary
{
    public override long Increment(string key, long by = 1, long initial = 0, TimeSpan? ttl = null)
    {
        DictionaryValues.CheckTtl(ttl);
        if (Find(key) is { Kind: StoredKind.Integer } number)
        {
            return Sum(key, number, by);
        }

        lock (_gate)
        {
            if (Find(key) is { } present)
            {
                return present.Kind == StoredKind.Integer ? Sum(key, present, by) : throw _values.OtherType(key, "an integer", present.Value);
            }

            var entry = Make(key, StoredValue.Of(initial), ttl);
            var sum = Sum(key, entry, by);
            Put(entry);
            return sum;
        }
    }

    public override double Increment(string key, double by, double initial = 0, TimeSpan? ttl = null)
    {
        DictionaryValues.CheckTtl(ttl);
        if (Find(key) is { Kind: StoredKind.Float } number)
        {
            return number.Add(by);
        }

        lock (_gate)
        {
            if (Find(key) is { } present)
            {
                return present.Kind == StoredKind.Float ? present.Add(by) : throw _values.OtherType(key, "a double", present.Value);
            }

            Put(Make(key, StoredValue.Of(initial + by), ttl));
            return initial + by;
        }
    }

    private long Sum(string key, Entry entry, long by) =>
        entry.TryAdd(by, out var sum)
            ? sum
            : throw new OverflowException($"{_values.Where(key)}: {entry.Value.Number} + {by} does not fit into a long");
}
