using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Core.Admin;

/// <summary>How a load went. Plain text, so that keeping it keeps no code.</summary>
/// <param name="At">When it ended.</param>
/// <param name="Found">What was wrong; empty when it went well.</param>
internal sealed record LoadReport(DateTimeOffset At, IReadOnlyList<ScriptDiagnostic> Found)
{
    internal bool Ok => Found.Count == 0;

    /// <summary>A load that failed by no fault of a script.</summary>
    internal static ScriptDiagnostic Unexpected(Exception error) => new("", 0, 0, IsError: true, "", $"{error.GetType().Name}: {error.Message}");

    /// <summary>As the API tells it.</summary>
    internal object Json() => new
    {
        At,
        Ok,
        Errors = Found.Select(d => new
        {
            d.File,
            d.Line,
            d.Column,
            Severity = d.IsError ? "error" : "warning",
            d.Code,
            d.Message,
            Source = d.SourceLine,
            d.Hint,
        }),
    };
}
