using Spectre.Console;

namespace ScriptProxy.Program.Output;

/// <summary>Where the program writes what people read: colours and lines on a terminal, plain text in a pipe or a file.</summary>
internal static class Screen
{
    // Nothing is wrapped in a pipe: what reads it has no margin.
    private const int Unbounded = 1000;

    internal static IAnsiConsole Create() => Create(Console.Out, terminal: !Console.IsOutputRedirected);

    /// <param name="output">Where to.</param>
    /// <param name="terminal">False: no colours, no line drawing, nothing wrapped.</param>
    /// <param name="width">The terminal's, in columns; asked for unless given.</param>
    internal static IAnsiConsole Create(TextWriter output, bool terminal, int? width = null)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = terminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        console.Profile.Capabilities.Unicode &= terminal;
        if (!terminal)
        {
            console.Profile.Width = Unbounded;
        }
        else if (width is { } columns)
        {
            console.Profile.Width = columns;
        }

        return console;
    }
}
