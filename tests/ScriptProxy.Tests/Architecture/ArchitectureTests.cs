using System.Text.RegularExpressions;
using ScriptProxy.Tests.Docs;

namespace ScriptProxy.Tests.Architecture;

/// <summary>What keeps the house in order, read from the sources and from the built assemblies.</summary>
public partial class ArchitectureTests
{
    private const int MostLines = 400;

    private const string Core = "src/ScriptProxy.Core";

    private static readonly string[] Frameworks =
        [Path.GetDirectoryName(typeof(object).Assembly.Location)!, Path.GetDirectoryName(typeof(Microsoft.AspNetCore.Http.HttpContext).Assembly.Location)!];

    [Fact]
    public void Sources_EachFile_IsShort() => Assert.Equal(
        [],
        Repository.Files("src", "*.cs").Select(f => (File: f, Lines: Repository.Read(f).Count(c => c == '\n'))).Where(f => f.Lines > MostLines).Select(f => $"{f.File}: {f.Lines}"));

    [Fact]
    public void Sources_Namespace_IsTheFolder()
    {
        var wrong =
            from file in Repository.Files(Core, "*.cs")
            let folder = Path.GetRelativePath(Core, Path.GetDirectoryName(file)!).Replace('/', '.')
            where NamespaceLine().Match(Repository.Read(file)) is { Success: true } line && line.Groups["it"].Value != "ScriptProxy.Core." + folder
            select file;
        Assert.Empty(wrong);
    }

    [Fact]
    public void Core_Folders_FormNoCycle()
    {
        var uses = Folders();
        Assert.True(uses.Count > 5, "where are the folders?");
        Assert.Null(Cycle(uses));
    }

    [Fact]
    public void Core_FoldersWithACycle_AreFound() => Assert.Equal(
        "A -> B -> C -> A",
        Cycle(new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { ["A"] = ["B"], ["B"] = ["C"], ["C"] = ["A"], ["D"] = ["A"] }));

    [Fact]
    public void Abstractions_References_AreOnlyTheFrameworkAndTheLanguagesRedis() => Assert.Equal(
        ["StackExchange.Redis"],
        typeof(Gateway).Assembly.GetReferencedAssemblies().Select(a => a.Name!).Where(n => !Frameworks.Any(f => File.Exists(Path.Combine(f, n + ".dll")))));

    [Theory]
    [InlineData("Yarp", "Yarp")]
    [InlineData(@"Microsoft\.CodeAnalysis", "Scripting")]
    [InlineData(@"Mono\.Cecil", "Guarding")]
    [InlineData("NuGet", "Scripting")]
    [InlineData("McMaster", "Plugins")]
    public void Core_TypesOfALibrary_AreNamedInOneFolder(string library, string folder)
    {
        var named = new Regex($@"^\s*(?:global )?using (?:static )?{library}\b|\b{library}\.[A-Z]\w+\.", RegexOptions.CultureInvariant | RegexOptions.Multiline, TimeSpan.FromSeconds(5));
        var elsewhere = Repository.Files("src", "*.cs")
            .Where(f => !f.StartsWith($"{Core}/{folder}/", StringComparison.Ordinal) && named.IsMatch(Code(f)))
            .ToList();
        Assert.Empty(elsewhere);
    }

    [Fact]
    public void PublicApi_LibrariesOfTheEngine_AreNotPartOfIt() => Assert.DoesNotMatch(
        @"\b(Yarp|Microsoft\.CodeAnalysis|Mono\.Cecil|McMaster|StackExchange\.(?!Redis\.IDatabase!)|Spectre|System\.CommandLine)\.",
        Repository.Read("src/ScriptProxy.Abstractions/PublicAPI.Unshipped.txt") + Repository.Read("src/ScriptProxy.Abstractions/PublicAPI.Shipped.txt"));

    [Fact]
    public void Core_PublicTypes_AreOnlyWhatScriptsAreCompiledAgainst() => Assert.All(
        typeof(Core.Hosting.GatewayHost).Assembly.GetExportedTypes(), t => Assert.Equal("ScriptProxy.Core.Guarding", t.Namespace));

    [Fact]
    public void Sources_BannedApis_AreListed()
    {
        var banned = Repository.Read("src/BannedSymbols.txt");
        Assert.All(
            ["System.DateTime.Now", "System.DateTime.UtcNow", "System.DateTimeOffset.Now", "System.DateTimeOffset.UtcNow", "System.Random.Shared", "System.Threading.Thread.Sleep"],
            api => Assert.Contains($":{api}", banned, StringComparison.Ordinal));
        Assert.Contains("BannedApiAnalyzers", Repository.Read("src/Directory.Build.props"), StringComparison.Ordinal);
        Assert.Contains("<TreatWarningsAsErrors>true", Repository.Read("Directory.Build.props"), StringComparison.Ordinal);
    }

    [Fact]
    public void Tests_SleepNowhere() => Assert.Equal(
        [],
        Repository.Files("tests", "*.cs").Where(f => !f.Contains("/Architecture/", StringComparison.Ordinal) && Sleeps().IsMatch(Texts().Replace(Code(f), "\"\""))));

    [Fact]
    public void Repository_MarksOfUnfinishedWork_AreNotThere() => Assert.Equal(
        [],
        TextFiles().Where(f => !f.Contains("/Architecture/", StringComparison.Ordinal) && Marks().IsMatch(Repository.Read(f))));

    [Fact]
    public void Repository_PathsOfTheBuildMachine_AreNotNamed()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string[] places = [Repository.Root, .. home.Length > 1 ? [home + "/"] : Array.Empty<string>()];
        Assert.Equal([], TextFiles().Where(f => Repository.Read(f) is var text && places.Any(p => text.Contains(p, StringComparison.Ordinal))));
    }

    private static IEnumerable<string> TextFiles() =>
        new[] { "*.cs", "*.csx", "*.csproj", "*.props", "*.md", "*.json", "*.sh", "run" }
            .SelectMany(pattern => Repository.Files(".", pattern))
            .Where(f => !f.StartsWith("artifacts/", StringComparison.Ordinal));

    private static Dictionary<string, IReadOnlyList<string>> Folders()
    {
        var names = Directory.EnumerateDirectories(Repository.PathOf(Core)).Select(d => Path.GetFileName(d)).Where(n => n is not ("bin" or "obj")).ToList();
        return names.ToDictionary(
            n => n,
            n => (IReadOnlyList<string>)[.. Repository.Files($"{Core}/{n}", "*.cs")
                .SelectMany(f => Using().Matches(Repository.Read(f)))
                .Select(m => m.Groups["it"].Value)
                .Where(u => u != n && names.Contains(u, StringComparer.Ordinal))
                .Distinct(StringComparer.Ordinal)],
            StringComparer.Ordinal);
    }

    private static string? Cycle(IReadOnlyDictionary<string, IReadOnlyList<string>> uses)
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        string? Visit(string folder, IReadOnlyList<string> way)
        {
            if (way.Contains(folder, StringComparer.Ordinal))
            {
                return string.Join(" -> ", way.SkipWhile(w => w != folder).Append(folder));
            }

            return done.Contains(folder)
                ? null
                : uses[folder].Select(next => Visit(next, [.. way, folder])).FirstOrDefault(c => c is not null) ?? Done(folder);
        }

        string? Done(string folder)
        {
            done.Add(folder);
            return null;
        }

        return uses.Keys.Order(StringComparer.Ordinal).Select(f => Visit(f, [])).FirstOrDefault(c => c is not null);
    }

    /// <summary>A file without its comments.</summary>
    private static string Code(string file) => string.Join('\n', Repository.Read(file).Split('\n').Where(l => !l.TrimStart().StartsWith("//", StringComparison.Ordinal)));

    [GeneratedRegex(@"^namespace (?<it>[\w.]+);", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamespaceLine();

    // Also names that are qualified by their folder alone, which a namespace of its parent allows.
    [GeneratedRegex(@"^using (?:static |\w+ = )?ScriptProxy\.Core\.(?<it>\w+)|(?<![\w.])ScriptProxy\.Core\.(?=\w)(?<it>\w+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Using();

    // Scripts that tests run may wait as users' scripts do.
    [GeneratedRegex("\"{3}.*?\"{3}|\"(\\\\.|[^\"\\\\\n])*\"", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Texts();

    [GeneratedRegex(@"Thread\.Sleep|Task\.Delay\((?!Timeout\.Infinite|-1)(?![^;\n]*(time|Time)\b)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Sleeps();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Marks();
}
