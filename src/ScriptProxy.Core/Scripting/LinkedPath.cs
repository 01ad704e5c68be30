namespace ScriptProxy.Core.Scripting;

/// <summary>A path, where it leads when every symbolic link in it is followed, and the links on the way.</summary>
/// <remarks>A mounted configuration folder swaps a link in the middle of the path, so the file's own link target does not suffice.</remarks>
internal sealed record LinkedPath(string Path, string Target, IReadOnlyList<string> Links)
{
    // The kernel's own limit on links in one path.
    private const int MaximumLinks = 40;

    public static LinkedPath Of(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        var links = new List<string>();
        try
        {
            return new LinkedPath(full, Follow(full, links), links);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new LinkedPath(full, full, links);
        }
    }

    private static string Follow(string path, List<string> links)
    {
        var root = System.IO.Path.GetPathRoot(path) ?? "";
        var parts = new Stack<string>();
        Push(parts, path[root.Length..]);
        var current = root;
        while (parts.TryPop(out var part))
        {
            var next = System.IO.Path.Combine(current, part);
            if (new FileInfo(next).LinkTarget is not { } target || links.Count == MaximumLinks)
            {
                current = next;
                continue;
            }

            links.Add(next);
            var resolved = System.IO.Path.GetFullPath(target, current);
            current = System.IO.Path.GetPathRoot(resolved) ?? "";
            Push(parts, resolved[current.Length..]);
        }

        return current;
    }

    private static void Push(Stack<string> parts, string relative)
    {
        foreach (var part in relative.Split(System.IO.Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse())
        {
            parts.Push(part);
        }
    }
}
