using System.Text.RegularExpressions;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>Collects what is wrong with a composition, so that all of it is told at once, by file and line.</summary>
/// <param name="mainFile">What is blamed where nothing tells the place.</param>
/// <param name="baseFolder">What files are named relative to.</param>
/// <param name="sources">The files of the composition.</param>
internal sealed class Diagnostics(string mainFile, string baseFolder, IReadOnlyList<string> sources)
{
    private readonly List<ScriptDiagnostic> _found = [];

    internal bool HasErrors => _found.Exists(d => d.IsError);

    internal IReadOnlyList<ScriptDiagnostic> Found => _found;

    internal void Error(ScriptLocation at, string code, string message, string? hint = null) => Add(at, isError: true, code, message, hint);

    internal void Warning(ScriptLocation at, string code, string message, string? hint = null) => Add(at, isError: false, code, message, hint);

    internal void Add(IEnumerable<ScriptDiagnostic> others) => _found.AddRange(others);

    internal void ThrowIfErrors()
    {
        if (HasErrors)
        {
            throw new ScriptException(_found);
        }
    }

    /// <summary>A place as messages name it.</summary>
    internal string Display(ScriptLocation at) => $"{ScriptPaths.Display(at.File, baseFolder)}:{at.Line}";

    /// <summary>Where a call with that text as its first argument is written; for verbs that the compiler cannot tell their place.</summary>
    internal ScriptLocation Find(string verb, string argument)
    {
        var call = new Regex($@"\b{verb}\s*\(\s*[$@]*""{Regex.Escape(argument)}""", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        foreach (var file in sources)
        {
            var lines = Lines(file);
            for (var i = 0; i < lines.Length; i++)
            {
                if (call.IsMatch(lines[i]))
                {
                    return new ScriptLocation(file, i + 1);
                }
            }
        }

        return new ScriptLocation(mainFile, 1);
    }

    /// <summary>The known name that is nearest to what was written; null when none is near.</summary>
    internal static string? Nearest(string name, IEnumerable<string> known)
    {
        return NearestName.Find(name, known) is { } nearest ? $"did you mean \"{nearest}\"?" : null;
    }

    private void Add(ScriptLocation at, bool isError, string code, string message, string? hint)
    {
        var file = at.File is { Length: > 0 } written ? written : mainFile;
        var line = Math.Max(1, at.Line);
        var lines = Lines(file);
        var text = line <= lines.Length ? lines[line - 1] : null;
        var column = text is null ? 1 : text.Length - text.TrimStart().Length + 1;
        _found.Add(new ScriptDiagnostic(ScriptPaths.Display(file, baseFolder), line, column, isError, code, message, text, hint));
    }

    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
