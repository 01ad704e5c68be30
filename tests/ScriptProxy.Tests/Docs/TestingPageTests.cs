using System.Reflection;
using System.Text.RegularExpressions;
using ScriptProxy.Testing;
using ScriptProxy.Tests.Program;
using TestFolder = ScriptProxy.Tests.Harness.TestFolder;

namespace ScriptProxy.Tests.Docs;

/// <summary>docs/testing.md says all that there is, and its samples pass.</summary>
[Collection(Harness.Alone.Name)]
public sealed class TestingPageTests
{
    private const string Page = "docs/testing.md";

    [Fact]
    public async Task Samples_OfThePage_PassAsPrinted()
    {
        using var folder = new TestFolder();
        var fences = Fence.Of(Page);
        foreach (var file in fences.Where(f => f.FileName is not null))
        {
            folder.Write(file.FileName!, file.Text);
        }

        var (code, output, errors) = await ProgramProcess.RunAsync(folder.Root, "test");
        Assert.Equal((0, ""), (code, errors));
        var printed = fences.Single(f => f.Language.Length == 0).Text.Split('\n', 2)[1].TrimEnd();
        Assert.Matches($@"\A{Regex.Escape(printed).Replace(@"\.\.\.", ".+", StringComparison.Ordinal)}\z", output);
    }

    [Fact]
    public async Task Sample_InCSharp_Passes()
    {
        using var folder = new TestFolder();
        var sample = Fence.Of(Page).First(f => f.Language == "cs" && f.FileName is null);
        folder.Write("sample.tests.csx", $"Test(\"sample\", async () =>\n{{\n{sample.Text}}});\n");
        var (code, output, errors) = await ProgramProcess.RunAsync(folder.Root, "test");
        Assert.True(code == 0, output + errors);
    }

    [Theory]
    [InlineData(typeof(TestVerbs))]
    [InlineData(typeof(ScriptProxy.Testing.TestGateway))]
    [InlineData(typeof(TestPeers))]
    [InlineData(typeof(TestOptions))]
    [InlineData(typeof(TestPlugin))]
    public void Members_EachOne_IsTold(Type type)
    {
        var page = Repository.Read(Page);
        var names = type
            .GetMembers(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(m => m is MethodInfo { IsSpecialName: false } or PropertyInfo && m.Name is not ("Equals" or "GetHashCode" or "ToString" or "DisposeAsync" or "PrintMembers" or "EqualityContract") && !m.Name.StartsWith('<'))
            .Select(m => m.Name)
            .Except(["Seconds", "Minutes", "Hours"], StringComparer.Ordinal)
            .Distinct(StringComparer.Ordinal);
        Assert.All(names, n => Assert.Matches($@"\b{n}\b", page));
    }
}
