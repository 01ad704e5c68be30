using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Tests.Scripting;

// Inside, so that these stand before the real language's types of the same names.
using Surface;

public sealed class ScriptRunTests : IDisposable
{
    private readonly ScriptFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Composition_UsesImportsAndVerbs_Runs() =>
        Assert.Equal("6", await _folder.RunAsync("""
            var list = new List<int> { 1, 2, 3 };
            await Task.Yield();
            return Number(list.Sum());
            """));

    [Fact]
    public async Task PhaseFile_ReturnsAnswer_GivesIt()
    {
        var verdict = await _folder.RunAsync("if (BearerToken is null) return Respond(401, Path);\nreturn Next;", new AccessContext { Path = "/a" }, typeof(Verdict));

        Assert.Equal(new Verdict(401, "/a"), verdict);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Items[\"a\"] = 1;")]
    [InlineData("return;")]
    [InlineData("if (Path == \"/\") return; Items[\"a\"] = 1;")]
    [InlineData("return null;")]
    [InlineData("return default;")]
    [InlineData("await Task.Yield();")]
    public async Task PhaseFile_WithoutAnswer_IsNull(string text) =>
        Assert.Null(await _folder.RunAsync(text, new AccessContext(), typeof(Verdict)));

    [Fact]
    public async Task Entry_RunTwice_HasFreshVariablesAndLastingStatics()
    {
        var image = _folder.Compile("static int s; int v = 0; s++; v++; return $\"{s} {v}\";");
        var context = new ScriptLoadContext("test");
        var entry = context.Load(image);

        Assert.Equal("1 1", await entry.RunAsync(globals: null));
        Assert.Equal("2 1", await entry.RunAsync(globals: null));
        context.Unload();
    }

    [Fact]
    public async Task Entry_RunsAtTheSameTime_DoNotMix()
    {
        var image = _folder.Compile("var mine = Path; var gate = (Task)Items[\"gate\"]; await gate; return mine + Path;", typeof(AccessContext), typeof(string));
        var entry = new ScriptLoadContext("test").Load(image);
        var gate = new TaskCompletionSource();
        AccessContext Context(string path) => new() { Path = path, Items = { ["gate"] = gate.Task } };

        var first = entry.RunAsync(Context("/1"));
        var second = entry.RunAsync(Context("/2"));
        gate.SetResult();

        Assert.Equal("/1/1", await first);
        Assert.Equal("/2/2", await second);
    }

    [Fact]
    public async Task Context_NotCollectible_RunsTheSameImage()
    {
        var context = new ScriptLoadContext("production", isCollectible: false);

        Assert.False(context.IsCollectible);
        Assert.Equal(1, await context.Load(_folder.Compile("return 1;")).RunAsync(globals: null));
    }

    [Fact]
    public async Task Load_SameImageTwice_SharesStatics()
    {
        var image = _folder.Compile("static int s; return ++s;");
        var context = new ScriptLoadContext("test");

        Assert.Equal(1, await context.Load(image).RunAsync(globals: null));
        Assert.Equal(2, await context.Load(image).RunAsync(globals: null));
        context.Unload();
    }

    [Fact]
    public async Task Globals_HideImportedStatics_OfTheSameName() =>
        Assert.Equal("/mine", await _folder.RunAsync("static string Nothing() => \"\"; return Path;", new AccessContext { Path = "/mine" }, typeof(string)));

    [Fact]
    public void Compile_SameContent_IsTheSameAssembly()
    {
        var first = _folder.Compile("return 1;");
        var again = _folder.Compile("return 1;");
        var other = _folder.Compile("return 2;");

        Assert.Equal(first.AssemblyName, again.AssemblyName);
        Assert.Equal(first.Pe, again.Pe);
        Assert.Equal(first.Pdb, again.Pdb);
        Assert.NotEqual(first.AssemblyName, other.AssemblyName);
        Assert.StartsWith("Script.main.", first.AssemblyName, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ScriptProxy.Core.Scripting.ScriptCompiler x;")]
    [InlineData("Yarp.ReverseProxy.Configuration.RouteConfig x;")]
    [InlineData("Microsoft.CodeAnalysis.SyntaxNode x;")]
    [InlineData("Mono.Cecil.TypeDefinition x;")]
    public void Script_NamesTheEnginesParts_DoesNotCompile(string text) =>
        Assert.Contains(_folder.Fail(text), diagnostic => diagnostic.Code is "CS0234" or "CS0246");

    [Theory]
    [InlineData("return System.Text.Json.JsonSerializer.Serialize(new { a = 1 });")]
    [InlineData("return new Microsoft.AspNetCore.Http.DefaultHttpContext().Request.Method;")]
    [InlineData("return new Microsoft.Extensions.Configuration.ConfigurationBuilder().Build()[\"x\"];")]
    [InlineData("return System.Net.IPAddress.Loopback.ToString() + nameof(ILogger) + nameof(HttpClient);")]
    public async Task Script_UsesTheFrameworks_Runs(string text) => await _folder.RunAsync(text);

    [Fact]
    public void Compile_CancelledToken_Stops()
    {
        var path = _folder.Write("main.csx", "return 1;");

        Assert.Throws<OperationCanceledException>(() => new ScriptCompiler(_folder.Options).Compile(new ScriptRequest(path), new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task Rewriter_ChangesWhatIsLoaded()
    {
        var rewriter = new Recording();
        var image = _folder.Compile("return 1;", options: _folder.Options with { Rewriter = rewriter });

        Assert.Equal(1, rewriter.Calls);
        Assert.Equal(1, await new ScriptLoadContext("test").Load(image).RunAsync(globals: null));
    }

    private sealed class Recording : IImageRewriter
    {
        public int Calls { get; private set; }

        public string Version => "1";

        public (byte[] Pe, byte[] Pdb) Rewrite(byte[] pe, byte[] pdb)
        {
            Calls++;
            return (pe, pdb);
        }
    }
}
