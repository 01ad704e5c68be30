using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ScriptProxy.Core.Scripting;

/// <summary>Says what to do about the mistakes that people make most: a call of another phase, a misspelt name, a forgotten <c>await</c>.</summary>
internal sealed class ScriptHints
{
    private readonly CSharpCompilation _compilation;
    private readonly ScriptRequest _request;
    private readonly FrameworkReferences _frameworks;
    private readonly PhaseMembers _phases;

    public ScriptHints(CSharpCompilation compilation, ScriptRequest request, ScriptCompilerOptions options, FrameworkReferences frameworks)
    {
        _compilation = compilation;
        _request = request;
        _frameworks = frameworks;
        _phases = new PhaseMembers(options);
    }

    public string? For(Diagnostic diagnostic) => diagnostic.Id switch
    {
        "CS4034" => "write `async` in front of the lambda: `async r => ...`",
        "CS4032" or "CS4033" => "write `async` in front of the function and let it return `Task` or `Task<...>`",
        "CS4014" => "await it: otherwise its errors are lost and it may outlive the request",
        "CS1503" when Text(diagnostic).Contains("'System.Threading.Tasks.ValueTask<", StringComparison.Ordinal) && Text(diagnostic).EndsWith("'System.Threading.Tasks.Task'", StringComparison.Ordinal) =>
            "`Task.WhenAll` takes tasks: write `x.AsTask()`, or await one after the other, they run at the same time all the same",
        "CS1503" when Text(diagnostic).Contains("from 'string' to 'System.Func<", StringComparison.Ordinal) =>
            "this takes a function, not a file: `#load` the file and name a function of it",
        "CS1593" when Text(diagnostic).EndsWith("does not take 0 arguments", StringComparison.Ordinal) => "the function gets one thing: write `x => ...`, or `_ => ...` where it is not needed",
        "CS0029" or "CS0266" or "CS1503" or "CS0019" when TellsOfATask(diagnostic) => "await it",
        "CS1503" when Text(diagnostic).Contains("'method group'", StringComparison.Ordinal) && ContextWanted(diagnostic) is { } context =>
            $"the function must take `{context}`, this phase's context, and answer with what this phase answers",
        "CS0029" or "CS1503" when Text(diagnostic).EndsWith("ScriptProxy.Verdict?>'", StringComparison.Ordinal)
            && !Text(diagnostic).Contains("type 'ScriptProxy.Verdict' to", StringComparison.Ordinal) => "answer with a verdict: `r.Next`, `r.Respond(403)` ..., or with nothing",
        "CS1643" when ContextParameter(diagnostic) is { } context => $"let every path answer: end with `return {context}.Next;`",
        "CS0161" when Text(diagnostic).Contains("Verdict", StringComparison.Ordinal) || TellsOfATask(diagnostic) => "let every path answer: end with a `return`",
        "CS0019" when Text(diagnostic).EndsWith("'IPAddress' and 'string'", StringComparison.Ordinal) => "compare texts: `ClientIp.ToString() == \"10.0.0.1\"`",
        "CS1503" or "CS0029" when Text(diagnostic).Contains("'char' to 'string'", StringComparison.Ordinal) => "texts stand in double quotes",
        "CS0027" when IsIndexed(diagnostic) => "a phase file has no `this`: write `Get(key)` and `Set(key, value)`",
        "CS0027" when _request.GlobalsType is not null => "a phase file has the members of its context as they are: leave `this.` out",
        "CS1002" when IsUsingDeclaration(diagnostic) => "at the top level of a script `using` imports a namespace: write `using (var x = ...) { ... }` or move it into a function",
        "CS1109" => "write the method at the top level of the script, without a class around it",
        "CS1504" => "the path is relative to the folder of the script that loads it",
        "CS1955" when NameAt(diagnostic) is { } name && IsVerbOfRoutes(name) => $"`{name.Identifier.ValueText}` belongs to a route: write `Route(...).{name.Identifier.ValueText}(...)`",
        "CS1955" => "leave the parentheses out; what has a key is asked with `[...]`",
        "CS1061" or "CS0117" when TellsOfATask(diagnostic) => "await it first: `(await ...).Member`",
        "CS1061" or "CS0117" => NameAt(diagnostic) is { } name ? OfMember(name) : null,
        "CS0103" when NameAt(diagnostic)?.Identifier.ValueText == "await" =>
            "at the top level `await (` reads as a call: leave the parentheses out, or put the task into a variable and await that",
        "CS0103" when NameAt(diagnostic) is { Parent: MemberAccessExpressionSyntax { Expression: var left, Name.Identifier.ValueText: var member } } name
            && left == name && _request.GlobalsType is { } globals && _phases.Has(globals.Name, member) =>
            $"a phase file has the members of its context as they are: write `{member}`",
        "CS0103" => NameAt(diagnostic) is { } name ? OfName(name) : null,
        "CS0246" => NameAt(diagnostic) is { } name ? OfType(name) : null,
        "CS0234" or "CS0426" => NameAt(diagnostic) is { } name ? OfQualified(name) : null,
        "CS1739" => NameAt(diagnostic) is { } name ? OfArgument(name) : null,
        _ => null,
    };

    private static bool TellsOfATask(Diagnostic diagnostic)
    {
        var message = Text(diagnostic);

        // What it is converted to does not matter: a lambda's answer may be meant to become a task.
        var from = message.IndexOf(" to '", StringComparison.Ordinal) is > 0 and var to ? message[..to] : message;
        return from.Contains("'System.Threading.Tasks.Task<", StringComparison.Ordinal)
            || from.Contains("'System.Threading.Tasks.ValueTask<", StringComparison.Ordinal)
            || from.Contains("'Task<", StringComparison.Ordinal)
            || from.Contains("'ValueTask<", StringComparison.Ordinal);
    }

    private static bool IsIndexed(Diagnostic diagnostic) =>
        diagnostic.Location.SourceTree?.GetRoot().FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true) is ThisExpressionSyntax { Parent: ElementAccessExpressionSyntax };

    /// <summary><c>using var x = ...</c> reads as the import of a namespace <c>var</c>, and then lacks a semicolon.</summary>
    private static bool IsUsingDeclaration(Diagnostic diagnostic)
    {
        if (diagnostic.Location.SourceTree is not { } tree)
        {
            return false;
        }

        var line = tree.GetText().Lines.GetLineFromPosition(diagnostic.Location.SourceSpan.Start);
        var before = tree.GetText().ToString(Microsoft.CodeAnalysis.Text.TextSpan.FromBounds(line.Start, diagnostic.Location.SourceSpan.Start)).TrimStart();
        return before.StartsWith("using ", StringComparison.Ordinal) && !before.Contains('=', StringComparison.Ordinal);
    }

    private static string Text(Diagnostic diagnostic) => diagnostic.GetMessage(CultureInfo.InvariantCulture);

    // The message ends with the delegate: 'System.Func<ScriptProxy.AccessContext, ...>'.
    private string? ContextWanted(Diagnostic diagnostic) =>
        Text(diagnostic).Split(" to '")[^1].Split('<', ',', '>', '.').FirstOrDefault(part => _phases.IsContext(part));

    /// <summary>The name of the lambda's parameter, where that is a context that answers with verdicts.</summary>
    private string? ContextParameter(Diagnostic diagnostic)
    {
        var lambda = diagnostic.Location.SourceTree?.GetRoot().FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true).FirstAncestorOrSelf<LambdaExpressionSyntax>();
        return lambda is not null && ParametersOf(lambda).FirstOrDefault() is { } parameter
            && _compilation.GetSemanticModel(lambda.SyntaxTree).GetDeclaredSymbol(parameter) is { Name: not "_" } symbol && _phases.Has(symbol.Type.Name, "Next")
            ? symbol.Name
            : null;
    }

    private static SimpleNameSyntax? NameAt(Diagnostic diagnostic) =>
        diagnostic.Location.SourceTree?.GetRoot().FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true) switch
        {
            QualifiedNameSyntax qualified => qualified.Right,
            MemberAccessExpressionSyntax access => access.Name,
            { } node => node.DescendantNodesAndSelf().OfType<SimpleNameSyntax>().FirstOrDefault(),
            null => null,
        };

    private string? OfMember(SimpleNameSyntax name)
    {
        var model = _compilation.GetSemanticModel(name.SyntaxTree);
        var receiver = name.Parent switch
        {
            MemberAccessExpressionSyntax access => access.Expression,
            MemberBindingExpressionSyntax binding => binding.FirstAncestorOrSelf<ConditionalAccessExpressionSyntax>()?.Expression,
            _ => null,
        };
        if (receiver is null)
        {
            return null;
        }

        var type = model.GetTypeInfo(receiver).Type ?? model.GetSymbolInfo(receiver).Symbol as ITypeSymbol;
        var text = name.Identifier.ValueText;
        if (type is null or IErrorTypeSymbol)
        {
            return null;
        }

        var members = model.LookupSymbols(name.SpanStart, type, includeReducedExtensionMethods: true).Select(symbol => symbol.Name).ToList();
        return _phases.Explain(text, type.Name)
            ?? (members.Contains(text + "Async", StringComparer.Ordinal) ? $"did you mean `await ...{text}Async(...)`?" : DidYouMean(text, members));
    }

    private string? OfName(SimpleNameSyntax name)
    {
        var text = name.Identifier.ValueText;
        var model = _compilation.GetSemanticModel(name.SyntaxTree);
        var parameters = name.AncestorsAndSelf().SelectMany(ParametersOf).Select(parameter => model.GetDeclaredSymbol(parameter)).OfType<IParameterSymbol>();
        if (parameters.FirstOrDefault(parameter => _phases.Has(parameter.Type.Name, text)) is { Name: not "_" } context)
        {
            return $"write `{context.Name}.{text}`";
        }

        return _phases.Explain(text, _request.GlobalsType?.Name)
            ?? ImportOf(text)
            ?? DidYouMean(text, Visible(model, name));
    }

    private string? OfType(SimpleNameSyntax name)
    {
        var text = name.Identifier.ValueText;
        return ImportOf(text) ?? DidYouMean(text, Visible(_compilation.GetSemanticModel(name.SyntaxTree), name));
    }

    private string? OfQualified(SimpleNameSyntax name)
    {
        var model = _compilation.GetSemanticModel(name.SyntaxTree);
        var left = name.Parent switch
        {
            QualifiedNameSyntax qualified => qualified.Left,
            MemberAccessExpressionSyntax access => access.Expression,
            _ => null,
        };
        return left is not null && model.GetSymbolInfo(left).Symbol is INamespaceOrTypeSymbol container
            ? DidYouMean(name.Identifier.ValueText, container.GetMembers().Select(member => member.Name))
            : null;
    }

    private string? OfArgument(SimpleNameSyntax name)
    {
        if (name.FirstAncestorOrSelf<ArgumentListSyntax>()?.Parent is not { } call)
        {
            return null;
        }

        var found = _compilation.GetSemanticModel(name.SyntaxTree).GetSymbolInfo(call);
        var methods = found.CandidateSymbols.Append(found.Symbol).OfType<IMethodSymbol>();
        return DidYouMean(name.Identifier.ValueText, methods.SelectMany(method => method.Parameters).Select(parameter => parameter.Name));
    }

    /// <summary>A plugin's verb may have the name of a type of its, which is what stands there without a route.</summary>
    private bool IsVerbOfRoutes(SimpleNameSyntax name) =>
        name.Parent is InvocationExpressionSyntax
        && _compilation.GetTypeByMetadataName("ScriptProxy.RouteBuilder") is { } route
        && _compilation.GetSemanticModel(name.SyntaxTree).LookupSymbols(name.SpanStart, route, name.Identifier.ValueText, includeReducedExtensionMethods: true).Length > 0;

    private IEnumerable<string> Visible(SemanticModel model, SimpleNameSyntax name)
    {
        var globals = _request.GlobalsType?.GetMembers().Where(member => member is not System.Reflection.MethodBase { IsSpecialName: true }).Select(member => member.Name);
        return model.LookupSymbols(name.SpanStart).Select(symbol => symbol.Name).Concat(globals ?? []);
    }

    private string? ImportOf(string typeName)
    {
        var namespaces = _frameworks.NamespacesWith(typeName).Where(space => space.Length > 0).Distinct(StringComparer.Ordinal).ToList();

        // With many to choose from, a list is noise.
        return namespaces.Count is 0 or > 3 ? null : $"add {string.Join(" or ", namespaces.Order(StringComparer.Ordinal).Select(space => $"`using {space};`"))} at the top";
    }

    private static string? DidYouMean(string name, IEnumerable<string> candidates) =>
        NearestName.Find(name, candidates) is { } nearest ? $"did you mean `{nearest}`?" : null;

    private static IEnumerable<ParameterSyntax> ParametersOf(SyntaxNode node) => node switch
    {
        SimpleLambdaExpressionSyntax lambda => [lambda.Parameter],
        ParenthesizedLambdaExpressionSyntax lambda => lambda.ParameterList.Parameters,
        LocalFunctionStatementSyntax function => function.ParameterList.Parameters,
        MethodDeclarationSyntax method => method.ParameterList.Parameters,
        _ => [],
    };
}
