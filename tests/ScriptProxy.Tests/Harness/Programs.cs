using System.Diagnostics;
using System.Text;

namespace ScriptProxy.Tests.Harness;

/// <summary>Programs of this machine that the tests run against.</summary>
internal static class Programs
{
    /// <summary>Where everything is installed that a test could want: there nothing is skipped, and nothing stands in for anything.</summary>
    internal static bool InCI => string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Where a program is. Without it the test is skipped; in CI it fails.</summary>
    internal static string Require(params string[] names)
    {
        var found = Find(names);
        if (found is null)
        {
            var reason = $"{string.Join(" or ", names)} is not installed";
            Assert.False(InCI, reason);
            Assert.Skip(reason);
        }

        return found;
    }

    /// <returns>Null where none of them is installed.</returns>
    internal static string? Find(params string[] names)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/usr/local/bin", "/usr/lib/git-core", "/usr/libexec/git-core"]);
        return names.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
    }

    /// <summary>Runs a program to its end, at most two minutes.</summary>
    internal static async Task<ProgramResult> RunAsync(string program, IEnumerable<string> arguments, string? folder = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = folder ?? "" };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var process = Process.Start(start)!;
        try
        {
            using var output = new MemoryStream();
            var copied = process.StandardOutput.BaseStream.CopyToAsync(output, limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await copied;
            await process.WaitForExitAsync(limit.Token);
            return new ProgramResult(process.ExitCode, output.ToArray(), await error);
        }
        catch (OperationCanceledException error)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end", error);
        }
    }
}

internal sealed record ProgramResult(int ExitCode, byte[] Output, string Error)
{
    internal string Text => Encoding.UTF8.GetString(Output);

    /// <summary>What it said, when it ended well.</summary>
    internal string Success()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Error}\n{Text}");
        return Text;
    }
}
