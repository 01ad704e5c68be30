using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>
/// Answers in a folder, one file each, bounded in bytes; the least recently used go first. Survives restarts: an answer is written beside its place and
/// renamed, so it is whole or not there. What is known of the files is read in the background while it serves already.
/// </summary>
internal sealed partial class DiskStore : IHttpCacheStore, IDisposable
{
    private const string Aside = "tmp-";

    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<Entry>> _byKey = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _used = new();
    private readonly PurgeLog _log = new();
    private readonly SemaphoreSlim _writes = new(16);
    private readonly string _folder;
    private readonly string _own = $"{Aside}{Guid.NewGuid():N}-";
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly FileStream _lock;
    private long _capacity;
    private long _restsSince;
    private long _number;

    /// <exception cref="IOException">The folder cannot be written to, or another gateway uses it.</exception>
    internal DiskStore(string folder, long capacity, TimeProvider time, ILogger logger)
    {
        _folder = Path.Combine(folder, "v1");
        _capacity = capacity;
        _time = time;
        _logger = logger;
        Directory.CreateDirectory(_folder);
        _lock = new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        Indexed = Task.Run(IndexAsync, CancellationToken.None);
    }

    /// <summary>Ends when every file is known.</summary>
    internal Task Indexed { get; }

    public long Purges => _log.Count;

    internal long Bytes { get; private set; }

    internal int Count => _used.Count;

    public async ValueTask<IReadOnlyList<StoredResponse>> FindAsync(string key, CancellationToken stop)
    {
        var found = new List<StoredResponse>();
        foreach (var path in Paths(key))
        {
            if (await DiskFormat.ReadAsync(path, body: true, stop) is { } read && read.Key == key)
            {
                found.Add(read.Response);
            }
            else
            {
                Forget(key, path);
            }
        }

        found.Sort(static (a, b) => b.Received.CompareTo(a.Received));
        return found;
    }

    public async ValueTask<bool> StoreAsync(string key, StoredResponse response, long purges, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(response);
        if (Rests() || response.Body.Length > _capacity / 4)
        {
            return false;
        }

        var path = PathOf(key, response);
        var aside = Path.Combine(Path.GetDirectoryName(path)!, $"{_own}{Interlocked.Increment(ref _number)}");
        await _writes.WaitAsync(stop);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var size = await DiskFormat.WriteAsync(aside, key, response, stop);
            lock (_gate)
            {
                if (_log.Met(response, purges))
                {
                    File.Delete(aside);
                    return false;
                }

                File.Move(aside, path, overwrite: true);
                Add(key, new Entry(path, key, response.Url, response.Tags, size));
                Shrink();
            }

            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Rest(error);
            TryDelete(aside);
            return false;
        }
        finally
        {
            _writes.Release();
        }
    }

    public async ValueTask<long> PurgeAsync(CachePurge purge, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(purge);
        lock (_gate)
        {
            _log.Add(purge);
        }

        // What is not known yet must not come back later.
        await Indexed.WaitAsync(stop);
        lock (_gate)
        {
            var met = _used.Where(e => e.IsMetBy(purge)).ToList();
            foreach (var entry in met)
            {
                if (purge.Soft)
                {
                    DiskFormat.MarkStale(entry.Path);
                }
                else
                {
                    Remove(entry);
                    TryDelete(entry.Path);
                }
            }

            return met.Count;
        }
    }

    public void Dispose()
    {
        _lock.Dispose();
        _writes.Dispose();
    }

    internal void Resize(long capacity)
    {
        lock (_gate)
        {
            _capacity = capacity;
            Shrink();
        }
    }

    private async Task IndexAsync()
    {
        foreach (var path in Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(path).StartsWith(Aside, StringComparison.Ordinal))
            {
                if (!Path.GetFileName(path).StartsWith(_own, StringComparison.Ordinal))
                {
                    // Somebody was killed while he wrote it.
                    TryDelete(path);
                }
            }
            else if (await DiskFormat.ReadAsync(path, body: false, CancellationToken.None) is not { } read)
            {
                TryDelete(path);
            }
            else
            {
                lock (_gate)
                {
                    if (!_byKey.TryGetValue(read.Key, out var known) || !known.Exists(e => e.Path == path))
                    {
                        Add(read.Key, new Entry(path, read.Key, read.Response.Url, read.Response.Tags, read.Size));
                        Shrink();
                    }
                }
            }
        }
    }

    private List<string> Paths(string key)
    {
        lock (_gate)
        {
            if (_byKey.TryGetValue(key, out var entries))
            {
                foreach (var entry in entries)
                {
                    _used.Remove(entry.Node);
                    _used.AddFirst(entry.Node);
                }

                return [.. entries.Select(e => e.Path)];
            }
        }

        if (Indexed.IsCompleted || _log.Count > 0)
        {
            return [];
        }

        var name = Name(key);
        var shard = Path.Combine(_folder, name[..2]);
        return Directory.Exists(shard) ? [.. Directory.EnumerateFiles(shard, $"{name}-*")] : [];
    }

    private void Add(string key, Entry entry)
    {
        if (!_byKey.TryGetValue(key, out var entries))
        {
            _byKey[key] = entries = [];
        }

        if (entries.Find(e => e.Path == entry.Path) is { } old)
        {
            Drop(entries, old);
        }

        entries.Add(entry);
        _used.AddFirst(entry.Node);
        Bytes += entry.Size;
    }

    private void Shrink()
    {
        while (Bytes > _capacity && _used.Last is { } oldest)
        {
            Remove(oldest.Value);
            TryDelete(oldest.Value.Path);
        }
    }

    private void Remove(Entry entry)
    {
        var entries = _byKey[entry.Key];
        Drop(entries, entry);
        if (entries.Count == 0)
        {
            _byKey.Remove(entry.Key);
        }
    }

    private void Drop(List<Entry> entries, Entry entry)
    {
        entries.Remove(entry);
        _used.Remove(entry.Node);
        Bytes -= entry.Size;
    }

    private void Forget(string key, string path)
    {
        lock (_gate)
        {
            if (_byKey.TryGetValue(key, out var entries) && entries.Find(e => e.Path == path) is { } entry)
            {
                Remove(entry);
            }

            TryDelete(path);
        }
    }

    private bool Rests() => Volatile.Read(ref _restsSince) is not 0 and var since && _time.GetElapsedTime(since) < RestAfterFailure;

    private void Rest(Exception error)
    {
        if (Interlocked.Exchange(ref _restsSince, Math.Max(_time.GetTimestamp(), 1)) == 0)
        {
            LogFailed(_logger, _folder, error.Message);
        }
    }

    private string PathOf(string key, StoredResponse response)
    {
        var name = Name(key);
        return Path.Combine(_folder, name[..2], $"{name}-{Name(string.Join(',', response.Vary) + '\n' + response.Variant)[..16]}");
    }

    private static string Name(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next start tries again.
        }
    }

    [LoggerMessage(70, LogLevel.Warning, "the cache in {Folder} cannot be written to: {Reason}; answers are served and not stored there")]
    private static partial void LogFailed(ILogger logger, string folder, string reason);

    private sealed class Entry
    {
        internal Entry(string path, string key, string url, IReadOnlyList<string> tags, long size)
        {
            (Path, Key, Url, Tags, Size) = (path, key, url, tags, size);
            Node = new LinkedListNode<Entry>(this);
        }

        internal string Path { get; }

        internal string Key { get; }

        internal long Size { get; }

        internal LinkedListNode<Entry> Node { get; }

        private string Url { get; }

        private IReadOnlyList<string> Tags { get; }

        internal bool IsMetBy(CachePurge purge) => purge.Meets(Url, Tags);
    }
}
