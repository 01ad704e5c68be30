using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using ScriptProxy.Runtime;

namespace ScriptProxy.Tests.Docs;

/// <summary>The documentation says all that there is, and nothing that is not.</summary>
public partial class ReferenceTests
{
    private static readonly Type[] Contexts =
    [
        typeof(RewriteContext), typeof(AccessContext), typeof(ContentContext), typeof(LookupContext), typeof(BalancerContext), typeof(UpstreamRequestContext),
        typeof(RequestBodyFilterContext), typeof(UpstreamResponseContext), typeof(HeaderFilterContext), typeof(BodyFilterContext), typeof(ErrorContext), typeof(LogContext),
    ];

    [Fact]
    public void Language_EveryPublicMember_IsTold()
    {
        var page = Repository.Read("docs/language.md");
        var operations = Repository.Read("docs/operations.md");
        var missing =
            from type in typeof(Gateway).Assembly.GetExportedTypes()
            where type.Namespace == "ScriptProxy"
            from member in type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            where member is MethodInfo { IsSpecialName: false } or PropertyInfo or FieldInfo { IsSpecialName: false }
            where member.DeclaringType == type && !IsCommonPlace(member)
            let told = new Regex($@"\b{Regex.Escape(member.Name)}\b", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1))
            where !told.IsMatch(page) && !(type == typeof(GatewayLimits) && told.IsMatch(operations))
            select $"{type.Name}.{member.Name}";
        Assert.Empty(missing.Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public void Language_TableOfMembers_IsWhatTheContextsHave()
    {
        var page = Repository.Read("docs/language.md");
        var expected = Table();
        Assert.True(page.Contains("\n" + expected + "\n", StringComparison.Ordinal), "docs/language.md should hold:\n" + expected);
    }

    [Fact]
    public void Language_EveryPhase_HasItsHeading()
    {
        var headings = Repository.Read("docs/language.md").Split('\n').Where(l => l.StartsWith("### ", StringComparison.Ordinal)).Select(l => l[4..]).ToList();
        Assert.All(new PhaseSet().All().Select(p => p.Phase).Append("Certificate"), p => Assert.Contains(p, headings));
    }

    [Fact]
    public void Errors_CodesOfTheSource_AreEachTold()
    {
        var source = Repository.Files("src", "*.cs").SelectMany(f => Code().Matches(Repository.Read(f)).Select(m => m.Value)).Distinct(StringComparer.Ordinal);
        var told = Repository.Read("docs/errors.md").Split('\n').Where(l => l.StartsWith("### ", StringComparison.Ordinal)).Select(l => l[4..]).ToList();
        Assert.Equal(source.Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
        Assert.Equal(told.Count, told.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Operations_EveryLimit_IsToldWithItsDefault()
    {
        var page = Repository.Read("docs/operations.md");
        Assert.All(typeof(GatewayLimits).GetProperties(), p => Assert.Contains($"| `{p.Name}` |", page, StringComparison.Ordinal));
    }

    /// <summary>As an editor does it: Roslyn's script compiler with nothing imported but what the file says itself.</summary>
    [Fact]
    public void Editor_FirstSample_CompilesWithoutTheGateway()
    {
        var sample = Fence.Of("docs/editor.md").First(f => f.Language == "csharp");
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(p => Path.GetFileName(p) is var name && (name.StartsWith("System.", StringComparison.Ordinal) || name.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal) || name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal)))
            .Select(p => MetadataReference.CreateFromFile(p));
        var folder = AppContext.BaseDirectory;
        var tree = CSharpSyntaxTree.ParseText(
            sample.Text.Replace("bin/ScriptProxy.Abstractions.dll", "ScriptProxy.Abstractions.dll", StringComparison.Ordinal),
            new CSharpParseOptions(LanguageVersion.Latest, kind: SourceCodeKind.Script),
            Path.Combine(folder, "proxy.csx"));
        var compilation = CSharpCompilation.CreateScriptCompilation(
            "editor",
            tree,
            references,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, metadataReferenceResolver: new Resolver(folder)));
        Assert.Empty(compilation.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error));
    }

    private static bool IsCommonPlace(MemberInfo member) =>
        member.Name is "ToString" or "Equals" or "GetHashCode" or "Deconstruct" or "Dispose" or "DisposeAsync" or "value__"
        || (member is MethodInfo method && method.GetBaseDefinition().DeclaringType == typeof(object))
        || member.DeclaringType == typeof(ExchangeContextState)
        || member.Name.StartsWith('<');

    private static string Table()
    {
        var common = Names(typeof(ExchangeContext)).ToHashSet(StringComparer.Ordinal);
        var members = Contexts.SelectMany(Names).Distinct(StringComparer.Ordinal).Where(m => !common.Contains(m)).Order(StringComparer.Ordinal);
        var lines = new List<string>
        {
            "| member | " + string.Join(" | ", Contexts.Select(c => ExchangeName(c))) + " |",
            "| --- |" + string.Concat(Contexts.Select(_ => " --- |")),
        };
        lines.AddRange(members.Select(m => $"| `{m}` |" + string.Concat(Contexts.Select(c => Names(c).Contains(m, StringComparer.Ordinal) ? " x |" : " |"))));
        return string.Join('\n', lines);
    }

    private static string ExchangeName(Type context) => context.Name[..^"Context".Length];

    private static IEnumerable<string> Names(Type type) => type
        .GetMembers(BindingFlags.Public | BindingFlags.Instance)
        .Where(m => m is MethodInfo { IsSpecialName: false } or PropertyInfo && !IsCommonPlace(m) && m.Name != "GetType")
        .Select(m => m.Name);

    [GeneratedRegex("(?<=\")SP[0-9]{4}(?=\")", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Code();

    private sealed class Resolver(string folder) : MetadataReferenceResolver
    {
        public override System.Collections.Immutable.ImmutableArray<PortableExecutableReference> ResolveReference(
            string reference, string? baseFilePath, MetadataReferenceProperties properties) => [MetadataReference.CreateFromFile(Path.Combine(folder, reference))];

        public override bool Equals(object? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => 0;
    }
}
