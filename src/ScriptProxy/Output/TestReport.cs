using System.Globalization;
using ScriptProxy.Testing.Running;
using Spectre.Console;

namespace ScriptProxy.Program.Output;

/// <summary>Prints tests as they end.</summary>
internal sealed class TestReport(IAnsiConsole console)
{
    private const int MostLines = 20;

    private int _passed;
    private int _skipped;

    internal int Failed { get; private set; }

    internal int Total => _passed + Failed + _skipped;

    internal void File(string name) => console.MarkupLine($"[bold]{Markup.Escape(name)}[/]");

    internal void Add(TestResult result)
    {
        var name = Markup.Escape(result.Name);
        if (result.Skipped is { } why)
        {
            _skipped++;
            console.MarkupLine($"  [yellow]skipped[/] {name}: {Markup.Escape(why)}");
        }
        else if (result.Failure is { } failure)
        {
            Failed++;
            console.MarkupLine($"  [red]FAILED[/]  {name} ({Milliseconds(result.Took)})");
            Show(failure);
        }
        else
        {
            _passed++;
            console.MarkupLine($"  [green]passed[/]  {name} ({Milliseconds(result.Took)})");
        }
    }

    internal void Summary(TimeSpan took) => console.MarkupLine(string.Create(
        CultureInfo.InvariantCulture, $"[{(Failed > 0 ? "red" : "green")}]{_passed} passed, {Failed} failed, {_skipped} skipped[/] in {took.TotalSeconds:F1} s"));

    private void Show(TestFailure failure)
    {
        Line($"at {failure.Place}");
        if (failure.SourceLine is { } source)
        {
            Line("    " + source);
        }

        foreach (var line in failure.Message.Split('\n'))
        {
            Line(line);
        }

        Show("handlers that ran", failure.Trace);
        Show("the gateway's log", failure.Log);
    }

    private void Show(string what, IReadOnlyList<string> lines)
    {
        if (lines.Count == 0)
        {
            return;
        }

        Line(lines.Count > MostLines ? $"{what}, the last {MostLines} of {lines.Count}:" : $"{what}:");
        foreach (var line in lines.TakeLast(MostLines).SelectMany(l => l.Split('\n')))
        {
            Line("    " + line);
        }
    }

    private void Line(string text) => console.WriteLine("          " + text);

    private static string Milliseconds(TimeSpan took) => string.Create(CultureInfo.InvariantCulture, $"{took.TotalMilliseconds:F0} ms");
}
