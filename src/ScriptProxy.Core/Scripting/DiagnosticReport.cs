using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ScriptProxy.Core.Scripting;

/// <summary>Collects what the compiler and the rules say about one script, each thing once, and puts it into the user's terms.</summary>
internal sealed class DiagnosticReport(ScriptCompilerOptions options, ScriptRequest request)
{
    private readonly List<Finding> _findings = [];

    /// <summary>Policies that the script names: only a load knows which there are.</summary>
    public List<ScriptPick> Picks { get; } = [];

    public void Add(IEnumerable<Diagnostic> diagnostics) => _findings.AddRange(diagnostics
        .Where(diagnostic => diagnostic is { IsSuppressed: false, Severity: DiagnosticSeverity.Error or DiagnosticSeverity.Warning })
        .Select(Finding.Of));

    public void Add(Location location, string code, string message, string? hint = null, bool isError = true) =>
        _findings.Add(new Finding(location, code, message, isError, hint, Raw: null));

    public void AddRules(CSharpCompilation compilation, CancellationToken stop)
    {
        ScriptRules.Check(compilation, request.GlobalsType is null ? null : request.Path, this, stop);
        if (request.GlobalsType is not null)
        {
            AnswerRule.Check(compilation, request, this, stop);
        }
    }

    /// <exception cref="ScriptException">There are errors: all of them.</exception>
    public void ThrowIfFailed(CSharpCompilation compilation, FrameworkReferences frameworks)
    {
        if (_findings.Exists(finding => finding.IsError))
        {
            throw new ScriptException(Write(compilation, frameworks, errors: true));
        }
    }

    public IReadOnlyList<ScriptDiagnostic> Warnings(CSharpCompilation compilation, FrameworkReferences frameworks) => Write(compilation, frameworks, errors: false);

    /// <summary>About a file as a whole.</summary>
    public ScriptDiagnostic At(string path, string code, string message) => new(options.Display(path), 1, 1, IsError: true, code, message);

    private List<ScriptDiagnostic> Write(CSharpCompilation compilation, FrameworkReferences frameworks, bool errors)
    {
        var chosen = Settle().Where(finding => finding.IsError == errors).ToList();
        var hints = chosen.Count == 0 ? null : new ScriptHints(compilation, request, options, frameworks);
        return
        [
            .. chosen
                .Select(finding => Translate(finding, hints!))
                .Distinct()
                .OrderBy(diagnostic => diagnostic.File, StringComparer.Ordinal)
                .ThenBy(diagnostic => diagnostic.Line)
                .ThenBy(diagnostic => diagnostic.Column)
                .ThenBy(diagnostic => diagnostic.Code, StringComparer.Ordinal),
        ];
    }

    // Where a rule has said it better, the compiler's own words about the same thing go.
    private IEnumerable<Finding> Settle()
    {
        var libraryLines = _findings.Where(finding => finding.Code is "SP0004" or "SP0005" or "SP0006").Select(finding => finding.LineKey).ToHashSet();
        var namesDynamic = _findings.Exists(finding => finding is { Code: "SP0002", Raw: null });
        var misfits = _findings.Where(finding => finding.Code is "CS0029").Select(finding => finding.Location).ToHashSet();
        foreach (var finding in _findings)
        {
            // A lambda that answers with the wrong type fails for each delegate type it was tried on.
            if (finding.Code is "CS0201" or "CS1662" && misfits.Contains(finding.Location))
            {
                continue;
            }

            if (finding.Code is "CS0006" && libraryLines.Contains(finding.LineKey))
            {
                continue;
            }

            // The binder of `dynamic` is not among the references, so its uses fail with a missing member.
            if (finding.Code is "CS0656" && finding.Message.Contains("Microsoft.CSharp.RuntimeBinder", StringComparison.Ordinal))
            {
                if (!namesDynamic)
                {
                    yield return finding with { Code = "SP0002", Message = ScriptRules.DynamicMessage, Hint = ScriptRules.DynamicHint };
                }

                continue;
            }

            yield return finding;
        }
    }

    private ScriptDiagnostic Translate(Finding finding, ScriptHints hints)
    {
        var place = finding.Location.GetLineSpan();
        var hint = finding.Hint ?? (finding.Raw is { } raw ? hints.For(raw) : null);
        if (!finding.Location.IsInSource)
        {
            return At(request.Path, finding.Code, finding.Message) with { IsError = finding.IsError, Hint = hint };
        }

        var start = place.StartLinePosition;
        var line = finding.Location.SourceTree!.GetText().Lines[start.Line].ToString();
        return new ScriptDiagnostic(
            options.Display(place.Path), start.Line + 1, start.Character + 1, finding.IsError, finding.Code, finding.Message, line, hint);
    }

    private sealed record Finding(Location Location, string Code, string Message, bool IsError, string? Hint, Diagnostic? Raw)
    {
        public (string Path, int Line) LineKey => (Location.GetLineSpan().Path, Location.GetLineSpan().StartLinePosition.Line);

        public static Finding Of(Diagnostic diagnostic) => new(
            diagnostic.Location,
            diagnostic.Id,
            diagnostic.GetMessage(CultureInfo.InvariantCulture).Replace("The type 'Script'", "The script", StringComparison.Ordinal),
            diagnostic.Severity == DiagnosticSeverity.Error,
            Hint: null,
            diagnostic);
    }
}
