using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ScriptProxy.Tests.Harness;

/// <summary>Keeps what is logged, to be looked at.</summary>
internal sealed class LogLines : ILoggerFactory
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

    internal IEnumerable<string> All => _lines.Select(l => l.Text);

    /// <summary>Saves that were not taken, and why.</summary>
    internal IEnumerable<string> Refused => All.Where(l => l.StartsWith("the new configuration ", StringComparison.Ordinal));

    internal bool Has(string part) => All.Any(l => l.Contains(part, StringComparison.Ordinal));

    internal Task WaitForAsync(string part) => TestGateway.WaitAsync(() => Has(part), $"'{part}' in the log");

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public ILogger CreateLogger(string categoryName) => new Lines(this);

    public void Dispose()
    {
    }

    private sealed class Lines(LogLines owner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            owner._lines.Enqueue((logLevel, formatter(state, exception) + (exception is null ? "" : "\n" + exception)));
    }
}
