namespace ScriptProxy.Core.Sharing;

/// <content>Lists: one entry holds all values of a list, so it expires and is evicted as a whole.</content>
internal sealed partial class MemoryDictionary
{
    public override int PushLeft<T>(string key, T value) => Push(key, value, left: true);

    public override int PushRight<T>(string key, T value) => Push(key, value, left: false);

    public override T? PopLeft<T>(string key)
        where T : default => Pop<T>(key, left: true);

    public override T? PopRight<T>(string key)
        where T : default => Pop<T>(key, left: false);

    public override int Length(string key)
    {
        lock (_gate)
        {
            return FindList(key)?.Value.List.Count ?? 0;
        }
    }

    private int Push<T>(string key, T value, bool left)
    {
        var item = _values.Encode(key, value);
        lock (_gate)
        {
            var entry = FindList(key) ?? Make(key, StoredValue.NewList(), ttl: null);
            var size = entry.Size + ItemSize(item);
            CheckSize(key, size);
            var list = entry.Value.List;
            if (left)
            {
                list.AddFirst(item);
            }
            else
            {
                list.AddLast(item);
            }

            Resize(entry, size);
            return list.Count;
        }
    }

    /// <summary>
    /// Looks, reads outside of the lock (a script's constructor may run), and takes the value if it is still the one at that end;
    /// otherwise another caller took it and the next one is tried.
    /// </summary>
    private T? Pop<T>(string key, bool left)
    {
        while (true)
        {
            LinkedListNode<StoredValue> end;
            lock (_gate)
            {
                if (FindList(key) is not { } entry)
                {
                    return default;
                }

                end = End(entry, left);
            }

            var value = _values.Read<T>(key, end.Value);
            lock (_gate)
            {
                if (FindList(key) is { } entry && End(entry, left) == end)
                {
                    Take(entry, end);
                    return value;
                }
            }
        }
    }

    private void Take(Entry entry, LinkedListNode<StoredValue> node)
    {
        entry.Value.List.Remove(node);
        if (entry.Value.List.Count == 0)
        {
            Drop(entry);
            return;
        }

        Resize(entry, entry.Size - ItemSize(node.Value));
    }

    /// <summary>Makes the entry the newest with its new size; also the first time, when it is in no ledger yet.</summary>
    private void Resize(Entry entry, long size)
    {
        if (_entries.TryGetValue(entry.Key, out var present) && present == entry)
        {
            _ledger.Remove(entry);
            MakeRoom(size, _clock.Now);
            entry.Size = size;
            _ledger.Add(entry);
        }
        else
        {
            entry.Size = size;
            Put(entry);
        }
    }

    private Entry? FindList(string key)
    {
        var entry = Find(key);
        return entry is null or { Kind: StoredKind.List } ? entry : throw _values.OtherType(key, "a list", entry.Value);
    }

    private static LinkedListNode<StoredValue> End(Entry entry, bool left) =>
        (left ? entry.Value.List.First : entry.Value.List.Last)!;

    private static int ItemSize(in StoredValue item) => Entry.ListItemOverhead + item.Size;
}
