using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Core.Reloading;

/// <summary>What files and folders look like from outside: enough to see that one was written, replaced, removed, or swapped behind a link.</summary>
/// <remarks>What lies in a folder belongs to it where its path ends with a separator; a folder without one is a link on the way to a file.</remarks>
internal sealed class FileState
{
    private readonly Dictionary<string, string> _seen = new(StringComparer.Ordinal);

    internal FileState()
    {
    }

    internal FileState(IEnumerable<string> files) => Add(files);

    internal IReadOnlyCollection<string> Files => _seen.Keys;

    /// <summary>To be called before the file is read: a change from then on is seen. A file that was looked at before keeps that look.</summary>
    internal void Add(string file)
    {
        if (!_seen.ContainsKey(file))
        {
            _seen.Add(file, Look(file));
        }
    }

    internal void Add(IEnumerable<string> files)
    {
        foreach (var file in files)
        {
            Add(file);
        }
    }

    /// <summary>Takes over the looks at files that this one has none of.</summary>
    internal void Add(FileState later)
    {
        foreach (var (file, look) in later._seen)
        {
            _seen.TryAdd(file, look);
        }
    }

    /// <summary>What was read of the file is no longer what it holds.</summary>
    internal void Outdated(string file) => _seen[file] = "read before it was looked at";

    /// <summary>The same looks, of these files only; those that were not looked at yet are looked at by another.</summary>
    internal FileState Of(FileState other)
    {
        var state = new FileState();
        foreach (var (file, look) in other._seen)
        {
            state._seen.Add(file, _seen.GetValueOrDefault(file, look));
        }

        return state;
    }

    /// <summary>Every file still looks as it did.</summary>
    internal bool Holds() => _seen.All(s => Look(s.Key) == s.Value);

    /// <summary>A folder or an assembly looks different: such things are copied, and that takes time.</summary>
    internal bool CopiedHasChanged() => _seen.Any(s => Look(s.Key) is var now && now != s.Value && (IsCopied(s.Key, s.Value) || IsCopied(s.Key, now)));

    internal static string Look(string path)
    {
        if (Path.EndsInDirectorySeparator(path) && Directory.Exists(path))
        {
            return FolderState.Look(path);
        }

        try
        {
            // Where the path leads belongs to it: two releases may have files of one time and length. The time of its making tells a file
            // that was renamed into place with the old one's time and length.
            var target = LinkedPath.Of(path).Target;
            var file = new FileInfo(target);
            return file.Exists ? $"{file.LastWriteTimeUtc.Ticks} {file.CreationTimeUtc.Ticks} {file.Length} {target}" : Directory.Exists(target) ? target : "-";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return error.GetType().Name;
        }
    }

    private static bool IsCopied(string path, string state) => state.StartsWith(FolderState.Mark, StringComparison.Ordinal) || path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);
}
