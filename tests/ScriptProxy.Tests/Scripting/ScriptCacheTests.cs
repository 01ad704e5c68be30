using System.Reflection;
using System.Runtime.Loader;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Tests.Scripting;

// Inside, so that these stand before the real language's types of the same names.
using Surface;

public sealed class ScriptCacheTests : IDisposable
{
    private readonly ScriptFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private ScriptCompilerOptions Cached => _folder.Options with { Cache = _folder.Cache() };

    private string[] Entries => Directory.GetFiles(_folder["cache"]);

    [Fact]
    public async Task Hit_IsTheSameImageWithItsWarnings()
    {
        _folder.Write("a.csx", "int a = 1;");
        _folder.WriteLibrary("A.dll", "lib");
        const string text = "#r \"A.dll\"\n#load \"a.csx\"\nGC.Collect();\nreturn a + Lib.A.Value();";

        var first = _folder.Compile(text, options: Cached);
        var again = _folder.Compile(text, options: Cached);

        Assert.False(first.FromCache);
        Assert.True(again.FromCache);
        Assert.Equal(first.AssemblyName, again.AssemblyName);
        Assert.Equal(first.Pe, again.Pe);
        Assert.Equal(first.Pdb, again.Pdb);
        Assert.Equal(first.Sources.Select(source => (source.Path, source.Sha256)), again.Sources.Select(source => (source.Path, source.Sha256)));
        Assert.Equal(first.WatchList(), again.WatchList());
        Assert.Equal("SP0102", Assert.Single(again.Warnings).Code);
        Assert.Equal(first.Warnings, again.Warnings);
        Assert.Equal("1lib", await new ScriptLoadContext("test").Load(again).RunAsync(globals: null));
    }

    [Fact]
    public void Miss_LoadedFileChanged_AndHitAgainWhenItIsChangedBack()
    {
        const string text = "#load \"a.csx\"\nreturn a;";
        _folder.Write("a.csx", "int a = 1;");
        _folder.Compile(text, options: Cached);

        _folder.Write("a.csx", "int a = 2;");
        Assert.False(_folder.Compile(text, options: Cached).FromCache);
        Assert.True(_folder.Compile(text, options: Cached).FromCache);

        _folder.Write("a.csx", "int a = 1;");
        Assert.True(_folder.Compile(text, options: Cached).FromCache);

        File.Delete(_folder["a.csx"]);
        Assert.Equal("CS1504", _folder.Fail(text, options: Cached)[0].Code);
    }

    [Fact]
    public void Miss_LibraryChanged()
    {
        const string text = "#r \"A.dll\"\nreturn Lib.A.Value();";
        _folder.WriteLibrary("A.dll", "1");
        _folder.Compile(text, options: Cached);

        _folder.WriteLibrary("A.dll", "2");

        Assert.False(_folder.Compile(text, options: Cached).FromCache);
    }

    [Fact]
    public void Miss_LibraryThatWasAbsentArrives()
    {
        const string text = "#r \"Outer.dll\"\nreturn 1;";
        _folder.WriteLibrary("Inner.dll", "1");
        _folder.WriteLibrary("Outer.dll", "", "Inner.dll");
        File.Delete(_folder["Inner.dll"]);
        var first = _folder.Compile(text, options: Cached);
        Assert.Contains(_folder["Inner.dll"], first.WatchList());
        Assert.True(_folder.Compile(text, options: Cached).FromCache);

        _folder.WriteLibrary("Inner.dll", "1");

        Assert.Equal(2, _folder.Compile(text, options: Cached) is { FromCache: false } image ? image.Libraries.Count : 0);
    }

    [Fact]
    public void Miss_AnythingElseThatMatters()
    {
        _folder.Compile("return null;", typeof(AccessContext), typeof(Verdict), Cached);

        Assert.True(_folder.Compile("return null;", typeof(AccessContext), typeof(Verdict), Cached).FromCache);
        Assert.False(_folder.Compile("return null; ", typeof(AccessContext), typeof(Verdict), Cached).FromCache);
        Assert.False(_folder.Compile("return null;", typeof(RewriteContext), typeof(Verdict), Cached).FromCache);
        Assert.False(_folder.Compile("return null;", typeof(AccessContext), typeof(string), Cached).FromCache);
        Assert.False(_folder.Compile("return null;", typeof(AccessContext), typeof(Verdict), Cached with { Imports = [.. ScriptFolder.Imports, "System.Text"] }).FromCache);
        Assert.False(_folder.Compile("return null;", typeof(AccessContext), typeof(Verdict), Cached with { Rewriter = new Versioned("1") }).FromCache);
        Assert.False(_folder.Compile("return null;", typeof(AccessContext), typeof(Verdict), Cached with { Rewriter = new Versioned("2") }).FromCache);
        Assert.True(_folder.Compile("return null;", typeof(AccessContext), typeof(Verdict), Cached with { Rewriter = new Versioned("2") }).FromCache);
    }

    [Fact]
    public void FailedCompile_IsNotKept()
    {
        _folder.Fail("int a = \"x\";", options: Cached);

        Assert.Empty(Entries);
    }

    [Fact]
    public async Task EmptyScript_IsKeptAndRuns()
    {
        _folder.Compile("// nothing", options: Cached);
        var again = _folder.Compile("// nothing", options: Cached);

        Assert.True(again.FromCache);
        Assert.Null(await new ScriptLoadContext("test").Load(again).RunAsync(globals: null));
    }

    [Fact]
    public void Entry_DamagedAtAnyPlace_IsAMissAndNoError()
    {
        _folder.Compile("return 1;", options: Cached);
        var entry = Assert.Single(Entries);
        var sound = File.ReadAllBytes(entry);
        byte[][] damaged =
        [
            [], [1], new byte[40], sound[..^1], sound[..(sound.Length / 2)], [.. sound, 0],
            .. Enumerable.Range(0, 20).Select(step => Flip(sound, step * sound.Length / 20)),
        ];

        foreach (var bytes in damaged)
        {
            File.WriteAllBytes(entry, bytes);
            Assert.False(_folder.Compile("return 1;", options: Cached).FromCache);
            Assert.True(_folder.Compile("return 1;", options: Cached).FromCache);
        }
    }

    [Fact]
    public void Entry_OfAnotherScriptUnderThisName_IsAMiss()
    {
        _folder.Compile("return 1;", options: Cached);
        var first = Assert.Single(Entries);
        _folder.Compile("return 2;", options: Cached);
        File.Copy(Entries.Single(path => path != first), first, overwrite: true);

        Assert.False(_folder.Compile("return 1;", options: Cached).FromCache);
    }

    [Fact]
    public void Entry_WithAFolderInItsPlace_IsAMissAndNoError()
    {
        _folder.Compile("return 1;", options: Cached);
        var entry = Assert.Single(Entries);
        File.Delete(entry);
        Directory.CreateDirectory(entry);

        Assert.False(_folder.Compile("return 1;", options: Cached).FromCache);
    }

    [Fact]
    public void Folder_GoneAfterItWasOpened_CostsOnlyTheCache()
    {
        var options = Cached;
        Directory.Delete(_folder["cache"], recursive: true);

        Assert.False(_folder.Compile("return 1;", options: options).FromCache);
    }

    [Fact]
    public void Folder_New_IsTheOwnersAlone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no modes there");
        _folder.Cache();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, Mode(_folder["cache"]));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void Folder_OthersMayWrite_IsRefusedWithAWarning(UnixFileMode extra)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no modes there");
        _folder.Cache();
        SetMode(_folder["cache"], Mode(_folder["cache"]) | extra);

        Assert.Null(ScriptCache.Open(_folder["cache"], _folder.Time, out var warning));
        Assert.Contains("0700", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Folder_OfAnotherUser_IsRefusedWithAWarning()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "only root can give a folder away");
        _folder.Cache();
        using var chown = System.Diagnostics.Process.Start("chown", ["12345", _folder["cache"]]);
        chown.WaitForExit();

        Assert.Null(ScriptCache.Open(_folder["cache"], _folder.Time, out var warning));
        Assert.Contains("another user", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Folder_CannotBeMade_IsRefusedWithAWarning()
    {
        _folder.Write("file", "");

        Assert.Null(ScriptCache.Open(Path.Combine(_folder["file"], "cache"), _folder.Time, out var warning));
        Assert.NotNull(warning);
    }

    [Fact]
    public void Bound_Entries_KeepsThoseUsedLast()
    {
        var options = _folder.Options with { Cache = _folder.Cache(maximumEntries: 2) };
        Compile(1);
        Compile(2);
        Assert.True(Compile(1).FromCache);
        Compile(3);

        Assert.Equal(2, Entries.Length);
        Assert.True(Compile(1).FromCache);
        Assert.False(Compile(2).FromCache);

        ScriptImage Compile(int number)
        {
            _folder.Time.Advance(TimeSpan.FromSeconds(1));
            return _folder.Compile($"return {number};", options: options);
        }
    }

    [Fact]
    public void Bound_Bytes_KeepsWithinThem()
    {
        _folder.Compile("return 9;", options: Cached);
        var limit = new FileInfo(Assert.Single(Entries)).Length * 5 / 2;
        var options = _folder.Options with { Cache = _folder.Cache(maximumBytes: limit) };
        for (var number = 0; number < 5; number++)
        {
            _folder.Time.Advance(TimeSpan.FromSeconds(1));
            _folder.Compile($"return {number};", options: options);
        }

        Assert.InRange(Entries.Sum(path => new FileInfo(path).Length), 1, limit);
        Assert.True(_folder.Compile("return 4;", options: options).FromCache);
    }

    [Fact]
    public void Leftovers_OfCrashedWriters_AreRemovedInTheEnd()
    {
        var options = Cached;
        File.SetLastWriteTimeUtc(_folder.Write("cache/old.tmp", ""), _folder.Time.GetUtcNow().UtcDateTime.AddHours(-2));
        File.SetLastWriteTimeUtc(_folder.Write("cache/new.tmp", ""), _folder.Time.GetUtcNow().UtcDateTime);
        File.WriteAllText(_folder["cache/README"], "not ours");

        _folder.Compile("return 1;", options: options);

        Assert.Equal(["README", "new.tmp"], Entries.Select(path => Path.GetFileName(path)).Where(name => !name!.EndsWith(".script", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Concurrent_CompilersOnOneFolder_AllGetSoundImages()
    {
        const int scripts = 4;
        for (var script = 0; script < scripts; script++)
        {
            _folder.Write($"s{script}.csx", $"return {script};");
        }

        var runs = Enumerable.Range(0, 32).Select(turn => Task.Run(async () =>
        {
            var script = turn % scripts;
            var options = _folder.Options with { Cache = _folder.Cache(maximumEntries: 2) };
            var image = new ScriptCompiler(options).Compile(new ScriptRequest(_folder[$"s{script}.csx"]));
            Assert.Equal(script, await new ScriptLoadContext("test").Load(image).RunAsync(globals: null));
        }));

        await Task.WhenAll(runs);
        Assert.All(Entries, path => Assert.EndsWith(".script", path, StringComparison.Ordinal));
    }

    [Fact]
    public void Hit_InAFreshCopyOfTheEngine_LoadsNoCompiler()
    {
        _folder.Compile("return BearerToken is null ? Next : null;", typeof(AccessContext), typeof(Verdict), Cached);
        var watched = new FreshEngine();

        Assert.Equal("hit", watched.Run(_folder.Root));
        Assert.DoesNotContain(watched.Asked, name => name.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal) || name.StartsWith("NuGet", StringComparison.Ordinal));

        _folder.Write("main.csx", "return null;");
        Assert.Equal("miss", watched.Run(_folder.Root));
        Assert.Contains("Microsoft.CodeAnalysis", watched.Asked);
    }

    private static byte[] Flip(byte[] bytes, int at)
    {
        var copy = bytes.ToArray();
        copy[at] ^= 0x55;
        return copy;
    }

    private static UnixFileMode Mode(string path) => OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path);

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }
    }

    private sealed class Versioned(string version) : IImageRewriter
    {
        public string Version { get; } = version;

        public (byte[] Pe, byte[] Pdb) Rewrite(byte[] pe, byte[] pdb) => (pe, pdb);
    }

    /// <summary>The engine a second time in this process, in a context that sees every assembly it asks for.</summary>
    private sealed class FreshEngine() : AssemblyLoadContext("fresh engine")
    {
        public List<string> Asked { get; } = [];

        public string Run(string folder) => (string)LoadFromAssemblyName(typeof(CacheProbe).Assembly.GetName())
            .GetType(typeof(CacheProbe).FullName!)!
            .GetMethod(nameof(CacheProbe.Run))!
            .Invoke(null, [folder])!;

        protected override Assembly? Load(AssemblyName assemblyName)
        {
            Asked.Add(assemblyName.Name!);
            var path = Path.Combine(AppContext.BaseDirectory, assemblyName.Name + ".dll");
            return assemblyName.Name!.StartsWith("ScriptProxy.", StringComparison.Ordinal) ? LoadFromAssemblyPath(path) : null;
        }
    }
}

internal static class CacheProbe
{
    public static string Run(string folder)
    {
        var cache = ScriptCache.Open(Path.Combine(folder, "cache"), TimeProvider.System, out _);
        var options = new ScriptCompilerOptions { Imports = ScriptFolder.Imports, HostAssemblies = [typeof(Verdict).Assembly], BaseFolder = folder, Cache = cache };
        var image = new ScriptCompiler(options).Compile(new ScriptRequest(Path.Combine(folder, "main.csx"), typeof(AccessContext), typeof(Verdict)));
        new ScriptLoadContext("fresh").Load(image);
        return image.FromCache ? "hit" : "miss";
    }
}
