using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace ScriptProxy.Program.Output;

/// <summary>A line for each entry: time, level, message. Further lines of a message, such as a source line with its caret, stay as they are.</summary>
internal sealed class LineFormatter : ConsoleFormatter
{
    internal const string FormatterName = "scriptproxy";

    private const string Reset = "\x1b[0m";

    private readonly bool _colour = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null;

    public LineFormatter()
        : base(FormatterName)
    {
    }

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        var (level, colour) = logEntry.LogLevel switch
        {
            LogLevel.Critical or LogLevel.Error => ("fail", "\x1b[31m"),
            LogLevel.Warning => ("warn", "\x1b[33m"),
            LogLevel.Information => ("info", "\x1b[32m"),
            _ => ("dbug", "\x1b[90m"),
        };
        textWriter.Write(TimeProvider.System.GetLocalNow().ToString("HH:mm:ss.fff ", CultureInfo.InvariantCulture));
        textWriter.Write(_colour ? $"{colour}{level}{Reset} " : level + " ");
        textWriter.WriteLine(message);
        if (logEntry.Exception is { } error)
        {
            textWriter.WriteLine(error);
        }
    }
}
