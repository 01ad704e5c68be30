namespace ScriptProxy.Core.Reloading;

/// <summary>Wakes its owner when something happens in the watched folders, in those of the watched files, or in the folders of links on the way to them.</summary>
internal sealed class FolderWatchers(Action wake) : IDisposable
{
    private readonly Dictionary<string, FileSystemWatcher> _watchers = new(StringComparer.Ordinal);

    internal void Watch(IEnumerable<string> files)
    {
        // A folder that was removed and made again, or a link that was swapped, has the same path and needs another watcher.
        var folders = files.SelectMany(Folders).Distinct(StringComparer.Ordinal).ToDictionary(f => $"{f}\n{Directory.GetCreationTimeUtc(f).Ticks}", StringComparer.Ordinal);
        foreach (var gone in _watchers.Keys.Where(f => !folders.ContainsKey(f)).ToList())
        {
            _watchers.Remove(gone, out var watcher);
            watcher!.Dispose();
        }

        foreach (var (identity, folder) in folders)
        {
            if (!_watchers.ContainsKey(identity) && Create(folder) is { } watcher)
            {
                _watchers.Add(identity, watcher);
            }
        }
    }

    public void Dispose()
    {
        foreach (var watcher in _watchers.Values)
        {
            watcher.Dispose();
        }

        _watchers.Clear();
    }

    private static IEnumerable<string> Folders(string file)
    {
        if (Path.EndsInDirectorySeparator(file))
        {
            file = Path.TrimEndingDirectorySeparator(file);
            yield return file;
        }

        yield return Path.GetDirectoryName(file)!;
        for (var path = file; Path.GetDirectoryName(path) is { } parent; path = parent)
        {
            if (new FileInfo(path).LinkTarget is null)
            {
                continue;
            }

            // The link may be replaced, and what it points to may change.
            yield return parent;
            if (new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName is { } target)
            {
                yield return Path.Exists(target) && File.GetAttributes(target).HasFlag(FileAttributes.Directory) ? target : Path.GetDirectoryName(target)!;
            }
        }
    }

    private FileSystemWatcher? Create(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return null;
        }

        try
        {
            var watcher = new FileSystemWatcher(folder)
            {
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.CreationTime,
            };
            watcher.Changed += (_, _) => wake();
            watcher.Created += (_, _) => wake();
            watcher.Deleted += (_, _) => wake();
            watcher.Renamed += (_, _) => wake();
            watcher.Error += (_, _) => wake();
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception error) when (error is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // No watches left, or a file system without them: the regular look still sees every change.
            return null;
        }
    }
}
