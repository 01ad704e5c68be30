using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Plugins;

namespace ScriptProxy.Tests.Caching;

/// <summary>What scripts say to the cache, and what they hear of it.</summary>
public class CacheScriptTests
{
    [Fact]
    public async Task Lookup_KeyVaryAndBypass_ShapeWhatIsFound()
    {
        await using var lab = await CacheLab.StartAsync(CacheLab.Counting("max-age=60"), """
            Route("/key/{**path}").Lookup(l => { l.Key = "one"; }).Cache().To("ORIGIN");
            Route("/vary/{**path}").Lookup(l => l.Vary(l.Request.Cookies["lang"], l.Request.Query["a"])).Cache().To("ORIGIN");
            Route("/bypass/{**path}").Lookup(l => l.Request.Query.ContainsKey("fresh") ? l.Bypass : l.Default).Cache().To("ORIGIN");
            """);
        Assert.Equal("answer 1", (await lab.GetAsync("/key/a")).Text);
        Assert.Equal("answer 1", (await lab.GetAsync("/key/b")).Text);
        Assert.Equal("answer 2", (await lab.GetAsync("/vary/a", ("Cookie", "lang=en"))).Text);
        Assert.Equal("answer 3", (await lab.GetAsync("/vary/a", ("Cookie", "lang=de"))).Text);
        Assert.Equal("answer 2", (await lab.GetAsync("/vary/a", ("Cookie", "lang=en; other=1"))).Text);
        Assert.Equal("answer 4", (await lab.GetAsync("/bypass/?fresh")).Text);
        var bypassed = await lab.GetAsync("/bypass/?fresh");
        Assert.Equal(("answer 5", "ScriptProxy; fwd=bypass; fwd-status=200; detail=bypass"), (bypassed.Text, bypassed["Cache-Status"]));
    }

    [Fact]
    public async Task UpstreamResponse_StoreSkipDefault_Decide()
    {
        await using var lab = await CacheLab.StartAsync(CacheLab.Counting("no-store"), """
            Route("/{**path}")
                .UpstreamResponse(u => u.Request.Path.Value switch
                {
                    "/store" => u.Store(Seconds(60), Seconds(10), tags: ["t"]),
                    "/tags" => u.Store(Seconds(60), Seconds(10), ["t"]),
                    "/keep" => u.Store(Seconds(60), Seconds(0), Seconds(90), ["t"]),
                    "/skip" => u.Skip,
                    _ => u.Default,
                })
                .Cache().To("ORIGIN");
            """);
        foreach (var (path, asked) in new[] { ("/store", 1), ("/tags", 1), ("/keep", 1), ("/skip", 2), ("/default", 2) })
        {
            var before = lab.Asked.Count;
            await lab.GetAsync(path);
            await lab.GetAsync(path);
            Assert.Equal((path, asked), (path, lab.Asked.Count - before));
        }
    }

    [Fact]
    public async Task Log_OutcomeReasonAndPeer_AreTold()
    {
        await using var lab = await CacheLab.StartAsync(CacheLab.Counting("max-age=60"), """
            static readonly ExchangeKey<string> Seen = new("seen");
            Upstream("o").Peer("ORIGIN", name: "peer-1");
            Route("/{**path}")
                .UpstreamResponse(u => { u[Seen] = "by " + u.Peer.Name; })
                .HeaderFilter(h => { h.Response.Headers["X-Cache"] = $"{h.CacheOutcome} {h.CacheReason} {h.Peer?.Name ?? "-"} {h.Attempts} {h[Seen] ?? "none"}"; })
                .BodyFilter(b => b.ReplaceText("answer", "reply"))
                .Log(l => l.Logger.LogInformation("log {Outcome} {Attempts} {Seen} {Bytes}", l.CacheOutcome, l.Attempts, l[Seen] ?? "none", l.BytesSent))
                .Cache().To("o");
            """);
        var miss = await lab.GetAsync("/");
        var hit = await lab.GetAsync("/");
        Assert.Equal(("reply 1", "Miss max-age peer-1 1 by peer-1"), (miss.Text, miss["X-Cache"]));
        Assert.Equal(("reply 1", "Hit max-age - 0 none"), (hit.Text, hit["X-Cache"]));
        await lab.Gateway.Log.WaitForAsync("log Miss 1 by peer-1 7");
        await lab.Gateway.Log.WaitForAsync("log Hit 0 none 7");
    }

    [Fact]
    public async Task Reload_TheStore_IsKept()
    {
        await using var origin = await Origin.StartAsync(CacheLab.Counting("max-age=60"));
        await using var gateway = await CacheLab.GatewayAsync($$"""Route("/").Cache().To("{{origin.Address}}");""", TimeProvider.System);
        Assert.Equal("answer 1", await gateway.Client.GetStringAsync("/"));
        await gateway.ReloadAsync(gateway.Reload);
        Assert.Equal("answer 1", await gateway.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task DiskFolder_AnotherProcess_ServesWhatWasStored()
    {
        using var disk = new TestFolder();
        var settings = ("appsettings.json", $$"""{ "Plugins": { "Caching": { "DiskFolder": "{{disk.PathOf("cache")}}" } } }""");
        await using var origin = await Origin.StartAsync(CacheLab.Counting("max-age=60"));
        for (var process = 1; process <= 2; process++)
        {
            await using var gateway = await CacheLab.GatewayAsync($$"""Route("/").Lookup(l => { l.Key = "k"; }).Cache().To("{{origin.Address}}");""", TimeProvider.System, settings);
            Assert.Equal("answer 1", await gateway.Client.GetStringAsync("/"));
            await TestGateway.WaitAsync(() => Directory.GetFiles(disk.Root, "*-*", SearchOption.AllDirectories).Length == 1);
        }
    }

    [Fact]
    public async Task Plugin_InTheFolder_IsUnloadedThoughItsAnswersAreKept()
    {
        await using var origin = await Origin.StartAsync(c =>
        {
            c.Response.Headers["Cache-Tag"] = "a, b";
            c.Response.Headers.Vary = "X-Kind, Accept-Language";
            return CacheLab.Counting("max-age=60, stale-while-revalidate=5, no-cache=\"x\"")(c);
        });
        await using var gateway = await TestGateway.StartAsync(
            $$"""Route("/{**path}").UpstreamResponse(u => u.Store(Minutes(1), tags: ["c"])).Cache(mayPurge: _ => true).To("{{origin.Address}}");""", TimeProvider.System, folder =>
            folder.Drop("Caching", File.ReadAllBytes(typeof(ScriptProxy.Caching.CacheVerbs).Assembly.Location)));
        Assert.False(gateway.Host.Plugins.Single(p => p.Name == "Caching").IsShipped);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal("answer 1", await gateway.Client.GetStringAsync("/a"));
        }

        await gateway.ReloadAsync(() => File.SetLastWriteTimeUtc(gateway.Folder.PluginPath("Caching", "Caching.dll"), new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc)));
        Assert.Equal("answer 1", await gateway.Client.GetStringAsync("/a"));
        await TestGateway.WaitAsync(() => gateway.Host.Alive == 1, "the first generation's plugin is unloaded");
    }

    [Fact]
    public async Task ClientControl_TurnedOff_NoClientForcesTheOrigin()
    {
        await using var lab = await CacheLab.StartAsync(CacheLab.Counting("max-age=60"), """
            Route("/deaf/{**path}").Cache(clientControl: false, cacheStatus: false).To("ORIGIN");
            Route("/{**path}").Cache().To("ORIGIN");
            """);
        await lab.GetAsync("/deaf/a");
        var deaf = await lab.GetAsync("/deaf/a", ("Cache-Control", "no-cache"));
        Assert.Equal(("answer 1", null), (deaf.Text, deaf["Cache-Status"]));
        await lab.GetAsync("/a");
        Assert.Equal("answer 3", (await lab.GetAsync("/a", ("Cache-Control", "no-cache"))).Text);
    }

    [Theory]
    [InlineData("ttl: Seconds(-1)", "ttl")]
    [InlineData("grace: Seconds(-1)", "grace")]
    [InlineData("maxObject: 0", "maxObject")]
    public async Task Options_Wrong_AreToldAtTheirLine(string options, string name)
    {
        var error = await Assert.ThrowsAsync<Core.Scripting.ScriptException>(() => CacheLab.StartAsync(
            c => Task.CompletedTask, $$"""Route("/").Cache({{options}}).To("ORIGIN");"""));
        var told = Assert.Single(error.Diagnostics);
        Assert.Contains(name, told.Message, StringComparison.Ordinal);
        Assert.Equal(1, told.Line);
    }
}
