using System.Collections;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace ScriptProxy.Core.Pipeline;

/// <summary>Writes a line with every text of it changed: its message, the values that it names, the template where the message was put together by hand, its exception.</summary>
internal sealed class RedactingLogger(ILogger inner, Func<string, string> redact) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => state is IReadOnlyList<KeyValuePair<string, object?>> values
            ? inner.BeginScope(new Values(values, Text, state.ToString() ?? ""))
            : inner.BeginScope(Value(state, Text) ?? "");

    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!inner.IsEnabled(logLevel))
        {
            return;
        }

        var named = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
        var shown = exception is null || Unchanged(exception.ToString()) ? exception : new RedactedException(Text(exception.Message), Text(exception.ToString()));
        inner.Log(logLevel, eventId, new Values(named, Text, formatter(state, exception)), shown, static (values, _) => values.ToString());
    }

    private bool Unchanged(string text) => string.Equals(Text(text), text, StringComparison.Ordinal);

    // A handler that logs must not fail over a plugin's fault, and the line must not go out whole either.
    private string Text(string text)
    {
        try
        {
            return redact(text);
        }
        catch (Exception error)
        {
            return $"(left out: what is to redact it failed: {error.GetType().Name})";
        }
    }

    /// <summary>Numbers, times and the like stay what they are; of everything else its text counts.</summary>
    private static object? Value(object? value, Func<string, string> redact)
    {
        if (value is null or bool or char or Enum or TimeSpan or DateTime or DateTimeOffset or Guid || value.GetType().IsPrimitive)
        {
            return value;
        }

        var text = value switch
        {
            string written => written,
            IEnumerable several => string.Join(", ", several.Cast<object?>()),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
        };
        var redacted = redact(text);
        return string.Equals(redacted, text, StringComparison.Ordinal) ? value : redacted;
    }

    private sealed class Values(IReadOnlyList<KeyValuePair<string, object?>> values, Func<string, string> redact, string text) : IReadOnlyList<KeyValuePair<string, object?>>
    {
        private readonly KeyValuePair<string, object?>[] _values = [.. values.Select(v => KeyValuePair.Create(v.Key, Value(v.Value, redact)))];
        private readonly string _text = redact(text);

        public int Count => _values.Length;

        public KeyValuePair<string, object?> this[int index] => _values[index];

        public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => _values.AsEnumerable().GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public override string ToString() => _text;
    }

    private sealed class RedactedException(string message, string text) : Exception(message)
    {
        public override string ToString() => text;
    }
}
