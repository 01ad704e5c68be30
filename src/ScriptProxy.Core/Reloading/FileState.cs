namespace ScriptProxy.Core.Reloading;

/// <summary>What files and folders look like from outside: enough to see that one was written, replaced, removed, or swapped behind a link.</summary>
internal sealed class FileState
{
    private readonly Dictionary<string, string> _seen = new(StringComparer.Ordinal);

    internal FileState(IEnumerable<string> files) => Add(files);

    /// <summary>Looks at those that were not looked at before.</summary>
    internal void Add(IEnumerable<string> files)
    {
        foreach (var file in files)
        {
            if (!_seen.ContainsKey(file))
            {
                _seen.Add(file, Look(file));
            }
        }
    }

    /// <summary>Every file still looks as it did.</summary>
    internal bool Holds() => _seen.All(s => Look(s.Key) == s.Value);

    /// <summary>A folder or an assembly looks different: such things are copied, and that takes time.</summary>
    internal bool CopiedHasChanged() => _seen.Any(s => Look(s.Key) is var now && now != s.Value && (IsCopied(s.Key, s.Value) || IsCopied(s.Key, now)));

    internal static string Look(string path)
    {
        if (Directory.Exists(path))
        {
            return FolderState.Look(path);
        }

        try
        {
            var file = new FileInfo(path);
            if (file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target)
            {
                file = target;
            }

            // The time of its making tells a file that was renamed into place with the old one's time and length.
            return file.Exists ? $"{file.LastWriteTimeUtc.Ticks} {file.CreationTimeUtc.Ticks} {file.Length} {file.FullName}" : "-";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return error.GetType().Name;
        }
    }

    private static bool IsCopied(string path, string state) => state.StartsWith(FolderState.Mark, StringComparison.Ordinal) || path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);
}
