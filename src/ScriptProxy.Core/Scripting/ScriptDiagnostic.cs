using System.Text;

namespace ScriptProxy.Core.Scripting;

/// <summary>An error or a warning about a script, in the form that editors and terminals make clickable.</summary>
/// <remarks>
/// The file is relative to the base folder where it lies below it, else a full path; line and column (in UTF-16 units) count from 1,
/// line 0 means the file or plugin as a whole;
/// the hint says what to do about it, and is null where the message says it all.
/// </remarks>
internal sealed record ScriptDiagnostic(
    string File, int Line, int Column, bool IsError, string Code, string Message, string? SourceLine = null, string? Hint = null)
{
    /// <summary>The one-line form: <c>file(line,col): error CODE: message</c>.</summary>
    public override string ToString() => $"{File}{(Line == 0 ? "" : $"({Line},{Column})")}: {(IsError ? "error" : "warning")} {Code}: {Message}";

    /// <summary>The one-line form, then the source line with a caret under the place, then the hint.</summary>
    public string Format()
    {
        var text = new StringBuilder(ToString());
        if (SourceLine is not null)
        {
            // Tabs are kept, so that the caret stands right whatever their width.
            var before = SourceLine.Take(Column - 1).Select(letter => letter == '\t' ? '\t' : ' ');
            text.Append("\n    ").Append(SourceLine).Append("\n    ").Append(string.Concat(before)).Append('^');
        }

        if (Hint is not null)
        {
            text.Append("\n    hint: ").Append(Hint);
        }

        return text.ToString();
    }
}

/// <summary>A script cannot be used; every error that was found is in <see cref="Diagnostics"/>.</summary>
internal sealed class ScriptException(IReadOnlyList<ScriptDiagnostic> diagnostics)
    : Exception(string.Join('\n', diagnostics.Select(diagnostic => diagnostic.ToString())))
{
    /// <summary>Sorted by file and position; never empty.</summary>
    public IReadOnlyList<ScriptDiagnostic> Diagnostics { get; } = diagnostics;

    /// <summary>The files whose change may mend it, as far as the failed work has read or looked for them.</summary>
    public IReadOnlyCollection<string> WatchedFiles { get; init; } = [];

    /// <summary>Every diagnostic with its source line and hint.</summary>
    public string Format() => string.Join('\n', Diagnostics.Select(diagnostic => diagnostic.Format()));
}
