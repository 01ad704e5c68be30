using System.Globalization;

namespace ScriptProxy.Core.Hosting;

/// <summary>Who listens on a port; best effort, on Linux, for processes that this user may look into.</summary>
internal static class PortOwner
{
    private const string Listening = "0A";

    /// <returns>Name and process id; null where it cannot be told.</returns>
    internal static string? Find(int port)
    {
        try
        {
            var sockets = Inodes("/proc/net/tcp", port).Concat(Inodes("/proc/net/tcp6", port)).Select(i => $"socket:[{i}]").ToHashSet();
            return sockets.Count == 0 ? null : Process(sockets);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Inodes(string table, int port)
    {
        if (!File.Exists(table))
        {
            yield break;
        }

        var suffix = ":" + port.ToString("X4", CultureInfo.InvariantCulture);
        foreach (var line in File.ReadLines(table).Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 9 && fields[1].EndsWith(suffix, StringComparison.Ordinal) && fields[3] == Listening)
            {
                yield return fields[9];
            }
        }
    }

    private static string? Process(HashSet<string> sockets)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(d => Path.GetFileName(d).All(char.IsAsciiDigit)))
        {
            try
            {
                foreach (var handle in Directory.EnumerateFiles(Path.Combine(folder, "fd")))
                {
                    if (new FileInfo(handle).LinkTarget is { } target && sockets.Contains(target))
                    {
                        return $"{File.ReadAllText(Path.Combine(folder, "comm")).Trim()} (process {Path.GetFileName(folder)})";
                    }
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Another user's process, or one that just ended.
            }
        }

        return null;
    }
}
