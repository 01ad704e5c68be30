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

    /// <summary>The names of what makes an answer, such as Text and Respond.</summary>
    private static readonly HashSet<string> Answers = typeof(GatewayRuntime).Assembly.GetExportedTypes()
        .Where(type => type.Name.EndsWith("Context", StringComparison.Ordinal))
        .SelectMany(type => type.GetMethods())
        .Where(method => method.ReturnType == typeof(Verdict) && !method.IsSpecialName)
        .Select(method => method.Name)
        .ToHashSet(StringComparer.Ordinal);

    private static readonly ILookup<string, Rule> ByMember = Rules.ToLookup(rule => rule.Member, StringComparer.Ordinal);

    public static void Check(CSharpCompilation compilation, DiagnosticReport report, CancellationToken stop)
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
                else if (Answers.Contains(text) && Statement(name) is { } statement)
                {
                    model ??= compilation.GetSemanticModel(tree);
                    if (model.GetSymbolInfo(name, stop).Symbol is IMethodSymbol { ReturnType: { Name: nameof(Verdict) } answer } && answer.ContainingNamespace.Name == nameof(ScriptProxy))
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
    private static InvocationExpressionSyntax? Statement(SimpleNameSyntax name)
    {
        SyntaxNode called = name.Parent is MemberAccessExpressionSyntax access && access.Name == name ? access : name;
        return called.Parent is InvocationExpressionSyntax { Parent: ExpressionStatementSyntax } call && call.Expression == called ? call : null;
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
