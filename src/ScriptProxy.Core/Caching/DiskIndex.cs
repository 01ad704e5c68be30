using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>What is known of a file.</summary>
internal sealed class DiskEntry
{
    private WeakReference<DiskBody>? _body;

    internal DiskEntry(string path, string key, StoredResponse response, Guid id, long size)
    {
        (Path, Key, Url, Tags, Id, Size) = (path, key, response.Url, response.Tags, id, size);
        Node = new LinkedListNode<DiskEntry>(this);
    }

    internal string Path { get; }

    internal string Key { get; }

    internal string Url { get; }

    internal IReadOnlyList<string> Tags { get; }

    internal Guid Id { get; }

    internal long Size { get; }

    internal LinkedListNode<DiskEntry> Node { get; }

    /// <summary>This process has written it, or has read all of it once: what was on its way to the disk when the power failed is found before it is sent.</summary>
    internal bool IsVerified { get; set; }

    /// <summary>Made stale, whether or not the file says so yet.</summary>
    internal bool IsStale { get; set; }

    /// <summary>The one body for all who read this file.</summary>
    internal DiskBody Share(DiskBody body)
    {
        if (_body is not null && _body.TryGetTarget(out var shared) && !shared.IsBroken)
        {
            return shared;
        }

        _body = new WeakReference<DiskBody>(body);
        return body;
    }

    /// <summary>The file goes: whoever reads it keeps it.</summary>
    internal void LetGo()
    {
        if (_body is not null && _body.TryGetTarget(out var body))
        {
            body.Keep();
        }
    }
}

/// <summary>What is known of the files, the most recently used first. To be called by one at a time.</summary>
internal sealed class DiskIndex
{
    private readonly Dictionary<string, List<DiskEntry>> _byKey = new(StringComparer.Ordinal);
    private readonly LinkedList<DiskEntry> _used = new();

    // Keys that are no URLs by themselves, by the URL that was asked for, and how many files each.
    private readonly Dictionary<string, Dictionary<string, int>> _otherKeys = new(StringComparer.Ordinal);

    internal long Bytes { get; private set; }

    internal int Count => _used.Count;

    internal DiskEntry? Oldest => _used.Last?.Value;

    internal IReadOnlyList<DiskEntry> Of(string key) => _byKey.GetValueOrDefault(key) ?? [];

    internal DiskEntry? Find(string key, string path) => _byKey.GetValueOrDefault(key)?.Find(e => e.Path == path);

    internal bool Has(DiskEntry entry) => ReferenceEquals(Find(entry.Key, entry.Path), entry);

    internal string[] OtherKeys(string url) => _otherKeys.TryGetValue(url, out var keys) ? [.. keys.Keys] : [];

    internal void Use(DiskEntry entry)
    {
        _used.Remove(entry.Node);
        _used.AddFirst(entry.Node);
    }

    /// <param name="entry">Takes the place of the one with the same path.</param>
    /// <param name="used">Just now, and not in an earlier life.</param>
    internal void Add(DiskEntry entry, bool used)
    {
        if (Find(entry.Key, entry.Path) is { } old)
        {
            Remove(old);
        }

        if (!_byKey.TryGetValue(entry.Key, out var entries))
        {
            _byKey[entry.Key] = entries = [];
        }

        entries.Add(entry);
        if (used)
        {
            _used.AddFirst(entry.Node);
        }
        else
        {
            _used.AddLast(entry.Node);
        }

        Bytes += entry.Size;
        if (!entry.Key.Equals(entry.Url, StringComparison.Ordinal))
        {
            if (!_otherKeys.TryGetValue(entry.Url, out var keys))
            {
                _otherKeys[entry.Url] = keys = new(StringComparer.Ordinal);
            }

            keys[entry.Key] = keys.GetValueOrDefault(entry.Key) + 1;
        }
    }

    internal void Remove(DiskEntry entry)
    {
        var entries = _byKey[entry.Key];
        entries.Remove(entry);
        if (entries.Count == 0)
        {
            _byKey.Remove(entry.Key);
        }

        _used.Remove(entry.Node);
        Bytes -= entry.Size;
        if (_otherKeys.TryGetValue(entry.Url, out var keys) && keys.TryGetValue(entry.Key, out var count))
        {
            keys[entry.Key] = count - 1;
            if (count == 1 && keys.Remove(entry.Key) && keys.Count == 0)
            {
                _otherKeys.Remove(entry.Url);
            }
        }
    }

    /// <summary>To forget one URL, as every POST does, must not cost a look at all the others.</summary>
    internal List<DiskEntry> Met(CachePurge purge)
    {
        IEnumerable<DiskEntry> candidates = purge.Url is not { } url ? _used
            : _otherKeys.TryGetValue(url, out var others) ? others.Keys.Append(url).SelectMany(Of)
            : Of(url);
        return [.. candidates.Where(e => purge.Meets(e.Url, e.Tags))];
    }
}
