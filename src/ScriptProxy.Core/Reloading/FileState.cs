namespace ScriptProxy.Core.Reloading;

/// <summary>What files look like from outside: enough to see that one was written, replaced, removed, or swapped behind a link.</summary>
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

    private static string Look(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target)
            {
                file = target;
            }

            return file.Exists ? $"{file.LastWriteTimeUtc.Ticks} {file.Length} {file.FullName}" : "-";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return error.GetType().Name;
        }
    }
}
