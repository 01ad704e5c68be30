using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace ScriptProxy.Bench.Running;

/// <summary>What the figures were taken on.</summary>
internal static partial class Machine
{
    internal static string Processor => Field("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString();

    internal static string Kernel => File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    internal static double MemoryGibibytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024.0 * 1024 * 1024);

    internal static string LoadAverage => string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3));

    internal static async Task<string> VersionsAsync(CancellationToken stop)
    {
        var nginx = await SayAsync(["nginx", "-v"], stop);
        var wrk = await SayAsync(["sh", "-c", "wrk --version || true"], stop);
        var commit = await SayAsync(["git", "-C", Workspace.Repository, "rev-parse", "--short", "HEAD"], stop);
        return string.Join(", ", new[]
        {
            commit is null ? null : $"ScriptProxy {commit}",
            RuntimeInformation.FrameworkDescription,
            $"YARP {typeof(Yarp.ReverseProxy.Forwarder.IHttpForwarder).Assembly.GetName().Version?.ToString(3)}",
            nginx is null ? null : "nginx " + Version().Match(nginx).Value,
            wrk is null ? null : "wrk " + Version().Match(wrk).Value,
        }.OfType<string>());
    }

    private static async Task<string?> SayAsync(string[] command, CancellationToken stop)
    {
        try
        {
            return (await Child.RunAsync(command, "/", stop)).Trim();
        }
        catch (Exception error) when (error is BenchException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static string? Field(string file, string name) =>
        File.ReadLines(file).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();

    [GeneratedRegex("[0-9]+\\.[0-9.]*[0-9]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Version();
}
