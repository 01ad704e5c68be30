namespace ScriptProxy.Testing;

/// <summary>What is wrong with a script.</summary>
/// <param name="File">Relative to the folder of proxy.csx where it lies below it.</param>
/// <param name="Line">From 1; 0 where the whole file is meant, or a plugin.</param>
/// <param name="Column">From 1.</param>
/// <param name="Code">The compiler's, or one of docs/errors.md.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Hint">What to do about it; null where the message says it all.</param>
public sealed record LoadError(string File, int Line, int Column, string Code, string Message, string? Hint);

/// <summary>A configuration cannot be loaded. The message is what <c>scriptproxy check</c> prints: <c>file(line,col): error CODE: ...</c>, the source line, a caret.</summary>
public sealed class LoadFailedException : Exception
{
    internal LoadFailedException(Core.Scripting.ScriptException error)
        : base(error.Format()) => Errors = [.. error.Diagnostics.Select(d => new LoadError(d.File, d.Line, d.Column, d.Code, d.Message, d.Hint))];

    /// <summary>Everything that is wrong, by file and line; never empty.</summary>
    public IReadOnlyList<LoadError> Errors { get; }
}
