using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Tests.Scripting;

public sealed class ScriptLibraryTests : IDisposable
{
    private readonly ScriptFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Library_WithADependencyBesideIt_Runs()
    {
        _folder.WriteLibrary("lib/Inner.dll", "deep");
        _folder.WriteLibrary("lib/Outer.dll", "", "lib/Inner.dll");

        Assert.Equal("deep", await _folder.RunAsync("#r \"lib/Outer.dll\"\nreturn Lib.Outer.Value();"));
    }

    [Fact]
    public async Task Library_NamedInALoadedFile_IsRelativeToThatFile()
    {
        _folder.WriteLibrary("lib/A.dll", "a");
        _folder.Write("lib/a.csx", "#r \"A.dll\"\nstring A() => Lib.A.Value();");

        Assert.Equal("a", await _folder.RunAsync("#load \"lib/a.csx\"\nreturn A();"));
    }

    [Fact]
    public async Task Library_ReplacedAfterTheCompile_RunsAsCompiled()
    {
        _folder.WriteLibrary("A.dll", "old");
        var image = _folder.Compile("#r \"A.dll\"\nreturn Lib.A.Value();");
        _folder.WriteLibrary("A.dll", "new");

        Assert.Equal("old", await new ScriptLoadContext("test").Load(image).RunAsync(globals: null));
        Assert.Contains(_folder["A.dll"], image.WatchList());
    }

    [Theory]
    [InlineData("System.Text.Json")]
    [InlineData("System.Text.Json.dll")]
    [InlineData("../anywhere/bin/ScriptProxy.Tests.dll")]
    public async Task Library_ThatTheGatewayHas_IsItsOwnWhereverTheLinePoints(string reference) =>
        Assert.Equal("1", await _folder.RunAsync($"#r \"{reference}\"\nreturn System.Text.Json.JsonSerializer.Serialize(1);"));

    [Fact]
    public void Library_Missing_IsToldAtItsLine()
    {
        var error = Assert.Single(_folder.Fail("// first\n#r \"lib/gone.dll\"\nreturn 1;"));

        Assert.Equal((2, 1, "SP0005"), (error.Line, error.Column, error.Code));
        Assert.Contains(Path.Combine("lib", "gone.dll"), error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(64)]
    [InlineData(4096)]
    public void Library_NotAnAssembly_IsToldAtItsLine(int size)
    {
        var bytes = new byte[size];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(_folder["bad.dll"], bytes);

        Assert.Equal("SP0005", Assert.Single(_folder.Fail("#r \"bad.dll\"\nreturn 1;")).Code);
    }

    [Fact]
    public void Library_CutShort_IsToldAtItsLine()
    {
        var bytes = File.ReadAllBytes(_folder.WriteLibrary("A.dll", "a"));
        File.WriteAllBytes(_folder["A.dll"], bytes[..(bytes.Length / 2)]);

        Assert.Equal("SP0005", Assert.Single(_folder.Fail("#r \"A.dll\"\nreturn 1;")).Code);
    }

    [Fact]
    public void Library_TwoOfOneName_AreRefused()
    {
        _folder.WriteLibrary("a/A.dll", "1");
        _folder.WriteLibrary("b/A.dll", "2");

        Assert.Equal((2, "SP0006"), Assert.Single(_folder.Fail("#r \"a/A.dll\"\n#r \"b/A.dll\"\nreturn 1;")) is var error ? (error.Line, error.Code) : default);
    }

    [Fact]
    public void Library_TwoOfOneNameInTwoScripts_AreRefusedAtLoad()
    {
        _folder.WriteLibrary("a/A.dll", "1");
        _folder.WriteLibrary("b/A.dll", "2");
        var context = new ScriptLoadContext("test");
        context.Load(_folder.Compile("#r \"a/A.dll\"\nreturn Lib.A.Value();"));

        var error = Assert.Throws<ScriptException>(() => context.Load(_folder.Compile("#r \"b/A.dll\"\nreturn Lib.A.Value();")));

        Assert.Equal("SP0006", Assert.Single(error.Diagnostics).Code);
    }

    [Fact]
    public void Package_WithoutLockFile_AsksForARestore()
    {
        var error = Assert.Single(_folder.Fail("\n#r \"nuget: Some.Package, 1.2.3\"\nreturn 1;"));

        Assert.Equal((2, "SP0004"), (error.Line, error.Code));
        Assert.Contains("Some.Package 1.2.3", error.Message, StringComparison.Ordinal);
        Assert.Contains("run `scriptproxy restore`", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Package_InTheLockFile_IsUsedWithAllItNeeds()
    {
        WriteLock();

        var image = _folder.Compile("#r \"nuget: Outer, 1.0.0\"\nreturn Lib.Outer.Value();", options: Locked);

        Assert.Equal("deep", await new ScriptLoadContext("test").Load(image).RunAsync(globals: null));
        Assert.Contains(_folder["proxy.csx.lock.json"], image.WatchList());
    }

    [Theory]
    [InlineData("nuget: Outer, 2.0.0")]
    [InlineData("nuget: Outer")]
    [InlineData("nuget: Other, 1.0.0")]
    [InlineData("nuget:")]
    public void Package_NotInTheLockFile_AsksForARestore(string reference)
    {
        WriteLock();

        Assert.Equal("SP0004", Assert.Single(_folder.Fail($"#r \"{reference}\"\nreturn 1;", options: Locked)).Code);
    }

    [Fact]
    public void Package_ChangedOnDisk_AsksForARestore()
    {
        WriteLock();
        _folder.WriteLibrary($"{PackageLock.PackagesFolder}/inner/Inner.dll", "evil");

        Assert.Contains("has changed", Assert.Single(_folder.Fail("#r \"nuget: Outer, 1.0.0\"\nreturn 1;", options: Locked)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"requested\":[],\"packages\":[null]}")]
    [InlineData("{\"requested\":[],\"packages\":[{\"id\":\"Outer\",\"version\":\"1.0.0\",\"sha512\":\"\",\"files\":{\"../../x.dll\":\"\"},\"dependencies\":[]}]}")]
    public void Package_LockFileDamaged_AsksForARestore(string text)
    {
        _folder.Write("proxy.csx.lock.json", text);

        Assert.Equal("SP0004", Assert.Single(_folder.Fail("#r \"nuget: Outer, 1.0.0\"\nreturn 1;", options: Locked)).Code);
    }

    private ScriptCompilerOptions Locked => _folder.Options with { PackageLock = _folder["proxy.csx.lock.json"] };

    private void WriteLock()
    {
        var inner = SourceFile.Read(_folder.WriteLibrary($"{PackageLock.PackagesFolder}/inner/Inner.dll", "deep"));
        var outer = SourceFile.Read(_folder.WriteLibrary($"{PackageLock.PackagesFolder}/outer/Outer.dll", "", $"{PackageLock.PackagesFolder}/inner/Inner.dll"));
        File.WriteAllBytes(_folder["proxy.csx.lock.json"], PackageLock.Write(
            [new PackageReference("Outer", "1.0.0")],
            [
                new LockedPackage("Outer", "1.0.0", "", new Dictionary<string, string> { ["outer/Outer.dll"] = outer.Sha256 }, ["Inner"]),
                new LockedPackage("Inner", "1.0.0", "", new Dictionary<string, string> { ["inner/Inner.dll"] = inner.Sha256 }, []),
            ]));
    }
}
