using Microsoft.Extensions.Logging;
using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <content>Getting to know the files after a start, and purging: also what is not known yet.</content>
internal sealed partial class DiskStore
{
    public async ValueTask<long> PurgeAsync(CachePurge purge, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(purge);
        List<DiskEntry> met;
        DiskMeanwhile.Waiting? waiting;
        bool known;
        lock (_gate)
        {
            _log.Add(purge);
            waiting = _meanwhile?.Add(purge);
            known = _meanwhile is null;
            met = _index.Met(purge);
            foreach (var entry in met)
            {
                if (purge.Soft)
                {
                    entry.IsStale = true;
                }
                else
                {
                    entry.LetGo();
                    Remove(entry);
                }
            }
        }

        foreach (var some in met.Chunk(AtOnce))
        {
            Finish(some, purge.Soft);
        }

        if (!known && waiting is null)
        {
            // Also where the process ends before it is known.
            return met.Count + TakeAway(purge.Url!);
        }

        if (waiting is not null)
        {
            await Indexed.WaitAsync(stop);
        }

        return met.Count + (waiting?.Met ?? 0);
    }

    private async Task IndexAsync()
    {
        try
        {
            foreach (var path in Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories))
            {
                _ended.ThrowIfCancellationRequested();
                await IndexAsync(path);
            }

            lock (_gate)
            {
                _meanwhile = null;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What is not known is found when it is asked for.
            LogUnread(_logger, _folder, error.Message);
        }
        catch (OperationCanceledException)
        {
            // The store is closed.
        }
    }

    private async Task IndexAsync(string path)
    {
        var name = Path.GetFileName(path.AsSpan());
        if (name.StartsWith(Aside, StringComparison.Ordinal))
        {
            if (!name.StartsWith(_own, StringComparison.Ordinal))
            {
                // Somebody was killed while he wrote it.
                TryDelete(path);
            }

            return;
        }

        var read = await DiskFormat.ReadAsync(path, DiskDepth.Head, _ended);
        if (read.Content is { } content)
        {
            Admit(path, content);
        }
        else if (read.IsUseless)
        {
            lock (_gate)
            {
                if (_meanwhile!.Settled.Contains(path) is false)
                {
                    TryDelete(path);
                }
            }
        }
    }

    private IEnumerable<string> Unknown(string key)
    {
        var name = Name(key);
        try
        {
            return Directory.GetFiles(Path.Combine(_folder, name[..2]), $"{name}-*");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>What was read may be used: it is what is known of the file, or was not known yet.</summary>
    private StoredResponse? Admit(string path, DiskContent content)
    {
        lock (_gate)
        {
            var entry = _index.Find(content.Key, path);
            if (entry is null)
            {
                // Once all files are known, one that is not has just been removed.
                if (_meanwhile?.Settled.Contains(path) is true)
                {
                    return null;
                }

                if (_meanwhile?.Judge(content.Response.Url, content.Response.Tags) is not { Goes: var goes, IsStale: var stale } || goes)
                {
                    TryDelete(path);
                    return null;
                }

                entry = new DiskEntry(path, content.Key, content.Response, content.Id, content.Size) { IsStale = stale };
                _index.Add(entry, used: false);
                if (stale)
                {
                    MarkStale(entry);
                }

                Shrink();
            }

            if (entry.Id != content.Id || !_index.Has(entry))
            {
                return null;
            }

            var response = entry.IsStale ? content.Response with { Lifetime = TimeSpan.Zero, SoftlyPurged = true } : content.Response;
            return response.Body is DiskBody body ? response with { Body = entry.Share(body) } : response;
        }
    }

    /// <summary>The files of what a purge met.</summary>
    private void Finish(DiskEntry[] met, bool soft)
    {
        lock (_gate)
        {
            foreach (var entry in met)
            {
                if (!soft && _index.Find(entry.Key, entry.Path) is null)
                {
                    TryDelete(entry.Path);
                }
                else if (soft && _index.Has(entry))
                {
                    MarkStale(entry);
                }
            }
        }
    }

    private void MarkStale(DiskEntry entry)
    {
        try
        {
            DiskFormat.MarkStale(entry.Path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Better gone than fresh again after a restart.
            Remove(entry);
            TryDelete(entry.Path);
        }
    }

    /// <summary>The files of a URL that are not known yet.</summary>
    private int TakeAway(string url)
    {
        var taken = 0;
        foreach (var path in Unknown(url))
        {
            lock (_gate)
            {
                if (_index.Find(url, path) is null)
                {
                    taken += TryDelete(path) ? 1 : 0;
                }
            }
        }

        return taken;
    }

    [LoggerMessage(72, LogLevel.Warning, "the cache in {Folder} cannot be read to its end: {Reason}; what is not known is not bounded in size")]
    private static partial void LogUnread(ILogger logger, string folder, string reason);
}
