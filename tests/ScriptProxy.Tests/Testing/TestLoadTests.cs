using System.Runtime.CompilerServices;
using ScriptProxy.Testing;
using ScriptProxy.Tests.Docs;
using TestGateway = ScriptProxy.Testing.TestGateway;

namespace ScriptProxy.Tests.Testing;

/// <summary>Loading, loading again, and letting go.</summary>
public sealed class TestLoadTests
{
    [Fact]
    public async Task Load_BrokenScript_ThrowsAllErrorsWithTheirPlaces()
    {
        var error = await Assert.ThrowsAsync<LoadFailedException>(() => TestGateway.LoadText(
            """
            #load "scripts/a.csx"
            Route("/").Conten(c => c.Text("x"));
            """,
            files: ("scripts/a.csx", "var x = 1;\nint y = \"two\";\n")));
        Assert.Equal([("proxy.csx", 2, "CS1061"), ("scripts/a.csx", 2, "CS0029")], error.Errors.Select(e => (e.File, e.Line, e.Code)));
        Assert.StartsWith("proxy.csx(2,12): error CS1061: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("    Route(\"/\").Conten(c => c.Text(\"x\"));\n               ^", error.Message, StringComparison.Ordinal);
        Assert.Contains("scripts/a.csx(2,9): error CS0029", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""Route("/").To("nowhere");""", "proxy.csx(1,1): error SP1003")]
    [InlineData("""throw new Exception("no");""", "proxy.csx(1,1): error SP1000: Exception: no")]
    [InlineData("""Init(() => throw new Exception("no"));""", "proxy.csx(1,1): error SP1000: Exception: no")]
    public async Task Load_WrongComposition_ThrowsWithThePlace(string proxy, string message)
    {
        var error = await Assert.ThrowsAsync<LoadFailedException>(() => TestGateway.LoadText(proxy));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Load_NoSuchFile_IsTold() => Assert.Contains(
        "there is no such file", (await Assert.ThrowsAsync<LoadFailedException>(() => TestGateway.Load("nowhere/proxy.csx"))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Load_WaitsForEver_IsGivenUp()
    {
        var options = new TestOptions { Patience = TimeSpan.FromSeconds(3) };
        await Assert.ThrowsAsync<TimeoutException>(() => TestGateway.LoadText("""Init(async () => await Task.Delay(-1));""", options: options));
    }

    [Fact]
    public async Task Load_ShippedConfiguration_ServesWithoutAPort()
    {
        await using var gateway = await TestGateway.Load(Repository.PathOf("proxy.csx"), options: new TestOptions { CacheFolder = Harness.TestFolder.SharedCache });
        Assert.Equal("hello you\n", (await gateway.Get("/hello?name=you")).Text);
        Assert.Equal("origin 18081 answers GET /shop/hats, user '', more at /catalogue\n", (await gateway.Get("/shop/hats")).Text);
        Assert.Throws<InvalidOperationException>(() => gateway.Write("proxy.csx", ""));
    }

    [Fact]
    public async Task Settings_OfTheTest_ComeFirst()
    {
        var options = new TestOptions { Settings = new Dictionary<string, string?> { ["Secrets:shop"] = "t1", ["Colour"] = "red" } };
        await using var gateway = await TestGateway.LoadText(
            """Route("/").Content(c => c.Text($"{Settings.Secret("shop")} {Settings["Colour"]} {Settings["Size"]}"));""",
            options: options,
            files: ("appsettings.json", """{ "Colour": "blue", "Size": "XL" }"""));
        Assert.Equal("t1 red XL", (await gateway.Get("/")).Text);
    }

    [Fact]
    public async Task Reload_ChangedText_TakesItAndKeepsWhatIsShared()
    {
        const string Proxy = """Route("/").Content(c => c.Text($"one {Shared("s").Increment("n")}"));""";
        await using var gateway = await TestGateway.LoadText(Proxy);
        Assert.Equal("one 1", (await gateway.Get("/")).Text);

        gateway.Write("proxy.csx", "oops");
        await Assert.ThrowsAsync<LoadFailedException>(gateway.Reload);
        Assert.Equal(("one 2", 1), ((await gateway.Get("/")).Text, gateway.Generation));

        gateway.Write("proxy.csx", Proxy.Replace("one", "two", StringComparison.Ordinal));
        await gateway.Reload();
        Assert.Equal("two 3", (await gateway.Get("/")).Text);
    }

    [Fact]
    public async Task Gateways_SeveralAtOnce_DoNotDisturbEachOther()
    {
        const string Proxy = """
            Listen("http://localhost:8080");
            Every(Seconds(1), t => { Shared("s").Increment("ticks"); });
            Route("/").Content(c => c.Text($"{Settings["Name"]} {Shared("s").Increment("n")} {Shared("s").TryGet<long>("ticks", out var t)} {c.Time.GetUtcNow():ss}"));
            Route("/peer").To("http://a:1");
            """;
        Task<TestGateway> Named(string name) => TestGateway.LoadText(Proxy, r => $"{name}'s peer", new TestOptions { Settings = new Dictionary<string, string?> { ["Name"] = name } });
        await using var a = await Named("a");
        await using var b = await Named("b");
        await a.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("a 1 True 02", (await a.Get("/")).Text);
        Assert.Equal("b 1 False 00", (await b.Get("/")).Text);
        Assert.Equal(("a's peer", "b's peer"), ((await a.Get("/peer")).Text, (await b.Get("/peer")).Text));
        Assert.Equal((1, 1), (a.Peers.Requests.Count, b.Peers.Requests.Count));
        await a.DisposeAsync();
        Assert.Equal("b 2 False 00", (await b.Get("/")).Text);
    }

    [Fact]
    public async Task Dispose_UnloadsTheScripts_AndRunsExit()
    {
        var folder = new Harness.TestFolder();
        using var _ = folder;
        var scripts = await LoadAndDisposeAsync(folder.PathOf("gone"));
        await Harness.TestGateway.WaitAsync(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return !scripts.TryGetTarget(out var _);
        });
        Assert.True(File.Exists(folder.PathOf("gone")));
    }

    [Fact]
    public async Task Dispose_RequestsThatNeverEnd_AreCutOff()
    {
        var gateway = await TestGateway.LoadText("""
            Route("/peer").To("http://a:1");
            Route("/self").Content(async c => { await Task.Delay(-1, c.Aborted); return c.Next; });
            """, r => PeerAnswer.Never);
        var pending = new[] { gateway.Get("/peer"), gateway.Get("/self") };
        await gateway.Advance(TimeSpan.Zero);
        await gateway.DisposeAsync();
        await Task.WhenAll(pending.Select(async p => await Record.ExceptionAsync(() => p)));
        Assert.False(Directory.Exists(gateway.Folder));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference<object>> LoadAndDisposeAsync(string marker)
    {
        await using var gateway = await TestGateway.LoadText($$"""
            Exit(() => File.WriteAllText({{"\"" + marker + "\""}}, "x"));
            Every(Seconds(1), t => { });
            Route("/").Content(c => c.Text("x"));
            """);
        Assert.Equal("x", (await gateway.Get("/")).Text);
        await gateway.Advance(TimeSpan.FromSeconds(3));
        return new WeakReference<object>(gateway.Host.Current!.Scripts);
    }
}
