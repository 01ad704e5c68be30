using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Scripting;

/// <summary>What C# allows and a gateway's script should not do.</summary>
/// <remarks>Names are compared before anything is bound, so that a script without suspicious words costs a walk over its tokens.</remarks>
internal static class ScriptRules
{
    public const string DynamicMessage = "`dynamic` is not available in scripts: it would keep every reloaded script in memory for ever.";
    public const string DynamicHint = "name the type, or read JSON with `System.Text.Json.JsonDocument` or `JsonNode`";

    private const string AwaitIt = "await it instead: a blocked thread serves no other request";

    private static readonly Rule[] Rules =
    [
        Blocks("System.Threading.Thread", "Sleep", "`await Task.Delay(...)` instead: a sleeping thread serves no other request"),
        Blocks("System.Threading.Thread", "Join", AwaitIt),
        Blocks("System.Threading.Tasks.Task", "Wait", AwaitIt),
        Blocks("System.Threading.Tasks.Task", "WaitAll", "`await Task.WhenAll(...)` instead"),
        Blocks("System.Threading.Tasks.Task", "WaitAny", "`await Task.WhenAny(...)` instead"),
        Blocks("System.Threading.Tasks.Task", "Result", AwaitIt),
        Blocks("System.Threading.Tasks.ValueTask", "Result", AwaitIt),
        Blocks("System.Runtime.CompilerServices.", "GetResult", AwaitIt),
        Blocks("System.Threading.SemaphoreSlim", "Wait", "`await ...WaitAsync()` instead"),
        Blocks("System.Threading.ManualResetEventSlim", "Wait", "await a `TaskCompletionSource` instead"),
        Blocks("System.Threading.CountdownEvent", "Wait", "await a `TaskCompletionSource` instead"),
        Blocks("System.Threading.WaitHandle", "WaitOne", "await a `TaskCompletionSource` instead"),
        Blocks("System.Threading.Monitor", "Wait", "use a `SemaphoreSlim` and `await ...WaitAsync()`"),
        Blocks("System.Diagnostics.Process", "WaitForExit", "`await ...WaitForExitAsync()` instead"),
        Blocks("System.Net.Http.HttpClient", "Send", "`await ...SendAsync(...)` instead"),
        Blocks("System.Console", "ReadLine", "a gateway has no one at its console"),
        Blocks("System.Console", "ReadKey", "a gateway has no one at its console"),
        Blocks("System.Console", "Read", "a gateway has no one at its console"),
        Harms("System.GC", "Collect", "stops every request of the process while it runs", "leave it to the runtime"),
        Harms("System.Environment", "Exit", "ends the gateway with every request in it", "answer with a status instead, or throw"),
        Harms("System.Environment", "FailFast", "ends the gateway with every request in it", "answer with a status instead, or throw"),
    ];

    /// <summary>The names of what makes an answer, such as Text, Respond and Retry.</summary>
    private static readonly HashSet<string> Answers = typeof(GatewayRuntime).Assembly.GetExportedTypes()
        .Where(type => type.Name.EndsWith("Context", StringComparison.Ordinal))
        .SelectMany(type => type.GetMethods())
        .Where(method => (method.ReturnType == typeof(Verdict) || method.ReturnType == typeof(Freshness)) && !method.IsSpecialName)
        .Select(method => method.Name)
        .ToHashSet(StringComparer.Ordinal);

    /// <summary>What is said once, while proxy.csx loads.</summary>
    private static readonly HashSet<string> Composing = typeof(Gateway).GetMethods(BindingFlags.Public | BindingFlags.Static)
        .Where(method => !method.IsSpecialName && method.ReturnType != typeof(TimeSpan))
        .Select(method => method.Name)
        .Except([nameof(Gateway.Every), nameof(Gateway.After), nameof(Gateway.Once), nameof(Gateway.Shared), nameof(Gateway.Peer)], StringComparer.Ordinal)
        .ToHashSet(StringComparer.Ordinal);

    /// <summary>The verbs that note their place: a second text would be taken for its file, and mean nothing.</summary>
    private static readonly HashSet<string> Located = typeof(GatewayRuntime).Assembly.GetExportedTypes()
        .SelectMany(type => type.GetMethods())
        .Where(method => method.GetParameters() is [{ ParameterType: var first }, .., { Name: "line" }] && first == typeof(string))
        .Select(method => method.Name)
        .ToHashSet(StringComparer.Ordinal);

    private static readonly ILookup<string, Rule> ByMember = Rules.ToLookup(rule => rule.Member, StringComparer.Ordinal);

    /// <param name="compilation">The script.</param>
    /// <param name="phaseFile">The file that runs for every request; null for a composition.</param>
    /// <param name="report">Told.</param>
    /// <param name="stop">Gives up.</param>
    public static void Check(CSharpCompilation compilation, string? phaseFile, DiagnosticReport report, CancellationToken stop)
    {
        foreach (var tree in compilation.SyntaxTrees)
        {
            SemanticModel? model = null;
            foreach (var name in tree.GetRoot(stop).DescendantNodes().OfType<SimpleNameSyntax>())
            {
                var text = name.Identifier.ValueText;
                if (text == "dynamic" || ByMember.Contains(text))
                {
                    model ??= compilation.GetSemanticModel(tree);
                    Check(name, model, report, stop);
                }
                else if (tree.FilePath == phaseFile && Composing.Contains(text) && CallOf(name) is not null
                    && (model ??= compilation.GetSemanticModel(tree)).GetSymbolInfo(name, stop).Symbol is IMethodSymbol { ContainingType: { Name: nameof(Gateway), ContainingNamespace.Name: nameof(ScriptProxy) } })
                {
                    report.Add(name.GetLocation(), "SP0105", $"`{text}` composes the gateway, and this file runs for every request.", "say it in proxy.csx, or in a file that proxy.csx loads");
                }
                else if (text == "Pick" && CallOf(name) is { ArgumentList.Arguments: [{ Expression: LiteralExpressionSyntax { Token.Value: string policy } }] })
                {
                    model ??= compilation.GetSemanticModel(tree);
                    if (model.GetSymbolInfo(name, stop).Symbol is { ContainingType.Name: nameof(BalancerContext) or nameof(PeerSet) })
                    {
                        var place = name.GetLocation().GetLineSpan();
                        report.Picks.Add(new ScriptPick(policy, place.Path, place.StartLinePosition.Line + 1));
                    }
                }
                else if (Located.Contains(text) && CallOf(name) is { } located && Stray(located) is var (argument, at))
                {
                    model ??= compilation.GetSemanticModel(tree);
                    if (model.GetSymbolInfo(name, stop).Symbol is IMethodSymbol method && at < method.Parameters.Length
                        && method.Parameters[at].GetAttributes().Any(attribute => attribute.AttributeClass?.Name == "CallerFilePathAttribute"))
                    {
                        report.Add(argument.GetLocation(), "SP0104", $"`{text}` does not take {argument} as well.", $"call `{text}` once for each");
                    }
                }
                else if (text is "Results" or "TypedResults" && name.Parent is MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax result } made && made.Expression == name && IsThrownAway(result))
                {
                    model ??= compilation.GetSemanticModel(tree);
                    if (result.Parent is not LambdaExpressionSyntax lambda || model.GetSymbolInfo(lambda, stop).Symbol is IMethodSymbol { ReturnsVoid: true })
                    {
                        report.Add(result.GetLocation(), "SP0103", $"`{result}` makes an answer that nobody gets: answer with a verdict, such as `c.Text(...)`, `c.Json(...)` or `c.Respond(...)`.", isError: false);
                    }
                }
                else if (Answers.Contains(text) && Statement(name) is { } statement)
                {
                    model ??= compilation.GetSemanticModel(tree);
                    if (model.GetSymbolInfo(name, stop).Symbol is IMethodSymbol { ReturnType: { Name: nameof(Verdict) or nameof(Freshness) } answer } && answer.ContainingNamespace.Name == nameof(ScriptProxy))
                    {
                        report.Add(name.GetLocation(), "SP0103", $"`{statement}` makes an answer that nobody gets: write `return {statement};`.", isError: false);
                    }
                }
            }
        }
    }

    private static void Check(SimpleNameSyntax name, SemanticModel model, DiagnosticReport report, CancellationToken stop)
    {
        var symbol = model.GetSymbolInfo(name, stop).Symbol;
        if (symbol is IDynamicTypeSymbol)
        {
            report.Add(name.GetLocation(), "SP0002", DynamicMessage, DynamicHint);
        }
        else if (symbol is IMethodSymbol or IPropertySymbol && ByMember[symbol.Name].FirstOrDefault(rule => rule.IsAbout(symbol)) is { } rule)
        {
            report.Add(name.GetLocation(), rule.Code, $"`{symbol.ContainingType.Name}.{symbol.Name}` {rule.Problem}.", rule.Hint, isError: false);
        }
    }

    /// <returns>The whole of a call that stands alone; null where something becomes of what it returns.</returns>
    private static InvocationExpressionSyntax? Statement(SimpleNameSyntax name) => CallOf(name) is { Parent: ExpressionStatementSyntax { SemicolonToken.IsMissing: false } } call ? call : null;

    private static bool IsThrownAway(InvocationExpressionSyntax call) =>
        call.Parent is ExpressionStatementSyntax { SemicolonToken.IsMissing: false } || (call.Parent is LambdaExpressionSyntax lambda && lambda.Body == call);

    private static InvocationExpressionSyntax? CallOf(SimpleNameSyntax name)
    {
        SyntaxNode called = name.Parent is MemberAccessExpressionSyntax access && access.Name == name ? access : name;
        return called.Parent is InvocationExpressionSyntax call && call.Expression == called ? call : null;
    }

    /// <returns>The first text behind the first argument that is not named, and its place.</returns>
    private static (ArgumentSyntax Argument, int At)? Stray(InvocationExpressionSyntax call)
    {
        var arguments = call.ArgumentList.Arguments;
        for (var i = 1; i < arguments.Count && arguments[i].NameColon is null; i++)
        {
            if (arguments[i].Expression is LiteralExpressionSyntax { Token.Value: string } or InterpolatedStringExpressionSyntax)
            {
                return (arguments[i], i);
            }
        }

        return null;
    }

    private static Rule Blocks(string type, string member, string hint) => new(type, member, "SP0101", "blocks a thread of the gateway", hint);

    private static Rule Harms(string type, string member, string problem, string hint) => new(type, member, "SP0102", problem, hint);

    // Type: the full name without arity; with a dot at the end, a namespace whose awaiters are meant.
    private sealed record Rule(string Type, string Member, string Code, string Problem, string Hint)
    {
        public bool IsAbout(ISymbol symbol)
        {
            for (var type = symbol.ContainingType; type is not null; type = type.BaseType)
            {
                var space = type.ContainingNamespace.ToDisplayString();
                if (Type.EndsWith('.') ? $"{space}." == Type && type.ToDisplayString().Contains("Await", StringComparison.Ordinal) : $"{space}.{type.Name}" == Type)
                {
                    return true;
                }
            }

            return false;
        }
    }
}
