namespace ScriptProxy.Core.Scripting;

/// <summary>Compiled scripts on disk, found by content. Nothing that lies in the folder can make a compile fail: what is not sound is a miss.</summary>
/// <remarks>Its files are code that will run, so the folder must belong to this user alone. Several processes may share it.</remarks>
internal sealed class ScriptCache
{
    private const string Extension = ".script";
    private static readonly TimeSpan LeftoverAge = TimeSpan.FromHours(1);

    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly int _maximumEntries;
    private readonly long _maximumBytes;

    private ScriptCache(string folder, TimeProvider time, int maximumEntries, long maximumBytes)
    {
        _folder = folder;
        _time = time;
        _maximumEntries = maximumEntries;
        _maximumBytes = maximumBytes;
    }

    /// <summary>Opens the folder, making it where there is none. Beyond the maximum, in entries or bytes, those not used for longest go.</summary>
    /// <returns>Null, with a warning that says why, where the folder cannot be made or others can write to it.</returns>
    public static ScriptCache? Open(string folder, TimeProvider time, out string? warning, int maximumEntries = 64, long maximumBytes = 64L << 20)
    {
        folder = Path.GetFullPath(folder);
        warning = CacheFolder.Prepare(folder) is { } problem
            ? $"Scripts are compiled anew at every start: the cache folder {folder} is not used, because {problem}."
            : null;
        return warning is null ? new ScriptCache(folder, time, maximumEntries, maximumBytes) : null;
    }

    /// <summary>Both halves of a key as one: what was known before the compile, and every file that the compile read.</summary>
    public static string ContentKey(string key, IReadOnlyList<ScriptSource> sources, IReadOnlyList<ScriptLibrary> libraries) => ScriptToolchain.Combine(
        [key, .. sources.SelectMany(source => new[] { source.Path, source.Sha256 }), "", .. libraries.SelectMany(library => new[] { library.Path, library.Sha256 })]);

    /// <summary>The image for this key whose every source and library is on disk just as it was compiled; null where there is none.</summary>
    public ScriptImage? Find(string key, SourceFile main)
    {
        try
        {
            foreach (var path in Directory.EnumerateFiles(_folder, $"{key[..32]}-*{Extension}"))
            {
                if (SourceFile.TryRead(path) is { } file && CacheEntry.TryRead(file.Bytes, key, main) is { } image)
                {
                    Touch(path);
                    return image;
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The folder went away: a miss like any other.
        }

        return null;
    }

    /// <summary>Keeps an image. It appears whole or not at all; a full disk only means a compile more next time.</summary>
    public void Store(string key, ScriptImage image)
    {
        var content = ContentKey(key, image.Sources, image.Libraries);
        var path = Path.Combine(_folder, $"{key[..32]}-{content[..32]}{Extension}");
        var temporary = Path.Combine(_folder, Path.GetRandomFileName() + ".tmp");
        try
        {
            File.WriteAllBytes(temporary, CacheEntry.Write(key, image));
            File.Move(temporary, path, overwrite: true);
            Touch(path);
            Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
        }
    }

    // A script that is used stays, however often its neighbours are saved.
    private void Touch(string path)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, _time.GetUtcNow().UtcDateTime);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another process has just trimmed it.
        }
    }

    private void Trim()
    {
        var folder = new DirectoryInfo(_folder);
        var bytes = 0L;
        var count = 0;
        foreach (var entry in folder.GetFiles($"*{Extension}").OrderByDescending(file => file.LastWriteTimeUtc).ThenBy(file => file.Name, StringComparer.Ordinal))
        {
            bytes += entry.Length;
            count++;
            if (count > _maximumEntries || bytes > _maximumBytes)
            {
                TryDelete(entry.FullName);
            }
        }

        var oldest = _time.GetUtcNow().UtcDateTime - LeftoverAge;
        foreach (var leftover in folder.GetFiles("*.tmp").Where(file => file.LastWriteTimeUtc < oldest))
        {
            TryDelete(leftover.FullName);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whoever holds it trims it later.
        }
    }
}
