using System.Diagnostics;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Program.Output;
using ScriptProxy.Testing.Running;

namespace ScriptProxy.Program.Commands;

/// <summary>Runs test files one after the other, each test by itself.</summary>
internal static class TestCommand
{
    private const int CannotRun = 2;

    /// <returns>The exit code: 0, 1 where a test failed, 2 where tests could not be run.</returns>
    internal static async Task<int> ExecuteAsync(string place, string? filter, TimeSpan patience)
    {
        var root = Path.GetFullPath(Directory.Exists(place) ? place : Path.GetDirectoryName(Path.GetFullPath(place))!);
        var files = Files(place);
        if (files.Count == 0)
        {
            await Console.Error.WriteLineAsync(Path.Exists(place) ? $"error: there is no *{TestFile.Suffix} in {place}" : $"error: {place} does not exist");
            return CannotRun;
        }

        var began = Stopwatch.GetTimestamp();
        var report = new TestReport(Screen.Create());
        var broken = false;
        foreach (var path in files)
        {
            try
            {
                using var file = TestFile.Compile(path, root, patience);
                await RunAsync(file, Path.GetRelativePath(root, path), filter, report);
            }
            catch (ScriptException error)
            {
                broken = true;
                await Console.Error.WriteLineAsync(error.Format());
            }
        }

        report.Summary(Stopwatch.GetElapsedTime(began));
        if (report.Total == 0 && !broken)
        {
            await Console.Error.WriteLineAsync(filter is null ? "error: the files name no test" : $"error: no test has '{filter}' in its file or name");
        }

        return broken || report.Total == 0 ? CannotRun : report.Failed > 0 ? 1 : 0;
    }

    private static async Task RunAsync(TestFile file, string name, string? filter, TestReport report)
    {
        bool IsWanted(string text) => filter is null || text.Contains(filter, StringComparison.OrdinalIgnoreCase);
        var tests = (await file.ListAsync()).Where(t => IsWanted(name) || IsWanted(t.Name)).ToList();
        if (tests.Count > 0)
        {
            report.File(name);
        }

        foreach (var test in tests)
        {
            report.Add(await file.RunAsync(test));
        }
    }

    private static List<string> Files(string place)
    {
        if (File.Exists(place))
        {
            return [Path.GetFullPath(place)];
        }

        return Directory.Exists(place)
            ? [.. Directory.EnumerateFiles(Path.GetFullPath(place), "*" + TestFile.Suffix, SearchOption.AllDirectories).Where(IsSource).Order(StringComparer.Ordinal)]
            : [];

        // What builds and tools leave behind is not what somebody wrote.
        bool IsSource(string file) =>
            !Path.GetRelativePath(place, file).Split(Path.DirectorySeparatorChar).SkipLast(1).Any(part => part is "bin" or "obj" or "node_modules" || (part.StartsWith('.') && part.Trim('.').Length > 0));
    }
}
