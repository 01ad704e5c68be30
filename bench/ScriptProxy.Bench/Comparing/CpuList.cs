using System.Globalization;

namespace ScriptProxy.Bench.Comparing;

/// <summary>CPUs as taskset names them: 0,2-3.</summary>
internal static class CpuList
{
    /// <exception cref="BenchException">It is no such list.</exception>
    internal static IReadOnlySet<int> Parse(string list)
    {
        var cpus = new SortedSet<int>();
        foreach (var part in list.Split(',', StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-');
            if (ends.Length > 2
                || !int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
                || first > last
                || last >= Environment.ProcessorCount)
            {
                throw new BenchException($"--pin {list}: '{part}' names no CPU of 0-{Environment.ProcessorCount - 1}");
            }

            cpus.UnionWith(Enumerable.Range(first, last - first + 1));
        }

        return cpus;
    }

    /// <exception cref="BenchException">None are left.</exception>
    internal static string Others(string list)
    {
        var others = Enumerable.Range(0, Environment.ProcessorCount).Except(Parse(list)).ToList();
        return others.Count > 0 ? string.Join(',', others) : throw new BenchException($"--pin {list} leaves no CPU for wrk and the backend");
    }
}
