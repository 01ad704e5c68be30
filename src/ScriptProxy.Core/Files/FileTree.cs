using System.Buffers;

namespace ScriptProxy.Core.Files;

/// <summary>Turns request paths into paths below a folder, and lets none out of it.</summary>
internal sealed class FileTree(string root)
{
    private const int MostLinks = 40;

    private static readonly SearchValues<char> Forbidden = SearchValues.Create(
        [.. Path.GetInvalidFileNameChars().Where(c => c != '/'), '\\', .. Enumerable.Range(0, 32).Select(i => (char)i), '\x7f']);

    private readonly string _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));

    /// <summary>
    /// The absolute path that a decoded request path stands for; it need not exist. Null where the path is not to be served: a segment that
    /// begins with a dot (so also <c>..</c>; <c>/.well-known/</c> is public by RFC 8615), a backslash, a control character.
    /// </summary>
    public string? Locate(string? path)
    {
        ReadOnlySpan<char> rest = path;
        if (rest.ContainsAny(Forbidden))
            return null;

        bool first = true;
        foreach (Range range in rest.Split('/'))
        {
            ReadOnlySpan<char> segment = rest[range];
            if (segment.IsEmpty)
                continue;
            if (segment[0] == '.' && !(first && segment is ".well-known"))
                return null;
            first = false;
        }

        return Path.TrimEndingDirectorySeparator(Path.GetFullPath(_root + "/" + path));
    }

    /// <summary>Whether <paramref name="located"/> is a file that no symbolic link takes out of the root.</summary>
    public bool HasFile(string located) => File.Exists(located) && StaysInside(located);

    private bool StaysInside(string located)
    {
        for (string? part = located; part is not null && part.Length > _root.Length; part = Path.GetDirectoryName(part))
        {
            if (new FileInfo(part).LinkTarget is not null)
                return RealPath(located) is { } real && RealPath(_root) is { } realRoot && IsBelow(real, realRoot);
        }

        return true;
    }

    private static bool IsBelow(string path, string folder)
        => path.StartsWith(folder, StringComparison.Ordinal)
            && (folder[^1] == Path.DirectorySeparatorChar || (path.Length > folder.Length && path[folder.Length] == Path.DirectorySeparatorChar));

    /// <summary>The path with every symbolic link followed; null where they go in circles.</summary>
    private static string? RealPath(string path)
    {
        string current = Path.GetPathRoot(path)!;
        var pending = new Stack<string>();
        Push(pending, path[current.Length..]);

        int links = 0;
        while (pending.TryPop(out string? segment))
        {
            if (segment == "..")
            {
                current = Path.GetDirectoryName(current) ?? current;
                continue;
            }

            string next = Path.Combine(current, segment);
            string? target = new FileInfo(next).LinkTarget;
            if (target is null)
            {
                current = next;
                continue;
            }

            if (++links > MostLinks)
                return null;
            if (Path.IsPathRooted(target))
            {
                current = Path.GetPathRoot(Path.GetFullPath(target))!;
                target = target[Path.GetPathRoot(target)!.Length..];
            }

            Push(pending, target);
        }

        return current;
    }

    private static void Push(Stack<string> pending, string path)
    {
        string[] segments = path.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
        for (int i = segments.Length - 1; i >= 0; i--)
        {
            if (segments[i] != ".")
                pending.Push(segments[i]);
        }
    }
}
