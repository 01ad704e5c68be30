using System.Collections.Concurrent;
using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>Answers in memory, bounded in bytes.</summary>
/// <remarks>
/// Eviction is S3-FIFO: what is new waits in a small queue, a tenth of the room, and moves to the main one only when it was asked for again, or
/// comes back soon after it was dropped. So one-hit wonders flush nothing, and a hit costs one byte's write and no lock.
/// </remarks>
internal sealed class MemoryStore(long capacity, TimeProvider? time = null) : IHttpCacheStore
{
    /// <summary>More variants of one key than this are the mark of a field that should not select: the oldest go.</summary>
    internal const int MostVariants = 100;

    private const int MostUses = 3;

    private readonly ConcurrentDictionary<string, Slot> _slots = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly LinkedList<Slot> _small = new();
    private readonly LinkedList<Slot> _main = new();
    private readonly Ghosts _ghosts = new();
    private readonly CommonTexts _texts = new();

    // Keys that are no URLs by themselves, by the URL that was asked for.
    private readonly Dictionary<string, HashSet<string>> _otherKeys = new(StringComparer.Ordinal);
    private readonly PurgeLog _log = new();
    private long _capacity = capacity;
    private long _smallBytes;
    private long _mainBytes;

    public long Purges => _log.Count;

    internal long Bytes => Volatile.Read(ref _smallBytes) + Volatile.Read(ref _mainBytes);

    internal long Capacity => _capacity;

    internal int Count => _slots.Count;

    internal long Evictions { get; private set; }

    /// <summary>How many URLs are known whose answers are under other keys.</summary>
    internal int OtherUrls => _otherKeys.Count;

    public ValueTask<IReadOnlyList<StoredResponse>> FindAsync(string key, CancellationToken stop)
    {
        if (!_slots.TryGetValue(key, out var slot))
        {
            return new ValueTask<IReadOnlyList<StoredResponse>>([]);
        }

        // Races lose a use now and then, which only eviction would notice.
        if (slot.Uses < MostUses)
        {
            slot.Uses++;
        }

        return new ValueTask<IReadOnlyList<StoredResponse>>(slot.Responses);
    }

    public ValueTask<IReadOnlyList<string>> OtherKeysAsync(string url, CancellationToken stop)
    {
        lock (_gate)
        {
            return new ValueTask<IReadOnlyList<string>>(_otherKeys.TryGetValue(url, out var keys) ? [.. keys] : []);
        }
    }

    public ValueTask<bool> StoreAsync(string key, StoredResponse response, long purges, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(response);
        key = _slots.TryGetValue(key, out var known) ? known.Key : key;
        response = _texts.Settle(key, response);
        lock (_gate)
        {
            if (_log.Met(response, purges))
            {
                return new ValueTask<bool>(false);
            }

            _slots.TryGetValue(key, out var slot);
            if (response.Size > _capacity / 4)
            {
                if (slot is not null)
                {
                    // What it was to replace is out of date.
                    Change(slot, [.. slot.Responses.Where(r => !IsSameVariant(r, response))]);
                }

                return new ValueTask<bool>(false);
            }

            Note(key, response.Url);
            if (slot is not null)
            {
                Change(slot, [response, .. slot.Responses.Where(r => !IsSameVariant(r, response)).Take(MostVariants - 1)]);
            }
            else
            {
                slot = new Slot(key, [response]) { Bytes = response.Size };
                Enter(slot, main: _ghosts.Remove(key));
                _slots[key] = slot;
            }

            Shrink();
        }

        return new ValueTask<bool>(true);
    }

    public ValueTask<long> PurgeAsync(CachePurge purge, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(purge);
        var met = 0L;
        var now = (time ?? TimeProvider.System).GetUtcNow();
        lock (_gate)
        {
            _log.Add(purge);
            foreach (var slot in Candidates(purge))
            {
                var count = slot.Responses.Count(purge.Meets);
                if (count == 0)
                {
                    continue;
                }

                met += count;
                Change(slot, purge.Soft
                    ? [.. slot.Responses.Select(r => purge.Meets(r) ? r.MadeStale(now) : r)]
                    : [.. slot.Responses.Where(r => !purge.Meets(r))]);
            }
        }

        return new ValueTask<long>(met);
    }

    /// <summary>To forget one URL, as every POST does, must not cost a look at all the others.</summary>
    private List<Slot> Candidates(CachePurge purge)
    {
        if (purge.Url is not { } url)
        {
            return [.. _slots.Values];
        }

        var found = new List<Slot>();
        foreach (var key in _otherKeys.GetValueOrDefault(url) is { } others ? others.Append(url) : [url])
        {
            if (_slots.TryGetValue(key, out var slot))
            {
                found.Add(slot);
            }
        }

        return found;
    }

    internal void Resize(long capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 64 * 1024);
        lock (_gate)
        {
            _capacity = capacity;
            Shrink();
        }
    }

    private static bool IsSameVariant(StoredResponse a, StoredResponse b) =>
        a.Variant.Equals(b.Variant, StringComparison.Ordinal) && a.Vary.SequenceEqual(b.Vary, StringComparer.Ordinal);

    private void Change(Slot slot, StoredResponse[] responses)
    {
        if (responses.Length == 0)
        {
            Leave(slot);
            Remove(slot);
            return;
        }

        foreach (var gone in slot.Responses.Where(r => !Array.Exists(responses, other => other.Url.Equals(r.Url, StringComparison.Ordinal))))
        {
            Unnote(slot.Key, gone.Url);
        }

        var bytes = responses.Sum(r => r.Size);
        (slot.InMain ? ref _mainBytes : ref _smallBytes) += bytes - slot.Bytes;
        slot.Bytes = bytes;
        slot.Responses = responses;
    }

    private void Enter(Slot slot, bool main)
    {
        slot.InMain = main;
        slot.Uses = 0;
        (main ? ref _mainBytes : ref _smallBytes) += slot.Bytes;
        (main ? _main : _small).AddFirst(slot.Node);
    }

    private void Leave(Slot slot)
    {
        (slot.InMain ? ref _mainBytes : ref _smallBytes) -= slot.Bytes;
        (slot.InMain ? _main : _small).Remove(slot.Node);
    }

    private void Shrink()
    {
        while (_smallBytes + _mainBytes > _capacity)
        {
            if (_small.Last is { } newest && (_smallBytes > _capacity / 10 || _main.Count == 0))
            {
                LetGoOfSmall(newest.Value);
            }
            else
            {
                LetGoOfMain(_main.Last!.Value);
            }
        }
    }

    private void LetGoOfSmall(Slot slot)
    {
        Leave(slot);
        if (slot.Uses > 1)
        {
            Enter(slot, main: true);
            return;
        }

        Remove(slot);
        _ghosts.Add(slot.Key, Math.Max(_slots.Count, 1000));
        Evictions++;
    }

    private void LetGoOfMain(Slot slot)
    {
        if (slot.Uses > 0)
        {
            slot.Uses--;
            _main.Remove(slot.Node);
            _main.AddFirst(slot.Node);
            return;
        }

        Leave(slot);
        Remove(slot);
        Evictions++;
    }

    private void Note(string key, string url)
    {
        if (!key.Equals(url, StringComparison.Ordinal))
        {
            if (!_otherKeys.TryGetValue(url, out var keys))
            {
                _otherKeys[url] = keys = new HashSet<string>(StringComparer.Ordinal);
            }

            keys.Add(key);
        }
    }

    private void Remove(Slot slot)
    {
        _slots.TryRemove(slot.Key, out _);
        foreach (var response in slot.Responses)
        {
            Unnote(slot.Key, response.Url);
        }
    }

    private void Unnote(string key, string url)
    {
        if (_otherKeys.TryGetValue(url, out var keys) && keys.Remove(key) && keys.Count == 0)
        {
            _otherKeys.Remove(url);
        }
    }

    /// <summary>All variants of a key.</summary>
    private sealed class Slot
    {
        internal Slot(string key, StoredResponse[] responses)
        {
            Key = key;
            Responses = responses;
            Node = new LinkedListNode<Slot>(this);
        }

        internal string Key { get; }

        internal LinkedListNode<Slot> Node { get; }

        internal StoredResponse[] Responses { get; set; }

        internal long Bytes { get; set; }

        internal byte Uses { get; set; }

        internal bool InMain { get; set; }
    }

    /// <summary>Keys that were dropped from the small queue not long ago, by their hashes.</summary>
    private sealed class Ghosts
    {
        private readonly Queue<int> _order = new();
        private readonly HashSet<int> _hashes = [];

        internal void Add(string key, int most)
        {
            var hash = string.GetHashCode(key, StringComparison.Ordinal);
            if (_hashes.Add(hash))
            {
                _order.Enqueue(hash);
            }

            while (_order.Count > most)
            {
                _hashes.Remove(_order.Dequeue());
            }
        }

        internal bool Remove(string key) => _hashes.Remove(string.GetHashCode(key, StringComparison.Ordinal));
    }
}
