using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace ScriptProxy.Core.Scripting;

/// <summary><c>using var x = ...;</c> at the top level of a phase file. The language of scripts lacks it, where it would import a namespace <c>var</c>.</summary>
/// <remarks>
/// The word is blanked out, so that every place stays where it is, and the variable, a field as all of the top level, is disposed when the body has run.
/// </remarks>
internal static partial class UsingDeclarations
{
    private static readonly CSharpParseOptions AsProgram = new(LanguageVersion.Latest, DocumentationMode.None);

    public static (SourceText Text, IReadOnlyList<string> Names) TakeOut(SourceText text)
    {
        var source = text.ToString();
        if (!Suspicion().IsMatch(source))
        {
            return (text, []);
        }

        // A program's top level has these declarations, and is otherwise read alike.
        var declarations = CSharpSyntaxTree.ParseText(source, AsProgram).GetCompilationUnitRoot().Members.OfType<GlobalStatementSyntax>()
            .Select(statement => statement.Statement).OfType<LocalDeclarationStatementSyntax>().Where(statement => !statement.UsingKeyword.IsKind(SyntaxKind.None)).ToList();
        if (declarations.Count == 0)
        {
            return (text, []);
        }

        var blanked = new StringBuilder(source);
        foreach (var word in declarations.SelectMany(declaration => new[] { declaration.AwaitKeyword, declaration.UsingKeyword }))
        {
            for (var i = word.Span.Start; i < word.Span.End; i++)
            {
                blanked[i] = ' ';
            }
        }

        return (
            SourceText.From(blanked.ToString(), text.Encoding ?? Encoding.UTF8, SourceHashAlgorithm.Sha256),
            [.. declarations.SelectMany(declaration => declaration.Declaration.Variables).Select(variable => variable.Identifier.ValueText)]);
    }

    [GeneratedRegex(@"^[ \t]*(await[ \t]+)?using[ \t]+[^=;()]+[ \t]+\w+[ \t]*=", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Suspicion();
}
