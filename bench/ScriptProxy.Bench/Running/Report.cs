using System.Globalization;
using System.Text;

namespace ScriptProxy.Bench.Running;

/// <summary>The report in Markdown, and what is told meanwhile.</summary>
internal sealed class Report
{
    private readonly StringBuilder _text = new();

    internal static void Progress(string what) => Console.Error.WriteLine($"... {what}");

    internal void Line(FormattableString line) => _text.AppendLine(line.ToString(CultureInfo.InvariantCulture));

    internal void Line() => _text.AppendLine();

    /// <summary>What the figures were taken on.</summary>
    internal async Task HeadAsync(string title, CancellationToken stop)
    {
        Line($"# {title}");
        Line();
        Line($"- machine: {Machine.Processor}, {Environment.ProcessorCount} cores, {Machine.MemoryGibibytes:F0} GiB, Linux {Machine.Kernel}");
        Line($"- versions: {await Machine.VersionsAsync(stop)}");
        Line($"- command: `dotnet run -c Release --project bench/ScriptProxy.Bench{Arguments()}`");
        Line($"- on: {TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC, load average before: {Machine.LoadAverage}");
    }

    internal async Task WriteAsync(string? file, CancellationToken stop)
    {
        Console.Write(_text.ToString());
        if (file is not null)
        {
            var path = Path.GetFullPath(file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, _text.ToString(), stop);
        }
    }

    private static string Arguments()
    {
        var arguments = Environment.GetCommandLineArgs().Skip(1).ToList();
        return arguments.Count == 0 ? "" : " -- " + string.Join(' ', arguments.Select(a => a.Contains(' ', StringComparison.Ordinal) ? $"\"{a}\"" : a));
    }
}
