using ScriptProxy.Testing;
using TestGateway = ScriptProxy.Testing.TestGateway;

namespace ScriptProxy.Tests.Phases;

/// <summary>What runs beside the requests, on a clock of the test's own.</summary>
public class BackgroundTests
{
    private const string Count = """
        Route("/n").Content(c => c.Text($"{(Shared("n").TryGet<int>("n", out var n) ? n : 0)}"));

        """;

    private static bool Has(TestGateway gateway, string part) => gateway.Log.Any(l => l.Message.Contains(part, StringComparison.Ordinal));

    [Fact]
    public async Task Every_RunsEachPeriod_AnErrorDoesNotStopIt_AndAfterRunsOnce()
    {
        await using var gateway = await TestGateway.LoadText(
            Count + """
            Every(Seconds(10), t => { var n = Shared("n").Increment("n"); t.Logger.LogInformation($"every {n}"); if (n == 2) throw new FormatException("second"); });
            After(Seconds(15), async t => { await Task.Yield(); t.Logger.LogInformation("after"); });
            """);
        Assert.Equal("0", (await gateway.Get("/n")).Text);
        await gateway.Advance(TimeSpan.FromSeconds(10));
        Assert.True(Has(gateway, "every 1"));
        Assert.False(Has(gateway, "after"));
        await gateway.Advance(TimeSpan.FromSeconds(10));
        Assert.True(Has(gateway, "every 2"));
        Assert.True(Has(gateway, "after"));
        Assert.True(Has(gateway, "the timer at proxy.csx:2 failed, and goes on:"));
        await gateway.Advance(TimeSpan.FromSeconds(10));
        Assert.True(Has(gateway, "every 3"));
        Assert.Single(gateway.Log, l => l.Message == "after");
        Assert.Equal("3", (await gateway.Get("/n")).Text);
    }

    [Fact]
    public async Task Timers_NeedNoContext()
    {
        await using var gateway = await TestGateway.LoadText(
            Count + """
            void Tick() => Shared("n").Increment("n");
            Every(Seconds(10), () => Shared("n").Increment("n"));
            Every(Seconds(10), Tick);
            After(Seconds(10), async () => { await Task.Yield(); Tick(); });
            """);
        await gateway.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("3", (await gateway.Get("/n")).Text);
    }

    [Theory]
    [InlineData("_ = Later();")]
    [InlineData("_ = Task.Run(Later);")]
    public async Task LeftBehindByAHandler_StillHasWhatEveryScriptHas(string begin)
    {
        await using var gateway = await TestGateway.LoadText(
            $$"""
            var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            async Task Later()
            {
                await gate.Task;
                Shared("n").Increment("n");
                Logger.LogInformation($"later {Time.GetUtcNow().Year > 0} {Settings["nothing"]}");
            }

            Route("/begin").Content(c => { {{begin}} return c.Text("begun"); });
            Route("/open").Content(c => { gate.SetResult(); return c.Text("open"); });
            """);
        Assert.Equal("begun", (await gateway.Get("/begin")).Text);
        Assert.Equal("open", (await gateway.Get("/open")).Text);
        await ScriptProxy.Tests.Harness.TestGateway.WaitAsync(() => Has(gateway, "later True"));
    }

    [Fact]
    public async Task After_FromAHandler_OutlivesTheRequest()
    {
        await using var gateway = await TestGateway.LoadText(
            """
            Route("/").Content(c => { var path = c.Request.Path; After(Seconds(5), t => t.Logger.LogInformation("later " + path + Shared("x").Count)); return c.Text("now"); });
            """);
        Assert.Equal("now", (await gateway.Get("/")).Text);
        await gateway.Advance(TimeSpan.FromSeconds(5));
        Assert.True(Has(gateway, "later /0"));
    }

    [Fact]
    public async Task InitAndExit_RunOncePerLoad_TimersEndWithIt()
    {
        var gateway = await TestGateway.LoadText(
            """
            string made = null;
            Init(async () => { await Task.Yield(); made = "made"; Logger.LogInformation("init"); });
            Exit(async () => { await Task.Yield(); Logger.LogInformation("exit " + made); });
            Exit(() => throw new FormatException("exit fails"));
            Exit(() => Logger.LogInformation("exit last"));
            Every(Seconds(1), async t => { t.Logger.LogInformation("waits"); try { await Task.Delay(Timeout.Infinite, t.Stopping); } finally { t.Logger.LogInformation("stopped " + t.Stopping.IsCancellationRequested); } });
            Route("/").Content(c => c.Text(made));
            """);
        Assert.Equal("made", (await gateway.Get("/")).Text);
        await gateway.Advance(TimeSpan.FromSeconds(1));
        Assert.True(Has(gateway, "waits"));
        await gateway.DisposeAsync();
        Assert.Single(gateway.Log, l => l.Message == "init");
        Assert.True(Has(gateway, "stopped True"));
        Assert.Single(gateway.Log, l => l.Message == "exit made");
        Assert.True(Has(gateway, ":4 failed"));
        Assert.True(Has(gateway, "exit last"));
    }

    [Fact]
    public async Task Init_Throws_FailsTheLoad()
    {
        var error = await Assert.ThrowsAsync<LoadFailedException>(() => TestGateway.LoadText("""
            var x = 1;
            Init(() => throw new FormatException("no database"));
            """));
        Assert.Contains("no database", Assert.Single(error.Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Once_ManyAsk_OneMakes_AndAnErrorIsNotKept()
    {
        var release = new TaskCompletionSource();
        var arrived = new TaskCompletionSource();
        var peers = new TestPeers().Answer(async r =>
        {
            arrived.TrySetResult();
            await release.Task;
            return "made";
        });
        await using var gateway = await TestGateway.LoadText(
            """
            Route("/").Content(async c => c.Text(await Once("key", Minutes(1), async stop => await Http.GetStringAsync("http://origin:1", stop))));
            Route("/fails").Content(async c => c.Text(await Once<string>("bad", Minutes(1), stop => Shared("f").Increment("n") == 1 ? throw new FormatException("first") : "second")));
            """,
            peers);
        var all = Enumerable.Range(0, 8).Select(_ => gateway.Get("/")).ToList();
        await arrived.Task;
        release.SetResult();
        Assert.All(await Task.WhenAll(all), t => Assert.Equal("made", t.Text));
        Assert.Single(gateway.Peers.Requests);
        await gateway.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("made", (await gateway.Get("/")).Text);
        Assert.Equal(2, gateway.Peers.Requests.Count);
        Assert.Equal(500, (await gateway.Get("/fails")).Status);
        Assert.Equal("second", (await gateway.Get("/fails")).Text);
    }

    [Fact]
    public async Task Shared_Settings_Http_Time_AreTheGateways()
    {
        await using var gateway = await TestGateway.LoadText(
            """
            var secret = Settings.Secret("key");
            Route("/settings").Content(c => c.Text($"{Settings["Shop:Name"]} {secret}"));
            Route("/http").Content(async c => c.Text(await Http.GetStringAsync("http://origin:1/x", c.Aborted)));
            Route("/time").Content(c => c.Text($"{Time.GetUtcNow():HH:mm} {c.Time.GetUtcNow():HH:mm}"));
            Route("/ttl").Content(c => { Shared("t").Add("k", 1, Minutes(1)); return c.Text($"{Shared("t").Ttl("k")?.TotalSeconds}"); });
            Route("/elapsed").Log(l => l.Logger.LogInformation($"elapsed {l.Elapsed.TotalSeconds}")).Content(c => c.Text("x"));
            Route("/compose").Content(c => { Route("/late"); return null; });
            """,
            r => "from " + r.Path,
            new TestOptions { Start = new DateTimeOffset(2026, 3, 2, 12, 0, 0, TimeSpan.Zero) },
            ("appsettings.json", """{ "Shop": { "Name": "Pets" }, "key": "s3cret" }"""));
        Assert.Equal("Pets s3cret", (await gateway.Get("/settings")).Text);
        Assert.Equal("from /x", (await gateway.Get("/http")).Text);
        Assert.Equal("12:00 12:00", (await gateway.Get("/time")).Text);
        Assert.Equal("60", (await gateway.Get("/ttl")).Text);
        await gateway.Advance(TimeSpan.FromSeconds(45));
        Assert.Equal("15", (await gateway.Get("/ttl")).Text);
        await gateway.Get("/elapsed");
        Assert.True(Has(gateway, "elapsed 0"));
        Assert.Equal(500, (await gateway.Get("/compose")).Status);
        Assert.True(Has(gateway, "composed while proxy.csx loads, not by a handler that runs"));
    }
}
