using ScriptProxy.Bench.Running;

namespace ScriptProxy.Bench.Caching;

/// <summary>The tables beside those of requests in turn.</summary>
internal static class CacheReport
{
    internal static void Write(Report report, IReadOnlyDictionary<string, List<StampedeTurn>> stampedes)
    {
        report.Line();
        report.Line($"## {Stampede.Clients} clients miss one key at once");
        report.Line();
        report.Line($"The origin takes {SlowOrigin.Delay.TotalMilliseconds:F0} ms to answer.");
        report.Line();
        report.Line($"| | upstream requests, most | last answer, median |");
        report.Line($"| --- | ---: | ---: |");
        foreach (var (name, turns) in stampedes)
        {
            report.Line($"| {name} | {turns.Max(t => t.Upstream)} | {Statistics.Median(turns.Select(t => t.Milliseconds)):F0} ms |");
        }
    }

    internal static void Write(Report report, CacheOptions options, IReadOnlyDictionary<string, MixResult> mixes, long bytes)
    {
        report.Line();
        report.Line($"## A mix: {options.Requests} requests by Zipf's law (exponent 1) over {options.Keys} keys of 1 KB");
        report.Line();
        report.Line($"The gateway's cache has {options.Megabytes} MB of memory, nginx's a room on disk for about as many answers. Both get the same requests.");
        report.Line();
        report.Line($"| | hit ratio | in the second half | as many of the most popular ones would give | stored at the end | memory | grown by | by answer |");
        report.Line($"| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var (name, mix) in mixes)
        {
            report.Line($"| {name} | {mix.HitRatio:P1} | {mix.LateHitRatio:P1} | {Zipf.Share(mix.Entries, options.Keys):P1} | {mix.Entries} | {Megabytes(mix.Resident):F0} MB | {Megabytes(mix.Grown):F0} MB | {(double)mix.Grown / mix.Entries:F0} bytes |");
        }

        report.Line();
        report.Line($"The gateway's cache counts {bytes} bytes for such an answer, of which 1024 are the body; the memory that it grew by holds what was not yet collected as well.");
    }

    private static double Megabytes(long bytes) => bytes / (1024.0 * 1024);
}
