using System.Globalization;

namespace ScriptProxy.Bench.Running;

/// <summary>What a process and its descendants use, as Linux counts it.</summary>
internal static class ProcessTree
{
    // What /proc counts in, on every architecture (USER_HZ).
    private const double TicksPerSecond = 100;

    /// <summary>User and system time so far.</summary>
    internal static TimeSpan Cpu(int root)
    {
        var ticks = 0L;
        foreach (var process in Of(root))
        {
            var fields = Stat(process);
            ticks += fields is null ? 0 : long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        }

        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    /// <summary>Resident memory in bytes; what processes share is counted for each. Without a gateway's compiler, which ends when it is idle.</summary>
    internal static long Resident(int root) => Resident(Of(root).Where(p => !IsCompiler(p)));

    /// <summary>Resident memory of a gateway's compiler in bytes; 0 where there is none.</summary>
    internal static long ResidentCompiler(int root) => Resident(Of(root).Where(IsCompiler));

    private static bool IsCompiler(int process) => ReadLines($"/proc/{process}/cmdline").FirstOrDefault()?.Split('\0').Contains("compiler-of-gateway", StringComparer.Ordinal) ?? false;

    private static long Resident(IEnumerable<int> processes)
    {
        var kibibytes = 0L;
        foreach (var process in processes)
        {
            var line = ReadLines($"/proc/{process}/status").FirstOrDefault(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            kibibytes += line is null ? 0 : long.Parse(line.AsSpan(6).Trim().TrimEnd("kB "), CultureInfo.InvariantCulture);
        }

        return kibibytes * 1024;
    }

    private static List<int> Of(int root)
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) && Stat(id) is { } fields)
            {
                parents[id] = int.Parse(fields[1], CultureInfo.InvariantCulture);
            }
        }

        var found = new List<int> { root };
        for (var i = 0; i < found.Count; i++)
        {
            found.AddRange(parents.Where(p => p.Value == found[i]).Select(p => p.Key));
        }

        return found;
    }

    /// <summary>The fields behind the name, which may hold spaces: the first is the state, the twelfth the user time. Null when the process is gone.</summary>
    private static string[]? Stat(int process)
    {
        var text = ReadLines($"/proc/{process}/stat").FirstOrDefault();
        return text?[(text.LastIndexOf(')') + 2)..].Split(' ');
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
