using System.Diagnostics;
using ScriptProxy.Testing;
using TestGateway = ScriptProxy.Testing.TestGateway;

namespace ScriptProxy.Tests.Testing;

/// <summary>Advance moves timers, time limits and what expires, and nothing else does.</summary>
public sealed class TestClockTests
{
    [Fact]
    public async Task Every_RunsOncePerPeriod_InOrderWithAfter()
    {
        await using var gateway = await TestGateway.LoadText("""
            Every(Seconds(10), t => { Shared("s").PushRight("ran", $"every {Time.GetUtcNow():HH:mm:ss}"); });
            After(Seconds(15), async t => { await Task.Yield(); Shared("s").PushRight("ran", $"after {Time.GetUtcNow():HH:mm:ss}"); });
            Route("/").Content(c => { var d = Shared("s"); var all = new List<string>(); while (d.Length("ran") > 0) all.Add(d.PopLeft<string>("ran")!); return c.Text(string.Join(", ", all)); });
            """);
        await gateway.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Equal("", (await gateway.Get("/")).Text);
        await gateway.Advance(TimeSpan.FromSeconds(25.1));
        Assert.Equal("every 00:00:10, after 00:00:15, every 00:00:20, every 00:00:30", (await gateway.Get("/")).Text);
        Assert.Equal(["Timer proxy.csx:1", "Timer proxy.csx:2", "Timer proxy.csx:1", "Timer proxy.csx:1"], gateway.Trace.Where(s => s.Phase == "Timer").Select(s => s.ToString()));
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 35, TimeSpan.Zero), gateway.Time.GetUtcNow());
    }

    [Fact]
    public async Task AnswerTimeout_PeerNeverAnswers_IsTheClocks()
    {
        await using var gateway = await TestGateway.LoadText("""
            Upstream("slow", "http://a:1").Timeouts(answer: Seconds(30));
            Route("/").To("slow");
            """, r => PeerAnswer.Never);
        var pending = gateway.Get("/");
        await gateway.Advance(TimeSpan.FromSeconds(29));
        Assert.False(pending.IsCompleted);
        await gateway.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(504, (await pending).Status);
    }

    [Fact]
    public async Task AnswerTimeout_PeerAnswersAtOnce_DoesNotStrike()
    {
        await using var gateway = await TestGateway.LoadText("""Route("/").To("http://a:1");""");
        var pending = gateway.Get("/");
        await gateway.Advance(TimeSpan.FromHours(1));
        Assert.Equal(200, (await pending).Status);
    }

    [Fact]
    public async Task Delay_OfAHandler_WaitsForTheClock()
    {
        await using var gateway = await TestGateway.LoadText("""
            Route("/").Content(async c => { await Task.Delay(Seconds(5), c.Time, c.Aborted); return c.Text($"{c.Elapsed().TotalSeconds}"); });
            """.Replace("c.Elapsed().TotalSeconds", "c.Time.GetUtcNow():ss", StringComparison.Ordinal));
        var began = Stopwatch.GetTimestamp();
        var pending = gateway.Get("/");
        await gateway.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("05", (await pending).Text);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Once_AndSharedTtl_ExpireByTheClock()
    {
        await using var gateway = await TestGateway.LoadText("""
            Route("/").Content(async c => c.Text($"{await Once("k", Minutes(1), stop => Shared("s").Increment("made"))} {Shared("s").Increment("n", ttl: Seconds(10))}"));
            """);
        Assert.Equal("1 1", (await gateway.Get("/")).Text);
        await gateway.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal("1 2", (await gateway.Get("/")).Text);
        await gateway.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("1 1", (await gateway.Get("/")).Text);
        await gateway.Advance(TimeSpan.FromSeconds(50));
        Assert.StartsWith("2 ", (await gateway.Get("/")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HealthCheck_OfAPeer_GoesByTheClock()
    {
        await using var gateway = await TestGateway.LoadText("""
            Upstream("shop", "http://a:1", "http://b:2").HealthCheck("/health", every: Seconds(5));
            Route("/").To("shop");
            """, r => r.Path == "/health" && r.Peer == "http://a:1" ? 500 : PeerAnswer.Text(r.Peer));
        await gateway.Advance(TimeSpan.Zero);
        Assert.Equal("http://b:2", (await gateway.Get("/")).Text);
        Assert.Equal("http://b:2", (await gateway.Get("/")).Text);
        gateway.Peers.Answer(r => PeerAnswer.Text(r.Peer));
        await gateway.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(["http://a:1", "http://b:2"], new[] { (await gateway.Get("/")).Text, (await gateway.Get("/")).Text }.Order());
    }

    [Fact]
    public async Task Start_IsWhatTheOptionsSay()
    {
        var options = new TestOptions { Start = new DateTimeOffset(2030, 6, 1, 20, 0, 0, TimeSpan.Zero) };
        await using var gateway = await TestGateway.LoadText("""Route("/").Access("office.csx").Content(c => c.Text("open"));""", options: options, files: ("office.csx", "if (Time.GetLocalNow().Hour >= 18) return Respond(503, \"closed\\n\");\n"));
        Assert.Equal("closed\n", (await gateway.Get("/")).Text);
        await gateway.Advance(TimeSpan.FromHours(4));
        Assert.Equal("open", (await gateway.Get("/")).Text);
    }

    [Fact]
    public async Task Get_WithoutAnEnd_TellsThatTheClockStandsStill()
    {
        await using var gateway = await TestGateway.LoadText("""Route("/").To("http://a:1");""", r => PeerAnswer.Never, new TestOptions { Patience = TimeSpan.FromSeconds(5) });
        var error = await Assert.ThrowsAsync<TimeoutException>(() => gateway.Get("/"));
        Assert.Contains("Advance", error.Message, StringComparison.Ordinal);
    }
}
