using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ScriptProxy.Core.Scripting;

/// <summary>The body of a phase file must return what its phase answers with. The compiler takes any object, so the check is ours.</summary>
internal static class AnswerRule
{
    public static void Check(CSharpCompilation compilation, ScriptRequest request, DiagnosticReport report, CancellationToken stop)
    {
        var expected = request.AnswerType is { } answer ? SymbolOf(compilation, answer) : null;
        foreach (var tree in compilation.SyntaxTrees)
        {
            SemanticModel? model = null;
            foreach (var expression in Answers(tree.GetRoot(stop)))
            {
                model ??= compilation.GetSemanticModel(tree);
                foreach (var part in Parts(expression).Where(part => !Fits(part, model, compilation, expected)))
                {
                    Report(part, expression, model, request, report);
                }
            }
        }
    }

    private static void Report(ExpressionSyntax part, ExpressionSyntax whole, SemanticModel model, ScriptRequest request, DiagnosticReport report)
    {
        var type = model.GetTypeInfo(part).Type;
        var given = type?.ToMinimalDisplayString(model, part.SpanStart);
        var phase = request.Phase;
        if (request.AnswerType is null)
        {
            report.Add(part.GetLocation(), "SP0003", $"{phase} answers with nothing, so its file must not return a value.", "a bare `return;` ends it early");
            return;
        }

        var answer = NameOf(request.AnswerType);
        var hint = (type as INamedTypeSymbol)?.Name is "Task" or "ValueTask" ? "await it"
            : whole.Parent is ExpressionStatementSyntax ? "the last line has no `;`, so its value is the answer: end it with `;`"
            : null;
        report.Add(part.GetLocation(), "SP0003", $"{phase} answers with {answer}, not with {(given is null ? "this" : $"`{given}`")}.", hint);
    }

    // The body's own returns, and the value of a last line without a semicolon, which counts as one.
    private static IEnumerable<ExpressionSyntax> Answers(SyntaxNode root)
    {
        var body = root.DescendantNodes(node => node is not (AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or TypeDeclarationSyntax or BaseMethodDeclarationSyntax));
        foreach (var node in body)
        {
            if (node is ReturnStatementSyntax { Expression: { } returned })
            {
                yield return returned;
            }
            else if (node is ExpressionStatementSyntax { Parent: GlobalStatementSyntax, SemicolonToken.IsMissing: true, ContainsDiagnostics: false } last)
            {
                yield return last.Expression;
            }
        }
    }

    // `a ? b : null` has no type of its own where it becomes an object, so its branches are judged.
    private static IEnumerable<ExpressionSyntax> Parts(ExpressionSyntax expression) => expression switch
    {
        ParenthesizedExpressionSyntax inner => Parts(inner.Expression),
        ConditionalExpressionSyntax choice => Parts(choice.WhenTrue).Concat(Parts(choice.WhenFalse)),
        SwitchExpressionSyntax choice => choice.Arms.SelectMany(arm => Parts(arm.Expression)),
        PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.SuppressNullableWarningExpression } inner => Parts(inner.Operand),
        ThrowExpressionSyntax => [],
        _ => [expression],
    };

    private static bool Fits(ExpressionSyntax expression, SemanticModel model, CSharpCompilation compilation, ITypeSymbol? expected)
    {
        if (expression.IsKind(SyntaxKind.NullLiteralExpression) || expression.IsKind(SyntaxKind.DefaultLiteralExpression))
        {
            return true;
        }

        var type = model.GetTypeInfo(expression).Type;
        if (type is IErrorTypeSymbol)
        {
            return true;
        }

        if (type is null)
        {
            // Without a type: a lambda or a method's name. Where binding failed, the compiler has said why.
            return model.GetDiagnostics(expression.Span).Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        }

        if (type.SpecialType == SpecialType.System_Void)
        {
            return expression.Parent is ExpressionStatementSyntax;
        }

        if (expected is null)
        {
            // A value that falls off the end without a semicolon is thrown away, as with one.
            return expression.Parent is ExpressionStatementSyntax;
        }

        // What the body returns becomes an object: a conversion that would make another value of it never runs.
        var conversion = compilation.ClassifyConversion(UnderNullable(type), UnderNullable(expected));
        return conversion is { IsImplicit: true, IsUserDefined: false } && (conversion.IsIdentity || conversion.IsReference || conversion.IsBoxing);
    }

    private static ITypeSymbol UnderNullable(ITypeSymbol type) =>
        type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable ? nullable.TypeArguments[0] : type;

    private static ITypeSymbol? SymbolOf(CSharpCompilation compilation, Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return compilation.References
            .Select(compilation.GetAssemblyOrModuleSymbol)
            .OfType<IAssemblySymbol>()
            .FirstOrDefault(assembly => assembly.Name == plain.Assembly.GetName().Name)?
            .GetTypeByMetadataName(plain.FullName!);
    }

    private static string NameOf(Type type) => $"`{(Nullable.GetUnderlyingType(type) ?? type).Name}`";
}
