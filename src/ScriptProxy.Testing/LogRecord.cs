using Microsoft.Extensions.Logging;

namespace ScriptProxy.Testing;

/// <summary>One record of the gateway's log.</summary>
/// <param name="Level">How grave it is.</param>
/// <param name="Category">ScriptProxy.Scripts for what scripts log, ScriptProxy.Gateway for the gateway itself.</param>
/// <param name="Message">The text, values filled in.</param>
/// <param name="Exception">What came along.</param>
public sealed record LogRecord(LogLevel Level, string Category, string Message, Exception? Exception)
{
    /// <inheritdoc />
    public override string ToString() => $"{Level}: {Message}{(Exception is null ? "" : "\n" + Exception)}";
}
