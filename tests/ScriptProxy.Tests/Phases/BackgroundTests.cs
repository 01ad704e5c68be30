using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

/// <summary>What runs beside the requests, on a clock of the test's own.</summary>
public class BackgroundTests
{
    private const string Count = """
        Route("/n").Content(c => c.Text($"{(Shared("n").TryGet<int>("n", out var n) ? n : 0)}"));

        """;

    [Fact]
    public async Task Every_RunsEachPeriod_AnErrorDoesNotStopIt_AndAfterRunsOnce()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await TestGateway.StartAsync(
            Count + """
            Every(Seconds(10), t => { var n = Shared("n").Increment("n"); t.Logger.LogInformation($"every {n}"); if (n == 2) throw new FormatException("second"); });
            After(Seconds(15), async t => { await Task.Yield(); t.Logger.LogInformation("after"); });
            """,
            time);
        Assert.Equal("0", await gateway.Client.GetStringAsync("/n"));
        time.Advance(TimeSpan.FromSeconds(10));
        await gateway.Log.WaitForAsync("every 1");
        Assert.False(gateway.Log.Has("after"));
        time.Advance(TimeSpan.FromSeconds(10));
        await gateway.Log.WaitForAsync("every 2");
        await gateway.Log.WaitForAsync("after");
        await gateway.Log.WaitForAsync($"the timer at proxy.csx:2 failed, and goes on:");
        time.Advance(TimeSpan.FromSeconds(10));
        await gateway.Log.WaitForAsync("every 3");
        Assert.Single(gateway.Log.All, l => l == "after");
        Assert.Equal("3", await gateway.Client.GetStringAsync("/n"));
    }

    [Fact]
    public async Task After_FromAHandler_OutlivesTheRequest()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await TestGateway.StartAsync(
            """
            Route("/").Content(c => { var path = c.Request.Path; After(Seconds(5), t => t.Logger.LogInformation("later " + path + Shared("x").Count)); return c.Text("now"); });
            """,
            time);
        Assert.Equal("now", await gateway.Client.GetStringAsync("/"));
        time.Advance(TimeSpan.FromSeconds(5));
        await gateway.Log.WaitForAsync("later /0");
    }

    [Fact]
    public async Task InitAndExit_RunOncePerLoad_TimersEndWithIt()
    {
        var time = new FakeTimeProvider();
        var gateway = await TestGateway.StartAsync(
            """
            string made = null;
            Init(async () => { await Task.Yield(); made = "made"; Logger.LogInformation("init"); });
            Exit(async () => { await Task.Yield(); Logger.LogInformation("exit " + made); });
            Exit(() => throw new FormatException("exit fails"));
            Exit(() => Logger.LogInformation("exit last"));
            Every(Seconds(1), async t => { t.Logger.LogInformation("waits"); try { await Task.Delay(Timeout.Infinite, t.Stopping); } finally { t.Logger.LogInformation("stopped " + t.Stopping.IsCancellationRequested); } });
            Route("/").Content(c => c.Text(made));
            """,
            time);
        var log = gateway.Log;
        Assert.Equal("made", await gateway.Client.GetStringAsync("/"));
        time.Advance(TimeSpan.FromSeconds(1));
        await log.WaitForAsync("waits");
        await gateway.DisposeAsync();
        Assert.Single(log.All, l => l == "init");
        Assert.True(log.Has("stopped True"));
        Assert.Single(log.All, l => l == "exit made");
        Assert.True(log.Has(":4 failed"));
        Assert.True(log.Has("exit last"));
    }

    [Fact]
    public async Task Init_Throws_FailsTheLoad()
    {
        var found = await TestGateway.FailAsync("""
            var x = 1;
            Init(() => throw new FormatException("no database"));
            """);
        Assert.Contains("no database", Assert.Single(found).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Once_ManyAsk_OneMakes_AndAnErrorIsNotKept()
    {
        var asked = 0;
        var release = new TaskCompletionSource();
        var arrived = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            Interlocked.Increment(ref asked);
            arrived.TrySetResult();
            await release.Task;
            await c.Response.WriteAsync("made");
        });
        var time = new FakeTimeProvider();
        await using var gateway = await TestGateway.StartAsync(
            $$"""
            Route("/").Content(async c => c.Text(await Once("key", Minutes(1), async stop => await Http.GetStringAsync("{{origin.Address}}", stop))));
            Route("/fails").Content(async c => c.Text(await Once<string>("bad", Minutes(1), stop => Shared("f").Increment("n") == 1 ? throw new FormatException("first") : "second")));
            """,
            time);
        var all = Enumerable.Range(0, 8).Select(_ => gateway.Client.GetStringAsync("/")).ToList();
        await arrived.Task;
        release.SetResult();
        Assert.All(await Task.WhenAll(all), t => Assert.Equal("made", t));
        Assert.Equal(1, asked);
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("made", await gateway.Client.GetStringAsync("/"));
        Assert.Equal(2, asked);
        Assert.Equal(500, (int)(await gateway.Client.GetAsync("/fails")).StatusCode);
        Assert.Equal("second", await gateway.Client.GetStringAsync("/fails"));
    }

    [Fact]
    public async Task Shared_Settings_Http_Time_AreTheGateways()
    {
        await using var origin = await Origin.StartAsync(c => c.Response.WriteAsync("from " + c.Request.Path));
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 2, 12, 0, 0, TimeSpan.Zero));
        await using var gateway = await TestGateway.StartAsync(
            $$"""
            var secret = Settings.Secret("key");
            Route("/settings").Content(c => c.Text($"{Settings["Shop:Name"]} {secret}"));
            Route("/http").Content(async c => c.Text(await Http.GetStringAsync("{{origin.Address}}/x", c.Aborted)));
            Route("/time").Content(c => c.Text($"{Time.GetUtcNow():HH:mm} {c.Time.GetUtcNow():HH:mm}"));
            Route("/ttl").Content(c => { Shared("t").Add("k", 1, Minutes(1)); return c.Text($"{Shared("t").Ttl("k")?.TotalSeconds}"); });
            Route("/elapsed").Log(l => l.Logger.LogInformation($"elapsed {l.Elapsed.TotalSeconds}")).Content(c => c.Text("x"));
            Route("/compose").Content(c => { Route("/late"); return null; });
            """,
            time,
            ("appsettings.json", """{ "Shop": { "Name": "Pets" }, "key": "s3cret" }"""));
        Assert.Equal("Pets s3cret", await gateway.Client.GetStringAsync("/settings"));
        Assert.Equal("from /x", await gateway.Client.GetStringAsync("/http"));
        Assert.Equal("12:00 12:00", await gateway.Client.GetStringAsync("/time"));
        Assert.Equal("60", await gateway.Client.GetStringAsync("/ttl"));
        time.Advance(TimeSpan.FromSeconds(45));
        Assert.Equal("15", await gateway.Client.GetStringAsync("/ttl"));
        await gateway.Client.GetStringAsync("/elapsed");
        await gateway.Log.WaitForAsync("elapsed 0");
        Assert.Equal(500, (int)(await gateway.Client.GetAsync("/compose")).StatusCode);
        await gateway.Log.WaitForAsync("composed while proxy.csx loads, not by a handler that runs");
    }
}
