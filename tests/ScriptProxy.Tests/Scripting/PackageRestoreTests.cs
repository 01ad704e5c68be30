using NuGet.Frameworks;
using NuGet.Packaging;
using NuGet.Packaging.Core;
using NuGet.Versioning;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Tests.Scripting;

public sealed class PackageRestoreTests : IDisposable
{
    private readonly ScriptFolder _folder = new();

    public PackageRestoreTests()
    {
        Directory.CreateDirectory(_folder["feed"]);
        _folder.Write("NuGet.Config", """
            <configuration>
              <packageSources><clear /><add key="local" value="feed" /></packageSources>
              <packageSourceMapping><clear /></packageSourceMapping>
            </configuration>
            """);
    }

    public void Dispose() => _folder.Dispose();

    private string Lock => _folder["proxy.csx.lock.json"];

    [Fact]
    public async Task Restore_WithDependencies_RunsTheScript()
    {
        const string text = "#r \"nuget: Outer, 1.0.0\"\nreturn Lib.Outer.Value();";
        Pack("Inner", "1.2.0", "deep");
        Pack("Outer", "1.0.0", "", "Inner", "[1.0,2.0)");

        var result = await RestoreAsync(text);

        Assert.Equal(["Inner 1.2.0", "Outer 1.0.0"], result.Packages.Select(package => $"{package.Id} {package.Version}").Order(StringComparer.Ordinal));
        Assert.All(result.Packages, package => Assert.NotEmpty(Convert.FromBase64String(package.Sha512)));
        var image = _folder.Compile(text, options: _folder.Options with { PackageLock = Lock });
        Assert.Equal("deep", await new ScriptLoadContext("test").Load(image).RunAsync(globals: null));
    }

    [Fact]
    public async Task Restore_TwoWhoNeedOne_TakesTheLowestThatSuitsBoth()
    {
        foreach (var version in new[] { "1.0.0", "2.0.0", "3.0.0" })
        {
            Pack("Inner", version, version);
        }

        Pack("A", "1.0.0", "", "Inner", "1.0.0");
        Pack("B", "1.0.0", "", "Inner", "2.0.0");

        var result = await RestoreAsync("#r \"nuget: A, 1.0.0\"\n#r \"nuget: B, 1.0.0\"");

        Assert.Contains(result.Packages, package => package is { Id: "Inner", Version: "2.0.0" });
        Assert.Equal(3, result.Packages.Count);
    }

    [Fact]
    public async Task Restore_WhatTheFrameworksHave_IsSkipped()
    {
        const string text = "#r \"nuget: A, 1.0.0\"\n#r \"nuget: System.Text.Json, 9.0.0\"\nreturn Lib.A.Value();";
        Pack("A", "1.0.0", "a", "Microsoft.Extensions.Logging.Abstractions", "8.0.0");

        var result = await RestoreAsync(text);

        Assert.Equal("A", Assert.Single(result.Packages).Id);
        _folder.Compile(text, options: _folder.Options with { PackageLock = Lock });
    }

    [Fact]
    public async Task Restore_NeedsANewerFramework_IsRefused()
    {
        Pack("A", "1.0.0", "a", "System.Text.Json", "99.0.0");

        Assert.Contains("System.Text.Json 99.0.0", (await FailAsync("#r \"nuget: A, 1.0.0\"")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_Conflict_IsRefusedAndTheLockStays()
    {
        Pack("Inner", "1.0.0", "1");
        Pack("Inner", "2.0.0", "2");
        Pack("A", "1.0.0", "", "Inner", "[1.0.0]");
        Pack("B", "1.0.0", "", "Inner", "[2.0.0]");
        File.WriteAllText(Lock, "as before");

        var error = await FailAsync("#r \"nuget: A, 1.0.0\"\n#r \"nuget: B, 1.0.0\"");

        Assert.Equal("The packages do not fit together: A 1.0.0 needs Inner [1.0.0, 1.0.0], B 1.0.0 needs Inner [2.0.0, 2.0.0].", error.Message);
        Assert.Equal("as before", File.ReadAllText(Lock));
    }

    [Fact]
    public async Task Restore_UnknownPackage_NamesItAndTheSources()
    {
        var error = await FailAsync("#r \"nuget: Gone, 1.0.0\"");

        Assert.Equal("The package Gone 1.0.0 is in none of the sources: local.", error.Message);
    }

    [Fact]
    public async Task Restore_MissingDependency_NamesBoth()
    {
        Pack("A", "1.0.0", "", "Gone", "1.0.0");

        Assert.Contains("Gone", (await FailAsync("#r \"nuget: A, 1.0.0\"")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_PackageChangedUnderItsVersion_IsRefused()
    {
        Pack("A", "1.0.0", "good");
        await RestoreAsync("#r \"nuget: A, 1.0.0\"");
        Pack("A", "1.0.0", "evil");

        Assert.Contains("not the one that was locked", (await FailAsync("#r \"nuget: A, 1.0.0\"")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_NotAPackage_IsRefused()
    {
        _folder.Write("feed/A.1.0.0.nupkg", "not a zip");

        await FailAsync("#r \"nuget: A, 1.0.0\"");
    }

    [Fact]
    public async Task Restore_Twice_WritesTheSameLock()
    {
        Pack("A", "1.0.0", "a");
        await RestoreAsync("#r \"nuget: A, 1.0.0\"");
        var first = File.ReadAllBytes(Lock);
        await RestoreAsync("#r \"nuget: A, 1.0.0\"");

        Assert.Equal(first, File.ReadAllBytes(Lock));
    }

    [Fact]
    public void Requests_FollowLoadsAndAreEachOnce()
    {
        _folder.Write("lib/a.csx", "#r \"nuget: A, 1.0\"\n#load \"../main.csx\"\n#load \"gone.csx\"");
        var main = _folder.Write("main.csx", "#load \"lib/a.csx\"\n#r \"nuget: a, 1.0.0\"\n#r \"x.dll\"\n#if NO\n#r \"nuget: B, 1.0\"\n#endif");

        Assert.Equal("A", Assert.Single(PackageRequests.In([main], _folder.Root), package => package.Version == new NuGetVersion(1, 0, 0)).Id, ignoreCase: true);
    }

    [Theory]
    [InlineData("#r \"nuget: A\"", "exact version")]
    [InlineData("#r \"nuget: A, 1.*\"", "exact version")]
    [InlineData("#r \"nuget: ../A, 1.0.0\"", "exact version")]
    [InlineData("#r \"nuget: A, 1.0.0\"\n#r \"nuget: A, 2.0.0\"", "1.0.0 and 2.0.0")]
    public void Requests_Unclear_AreToldAtTheirLine(string text, string message)
    {
        var error = Assert.Single(Assert.Throws<ScriptException>(() => PackageRequests.In([_folder.Write("main.csx", text)], _folder.Root)).Diagnostics);

        Assert.Equal(("main.csx", text.Count(letter => letter == '\n') + 1, "SP0004"), (error.File, error.Line, error.Code));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private async Task<PackageRestoreResult> RestoreAsync(string text)
    {
        using var restore = new PackageRestore(Lock);
        return await restore.RestoreAsync(PackageRequests.In([_folder.Write("main.csx", text)], _folder.Root), TestContext.Current.CancellationToken);
    }

    private Task<PackageRestoreException> FailAsync(string text) => Assert.ThrowsAsync<PackageRestoreException>(() => RestoreAsync(text));

    private void Pack(string id, string version, string value, string? dependency = null, string range = "1.0.0")
    {
        var inner = dependency is not null && value.Length == 0 ? $"build/{dependency}.dll" : null;
        if (inner is not null && !File.Exists(_folder[inner]))
        {
            _folder.WriteLibrary(inner, "");
        }

        var builder = new PackageBuilder { Id = id, Version = NuGetVersion.Parse(version), Description = "test" };
        builder.Authors.Add("test");
        builder.Files.Add(new PhysicalPackageFile { SourcePath = _folder.WriteLibrary($"build/{id}.dll", value, inner), TargetPath = $"lib/net8.0/{id}.dll" });
        builder.DependencyGroups.Add(new PackageDependencyGroup(
            NuGetFramework.Parse("net8.0"), dependency is null ? [] : [new PackageDependency(dependency, VersionRange.Parse(range))]));
        using var file = File.Create(_folder[$"feed/{id}.{version}.nupkg"]);
        builder.Save(file);
    }
}
