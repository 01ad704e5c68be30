using System.Reflection.Metadata;
using System.Security.Cryptography;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Tests.Scripting;

public sealed class ScriptFilesTests : IDisposable
{
    private readonly ScriptFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Load_NestedFolders_IsRelativeToTheLoadingFile()
    {
        _folder.Write("lib/a.csx", "#load \"more/b.csx\"\nstring A() => B() + \"a\";");
        _folder.Write("lib/more/b.csx", "string B() => \"b\";");

        Assert.Equal("ba", await _folder.RunAsync("#load \"lib/a.csx\"\nreturn A();"));
    }

    [Fact]
    public async Task Load_SameFileTwice_IsLoadedOnce()
    {
        _folder.Write("a.csx", "#load \"b.csx\"\nTell(\"a\");");
        _folder.Write("b.csx", "int counted = 1;");

        Assert.Equal(1, await _folder.RunAsync("#load \"a.csx\"\n#load \"b.csx\"\n#load \"a.csx\"\nreturn counted;"));
    }

    [Fact]
    public async Task Load_Cycle_Ends()
    {
        _folder.Write("a.csx", "#load \"b.csx\"\nint a = 1;");
        _folder.Write("b.csx", "#load \"a.csx\"\nint b = 2;");

        Assert.Equal(3, await _folder.RunAsync("#load \"a.csx\"\nreturn a + b;"));
    }

    [Theory]
    [InlineData("#load \"main.csx\"\nreturn 1;", "main.csx", 1, 7, "main.csx -> main.csx")]
    [InlineData("#load \"lib/a.csx\"\nstring F() => \"f\";\nreturn F();", "lib/b.csx", 2, 7, "main.csx -> lib/a.csx -> lib/b.csx -> main.csx")]
    public void Load_CycleBackToTheScript_IsOneErrorThatNamesTheWay(string main, string file, int line, int column, string way)
    {
        _folder.Write("lib/a.csx", "#load \"b.csx\"\nint a = 1;");
        _folder.Write("lib/b.csx", "// back\n#load \"../main.csx\"\nint b = 2;");

        var error = Assert.Single(_folder.Fail(main));

        Assert.Equal((file, line, column, "SP0009"), (error.File, error.Line, error.Column, error.Code));
        Assert.Contains(way + ".", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("// nothing\n", "var a = 1; Tell(\"a\");")]
    [InlineData("// nothing", "Tell(\"a\");")]
    [InlineData("", "Tell(\"a\");")]
    [InlineData("using System.Text;\n", "var s = 1;")]
    [InlineData("#load \"inner.csx\"\n", "Tell(\"a\");")]
    [InlineData("/* so\n   long */", "Tell(\"a\");")]
    [InlineData("// nothing\n", "")]
    public void Load_FileWithoutCode_LeavesSymbolsThatCanBeRead(string loaded, string main)
    {
        _folder.Write("a.csx", loaded);
        _folder.Write("inner.csx", "\n\n");
        foreach (var text in new[] { $"#load \"a.csx\"\n{main}", loaded })
        {
            var image = _folder.Compile(text);

            using var symbols = MetadataReaderProvider.FromPortablePdbImage([.. image.Pdb]);
            var reader = symbols.GetMetadataReader();
            foreach (var handle in reader.MethodDebugInformation)
            {
                Assert.All(reader.GetMethodDebugInformation(handle).GetSequencePoints(), p => Assert.True(p.IsHidden || p.StartLine is > 0 and < 10));
            }
        }
    }

    [Fact]
    public void Load_MissingFile_IsToldAtItsLine()
    {
        var error = Assert.Single(_folder.Fail("// first\n#load \"gone.csx\"\nreturn 1;"));

        Assert.Equal(("main.csx", 2, 7, "CS1504"), (error.File, error.Line, error.Column, error.Code));
        Assert.Contains("gone.csx", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_AFolder_IsToldAtItsLine()
    {
        Directory.CreateDirectory(_folder["sub"]);

        Assert.Equal(1, Assert.Single(_folder.Fail("#load \"sub\"\nreturn 1;")).Line);
    }

    [Fact]
    public void Load_BinaryFile_IsToldAtItsLine()
    {
        File.WriteAllBytes(_folder["a.csx"], new byte[64]);

        Assert.Equal(("main.csx", 1), Assert.Single(_folder.Fail("#load \"a.csx\"\nreturn 1;")) is var error ? (error.File, error.Line) : default);
    }

    [Fact]
    public void Load_ErrorInLoadedFile_NamesThatFile()
    {
        _folder.Write("lib/a.csx", "\nint a = \"x\";");

        var error = Assert.Single(_folder.Fail("#load \"lib/a.csx\"\nreturn 1;"));

        Assert.Equal($"{Path.Combine("lib", "a.csx")}(2,9): error CS0029: Cannot implicitly convert type 'string' to 'int'", error.ToString());
    }

    [Fact]
    public void Load_AfterCode_IsAnError() =>
        Assert.Contains(_folder.Fail("int a = 1;\n#load \"a.csx\""), diagnostic => diagnostic is { Line: 2, IsError: true });

    [Theory]
    [InlineData("missing.csx", "there is no such file")]
    [InlineData("no/such/folder.csx", "there is no such file")]
    [InlineData("", "it is a folder")]
    public void Main_Unreadable_IsSaid(string name, string reason)
    {
        var error = Assert.Single(Assert.Throws<ScriptException>(() => new ScriptCompiler(_folder.Options).Compile(new ScriptRequest(_folder[name]))).Diagnostics);

        Assert.Equal("SP0001", error.Code);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Main_Binary_IsSaid()
    {
        File.WriteAllBytes(_folder["x.csx"], new byte[64]);

        Assert.Equal("SP0001", Assert.Single(Assert.Throws<ScriptException>(() => new ScriptCompiler(_folder.Options).Compile(new ScriptRequest(_folder["x.csx"]))).Diagnostics).Code);
    }

    [Fact]
    public void Sources_TellEveryFileWithItsHash()
    {
        _folder.Write("lib/a.csx", "#load \"b.csx\"");
        _folder.Write("lib/b.csx", "int b = 1;");

        var image = _folder.Compile("#load \"lib/a.csx\"\nreturn b;");

        Assert.Equal([_folder["main.csx"], _folder["lib/a.csx"], _folder["lib/b.csx"]], image.Sources.Select(source => source.Path));
        Assert.All(image.Sources, source => Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(source.Path))), source.Sha256));
    }

    [Fact]
    public void WatchList_SymbolicLinks_HasBothEndsAndTheLinks()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights there");
        _folder.Write("v1/a.csx", "int a = 1;");
        Directory.CreateSymbolicLink(_folder["current"], "v1");
        File.CreateSymbolicLink(_folder["a.csx"], "current/a.csx");

        var image = _folder.Compile("#load \"a.csx\"\nreturn a;");

        Assert.Superset(new HashSet<string> { _folder["a.csx"], _folder["current"], _folder["v1/a.csx"], _folder["main.csx"] }, image.WatchList().ToHashSet());
    }

    [Fact]
    public void LinkedPath_LinkCycle_Ends()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights there");
        File.CreateSymbolicLink(_folder["a"], "b");
        File.CreateSymbolicLink(_folder["b"], "a");

        Assert.Equal(_folder["a"], LinkedPath.Of(_folder["a"]).Path);
    }
}
