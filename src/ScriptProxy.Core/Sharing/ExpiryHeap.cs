namespace ScriptProxy.Core.Sharing;

/// <summary>
/// The entries with a deadline, the earliest on top. Each knows its place, so one that is replaced or removed leaves at once and its
/// memory is free, which the framework's priority queue does not do.
/// </summary>
internal sealed class ExpiryHeap
{
    private readonly List<Entry> _heap = [];

    internal Entry? Earliest => _heap.Count == 0 ? null : _heap[0];

    internal void Add(Entry entry)
    {
        entry.HeapIndex = _heap.Count;
        _heap.Add(entry);
        Up(entry);
    }

    /// <summary>Does nothing for an entry that is not in the heap.</summary>
    internal void Remove(Entry entry)
    {
        var hole = entry.HeapIndex;
        if (hole < 0)
        {
            return;
        }

        entry.HeapIndex = -1;
        var last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        if (last == entry)
        {
            return;
        }

        Place(last, hole);
        Up(last);
        Down(last);
    }

    internal void Clear() => _heap.Clear();

    private void Up(Entry entry)
    {
        while (entry.HeapIndex > 0)
        {
            var parent = _heap[(entry.HeapIndex - 1) / 2];
            if (parent.Deadline <= entry.Deadline)
            {
                return;
            }

            Swap(parent, entry);
        }
    }

    private void Down(Entry entry)
    {
        while (true)
        {
            var child = (entry.HeapIndex * 2) + 1;
            if (child >= _heap.Count)
            {
                return;
            }

            if (child + 1 < _heap.Count && _heap[child + 1].Deadline < _heap[child].Deadline)
            {
                child++;
            }

            if (_heap[child].Deadline >= entry.Deadline)
            {
                return;
            }

            Swap(entry, _heap[child]);
        }
    }

    private void Swap(Entry upper, Entry lower)
    {
        var place = upper.HeapIndex;
        Place(upper, lower.HeapIndex);
        Place(lower, place);
    }

    private void Place(Entry entry, int index)
    {
        _heap[index] = entry;
        entry.HeapIndex = index;
    }
}
