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

    /// <summary>So many files are removed before others have their turn.</summary>
    private const int AtOnce = 64;

    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly DiskIndex _index = new();
    private readonly PurgeLog _log = new();
    private readonly SemaphoreSlim _writes = new(16);
    private readonly CancellationTokenSource _ends = new();
    private readonly CancellationToken _ended;
    private readonly string _folder;
    private readonly string _own = $"{Aside}{Guid.NewGuid():N}-";
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly FileStream _lock;
    private DiskMeanwhile? _meanwhile = new();
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
        _ended = _ends.Token;
        Directory.CreateDirectory(_folder);
        _lock = new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        Indexed = Task.Run(IndexAsync, CancellationToken.None);
    }

    /// <summary>Ends when every file is known.</summary>
    internal Task Indexed { get; }

    public long Purges => _log.Count;

    internal long Bytes => _index.Bytes;

    internal int Count => _index.Count;

    public async ValueTask<IReadOnlyList<StoredResponse>> FindAsync(string key, CancellationToken stop)
    {
        var found = new List<StoredResponse>();
        foreach (var (path, entry) in Paths(key))
        {
            var read = await DiskFormat.ReadAsync(path, entry is { IsVerified: true } ? DiskDepth.Small : DiskDepth.Whole, stop);
            if (read.Content is { } content && content.Key == key)
            {
                if (Admit(path, content) is { } response)
                {
                    found.Add(response);
                }
            }
            else if (read.IsUseless)
            {
                Forget(key, path, entry);
            }
        }

        found.Sort(static (a, b) => b.Received.CompareTo(a.Received));
        return found;
    }

    public ValueTask<IReadOnlyList<string>> OtherKeysAsync(string url, CancellationToken stop)
    {
        lock (_gate)
        {
            return new ValueTask<IReadOnlyList<string>>(_index.OtherKeys(url));
        }
    }

    public async ValueTask<bool> StoreAsync(string key, StoredResponse response, long purges, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(response);
        var path = PathOf(key, response);
        var rested = Volatile.Read(ref _restsSince);

        // What it is to replace is out of date, whatever becomes of this.
        Forget(key, path);
        if (Rests() || response.Body.Length > _capacity / 4)
        {
            return false;
        }

        var aside = Path.Combine(Path.GetDirectoryName(path)!, $"{_own}{Interlocked.Increment(ref _number)}");
        await _writes.WaitAsync(stop);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var (id, size) = await DiskFormat.WriteAsync(aside, key, response, stop);
            lock (_gate)
            {
                if (_log.Met(response, purges))
                {
                    return false;
                }

                _index.Find(key, path)?.LetGo();
                File.Move(aside, path, overwrite: true);
                _index.Add(new DiskEntry(path, key, response, id, size) { IsVerified = true }, used: true);
                _meanwhile?.Settled.Add(path);
                Shrink();
            }

            if (rested != 0 && Interlocked.CompareExchange(ref _restsSince, 0, rested) == rested)
            {
                LogBack(_logger, _folder);
            }

            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (!response.Body.IsBroken)
            {
                Rest(error);
            }

            return false;
        }
        finally
        {
            // Where it was not moved to its place.
            TryDelete(aside);
            _writes.Release();
        }
    }

    public void Dispose()
    {
        _ends.Cancel();
        _ends.Dispose();
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

    private List<(string Path, DiskEntry? Entry)> Paths(string key)
    {
        lock (_gate)
        {
            if (_index.Of(key) is { Count: > 0 } entries)
            {
                foreach (var entry in entries)
                {
                    _index.Use(entry);
                }

                return [.. entries.Select(e => (e.Path, (DiskEntry?)e))];
            }

            if (_meanwhile is null)
            {
                return [];
            }
        }

        return [.. Unknown(key).Select(p => (p, (DiskEntry?)null))];
    }

    private void Shrink()
    {
        while (_index.Bytes > _capacity && _index.Oldest is { } oldest)
        {
            oldest.LetGo();
            Remove(oldest);
            TryDelete(oldest.Path);
        }
    }

    private void Forget(string key, string path)
    {
        lock (_gate)
        {
            if (_index.Find(key, path) is { } entry)
            {
                entry.LetGo();
                Remove(entry);
                TryDelete(path);
            }
        }
    }

    /// <summary>A file that is of no use, unless another one has taken its place by now.</summary>
    private void Forget(string key, string path, DiskEntry? entry)
    {
        lock (_gate)
        {
            var known = _index.Find(key, path);
            if (known is not null && !ReferenceEquals(known, entry) && known.IsVerified)
            {
                return;
            }

            if (known is not null)
            {
                Remove(known);
            }

            TryDelete(path);
        }
    }

    private void Remove(DiskEntry entry)
    {
        _index.Remove(entry);
        _meanwhile?.Settled.Add(entry.Path);
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

    private static bool TryDelete(string path)
    {
        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next start tries again.
            return false;
        }
    }

    [LoggerMessage(70, LogLevel.Warning, "the cache in {Folder} cannot be written to: {Reason}; answers are served and not stored there")]
    private static partial void LogFailed(ILogger logger, string folder, string reason);

    [LoggerMessage(71, LogLevel.Information, "the cache in {Folder} is written to again")]
    private static partial void LogBack(ILogger logger, string folder);
}
