using System.Net;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.LoadBalancing;

/// <summary>Which peers a gateway lets a policy choose from, and what becomes of requests that find none; over real sockets.</summary>
public class AvailabilityTests
{
    private static async Task<string> AskAsync(TestGateway gateway, string path, int times)
    {
        var text = "";
        for (var i = 0; i < times; i++)
        {
            text += await gateway.Client.GetStringAsync(path);
        }

        return string.Concat(text.Order());
    }

    private static string OnOff(string address, string name) => $$"""
        Route("/{{name}}/down").Content(c => { Peer("{{address}}").Down("test"); return c.Text("."); });
        Route("/{{name}}/drain").Content(c => { Peer("{{address}}").Drain(); return c.Text("."); });
        Route("/{{name}}/up").Content(c => { Peer("{{address}}").Up(); return c.Text("."); });

        """;

    [Fact]
    public async Task Backup_IsAskedOnlyWhileNoOrdinaryPeerIsAvailable()
    {
        await using var a = await Holding.StartAsync("a");
        await using var b = await Holding.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o").Peer("{{b.Address}}", backup: true).Peer("{{a.Address}}", maxRequests: 1);
            Route("/{**path}").To("o");
            {{OnOff(a.Address, "a")}}
            """);
        Assert.Equal("aaaa", await AskAsync(gateway, "/", 4));
        await gateway.Client.GetStringAsync("/a/down");
        Assert.Equal("bbb", await AskAsync(gateway, "/", 3));
        await gateway.Client.GetStringAsync("/a/up");
        Assert.Equal("aaa", await AskAsync(gateway, "/", 3));

        // A full one is not available either.
        var held = gateway.Client.GetStringAsync("/hold");
        await a.ArrivedAsync();
        Assert.Equal("bb", await AskAsync(gateway, "/", 2));
        a.LetOneGo();
        Assert.Equal("a", await held);
    }

    [Fact]
    public async Task PreferZone_AsksTheZoneFirst_ThenTheOthers_ThenBackups()
    {
        await using var a = await Holding.StartAsync("a");
        await using var b = await Holding.StartAsync("b");
        await using var c = await Holding.StartAsync("c");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o", "{{c.Address}}").Peer("{{a.Address}}", zone: "here").Peer("{{b.Address}}", zone: "here", backup: true).PreferZone("here");
            Route("/{**path}").To("o");
            {{OnOff(a.Address, "a")}}{{OnOff(c.Address, "c")}}
            """);
        Assert.Equal("aaa", await AskAsync(gateway, "/", 3));
        await gateway.Client.GetStringAsync("/a/down");
        Assert.Equal("ccc", await AskAsync(gateway, "/", 3));
        await gateway.Client.GetStringAsync("/c/down");
        Assert.Equal("bbb", await AskAsync(gateway, "/", 3));
    }

    [Fact]
    public async Task PreferZone_ThatNoPeerIsOf_FailsTheLoad()
    {
        var found = Assert.Single(await TestGateway.FailAsync("""
            Upstream("o").Peer("http://10.0.0.1:80", zone: "a").PreferZone("b");
            """));
        Assert.Equal(("SP1030", 1), (found.Code, found.Line));
    }

    [Theory]
    [InlineData("""Upstream("o").Peer("http://10.0.0.1:80", maxRequests: -1);""", "maxRequests")]
    [InlineData("""Upstream("o", "http://10.0.0.1:80").Queue(0);""", "length")]
    [InlineData("""Upstream("o", "http://10.0.0.1:80").Queue(1, Seconds(0));""", "timeout")]
    [InlineData("""Upstream("o", "http://10.0.0.1:80").SlowStart(Seconds(0));""", "over")]
    [InlineData("""Upstream("o", "http://10.0.0.1:80").PreferZone(" ");""", "zone")]
    public async Task Upstream_BadArguments_FailTheLoadAtTheirLine(string proxy, string parameter)
    {
        var found = Assert.Single(await TestGateway.FailAsync(proxy));
        Assert.Equal(1, found.Line);
        Assert.Contains($"'{parameter}'", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MaxRequests_WithoutAQueue_AnswersOneMoreWith503()
    {
        await using var a = await Holding.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o").Peer("{{a.Address}}", maxRequests: 2);
            Route("/{**path}").To("o");
            """);
        var held = new[] { gateway.Client.GetStringAsync("/hold"), gateway.Client.GetStringAsync("/hold") };
        await a.ArrivedAsync();
        await a.ArrivedAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await gateway.Client.GetAsync("/")).StatusCode);
        await gateway.Log.WaitForAsync("upstream o: all available peers are full");
        a.LetOneGo();
        await await Task.WhenAny(held);
        await TestGateway.WaitAsync(() => gateway.Host.Current!.Upstreams[0].Peers[0].InFlight == 1);
        Assert.Equal("a", await gateway.Client.GetStringAsync("/"));
        a.LetOneGo();
        await Task.WhenAll(held);
    }

    [Fact]
    public async Task Queue_LetsRequestsWait_InOrder_UpToItsLength()
    {
        await using var a = await Holding.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o").Peer("{{a.Address}}", maxRequests: 1).Queue(2, Seconds(30));
            Route("/{**path}").To("o");
            """);
        var upstream = gateway.Host.Current!.Upstreams[0];
        var first = gateway.Client.GetStringAsync("/hold/1");
        await a.ArrivedAsync();
        var second = gateway.Client.GetStringAsync("/hold/2");
        await TestGateway.WaitAsync(() => upstream.Line.Count == 1);
        var third = gateway.Client.GetStringAsync("/hold/3");
        await TestGateway.WaitAsync(() => upstream.Line.Count == 2);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await gateway.Client.GetAsync("/")).StatusCode);
        await gateway.Log.WaitForAsync("all available peers are full and 2 requests wait already");

        a.LetOneGo();
        Assert.Equal("a", await first);
        await a.ArrivedAsync();
        Assert.Equal((1, 1), (upstream.Line.Count, upstream.Peers[0].InFlight));
        Assert.False(third.IsCompleted);
        a.LetOneGo();
        Assert.Equal("a", await second);
        await a.ArrivedAsync();
        a.LetOneGo();
        Assert.Equal("a", await third);
        await TestGateway.WaitAsync(() => upstream.Line.Count == 0 && upstream.Peers[0].InFlight == 0);
    }

    [Fact]
    public async Task Queue_AWaitTooLong_Is503_AndTheLineIsLeft()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        await using var a = await Holding.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync(
            $$"""
            Upstream("o").Peer("{{a.Address}}", maxRequests: 1).Queue(2, Seconds(3));
            Route("/{**path}").To("o");
            """,
            time);
        var upstream = gateway.Host.Current!.Upstreams[0];
        var first = gateway.Client.GetStringAsync("/hold");
        await a.ArrivedAsync();
        var late = gateway.Client.GetAsync("/");
        await TestGateway.WaitAsync(() => upstream.Line.Count == 1);
        await TestGateway.WaitAsync(() =>
        {
            // Again and again: the wait may begin after a step of the clock.
            time.Advance(TimeSpan.FromSeconds(1));
            return late.IsCompleted;
        });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await late).StatusCode);
        await gateway.Log.WaitForAsync("all available peers are full, waited 3 s for one");
        Assert.Equal(0, upstream.Line.Count);
        a.LetOneGo();
        Assert.Equal("a", await first);
        await TestGateway.WaitAsync(() => upstream.Peers[0].InFlight == 0);
        Assert.Equal("a", await gateway.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task Queue_AClientThatGoesAway_LeavesTheLine()
    {
        await using var a = await Holding.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o").Peer("{{a.Address}}", maxRequests: 1).Queue(2, Seconds(30));
            Route("/{**path}").To("o");
            """);
        var upstream = gateway.Host.Current!.Upstreams[0];
        var first = gateway.Client.GetStringAsync("/hold");
        await a.ArrivedAsync();
        using var gone = new CancellationTokenSource();
        var second = gateway.Client.GetStringAsync("/", gone.Token);
        await TestGateway.WaitAsync(() => upstream.Line.Count == 1);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await TestGateway.WaitAsync(() => upstream.Line.Count == 0);
        a.LetOneGo();
        Assert.Equal("a", await first);
    }

    [Fact]
    public async Task Queue_APeerThatComesBack_TakesAllThatWait_AlsoOverAReload()
    {
        await using var a = await Holding.StartAsync("a");
        await using var b = await Holding.StartAsync("b");
        var proxy = $$"""
            Upstream("o").Peer("{{a.Address}}", maxRequests: 1).Peer("{{b.Address}}", maxRequests: 10).Queue(10, Seconds(30));
            Route("/{**path}").To("o");
            {{OnOff(b.Address, "b")}}
            """;
        await using var gateway = await TestGateway.StartAsync(proxy);
        await gateway.Client.GetStringAsync("/b/down");
        var held = gateway.Client.GetStringAsync("/hold");
        await a.ArrivedAsync();
        var line = gateway.Host.Current!.Upstreams[0].Line;
        var old = gateway.Client.GetStringAsync("/hold");
        await TestGateway.WaitAsync(() => line.Count == 1);
        await gateway.SaveAsync(proxy + "// another load\n");
        Task<string>[] waiting = [old, .. Enumerable.Range(0, 4).Select(_ => gateway.Client.GetStringAsync("/hold"))];
        await TestGateway.WaitAsync(() => line.Count == 5);
        await gateway.Client.GetStringAsync("/b/up");

        // All at a time, not one when another ends.
        for (var i = 0; i < 5; i++)
        {
            await b.ArrivedAsync();
        }

        for (var i = 0; i < 5; i++)
        {
            b.LetOneGo();
        }

        Assert.Equal("bbbbb", string.Concat(await Task.WhenAll(waiting)));
        a.LetOneGo();
        Assert.Equal("a", await held);
    }

    [Fact]
    public async Task Queue_OneThatInsistsOnAFullPeer_HoldsUpNobodyElse()
    {
        await using var a = await Holding.StartAsync("a");
        await using var b = await Holding.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o").Peer("{{a.Address}}", maxRequests: 1).Peer("{{b.Address}}", maxRequests: 1).Queue(10, Seconds(30));
            Route("/a/{**path}").StripPrefix("/a").Balancer(b => b.AllPeers[0]).To("o");
            Route("/{**path}").To("o");
            """);
        var line = gateway.Host.Current!.Upstreams[0].Line;
        var first = gateway.Client.GetStringAsync("/a/hold");
        await a.ArrivedAsync();
        var insists = gateway.Client.GetStringAsync("/a/");
        await TestGateway.WaitAsync(() => line.Count == 1);
        Assert.Equal("bb", await AskAsync(gateway, "/", 2));
        var second = gateway.Client.GetStringAsync("/hold");
        await b.ArrivedAsync();
        var waits = gateway.Client.GetStringAsync("/");
        await TestGateway.WaitAsync(() => line.Count == 2);
        b.LetOneGo();
        Assert.Equal("b", await second);
        Assert.Equal("b", await waits);
        Assert.False(insists.IsCompleted);
        a.LetOneGo();
        Assert.Equal(["a", "a"], await Task.WhenAll(first, insists));
    }

    [Fact]
    public async Task MaxRequests_ManyAtATime_AreNeverMoreThanThat_AndAllAreAnswered()
    {
        var (now, most) = (0, 0);
        await using var a = await Origin.StartAsync(async c =>
        {
            var n = Interlocked.Increment(ref now);
            for (var seen = Volatile.Read(ref most); n > seen; seen = Volatile.Read(ref most))
            {
                Interlocked.CompareExchange(ref most, n, seen);
            }

            await Task.Yield();
            Interlocked.Decrement(ref now);
            c.Response.ContentLength = 0;
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o").Peer("{{a.Address}}", maxRequests: 3).Queue(200, Seconds(60));
            Route("/").To("o");
            """);
        var answers = await Task.WhenAll(Enumerable.Range(0, 150).Select(_ => gateway.Client.GetAsync("/")));
        Assert.All(answers, r => Assert.Equal(HttpStatusCode.OK, r.StatusCode));
        Assert.InRange(most, 1, 3);
        await TestGateway.WaitAsync(() => gateway.Host.Current!.Upstreams[0] is { Line.Count: 0 } u && u.Peers[0].InFlight == 0);
    }

    [Fact]
    public async Task SlowStart_APeerThatComesBack_GetsItsShareLittleByLittle()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        await using var a = await Origin.StartAsync("a");
        await using var b = await Origin.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(
            $$"""
            Upstream("o", "{{a.Address}}", "{{b.Address}}").SlowStart(Seconds(100));
            Route("/").To("o");
            {{OnOff(b.Address, "b")}}
            """,
            time);
        int B(string text) => text.Count(c => c == 'b');
        Assert.Equal(20, B(await AskAsync(gateway, "/", 40)));
        await gateway.Client.GetStringAsync("/b/down");
        Assert.Equal(0, B(await AskAsync(gateway, "/", 4)));
        await gateway.Client.GetStringAsync("/b/up");
        Assert.InRange(B(await AskAsync(gateway, "/", 40)), 0, 3);
        time.Advance(TimeSpan.FromSeconds(25));
        Assert.InRange(B(await AskAsync(gateway, "/", 40)), 6, 10);
        time.Advance(TimeSpan.FromSeconds(75));
        Assert.Equal(20, B(await AskAsync(gateway, "/", 40)));
    }

    [Fact]
    public async Task Drain_NoNewRequests_UntilUp_AtLoadAndByHand()
    {
        await using var a = await Origin.StartAsync("a");
        await using var b = await Origin.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o", "{{a.Address}}", "{{b.Address}}");
            Peer("{{a.Address}}").Drain();
            Route("/").To("o");
            {{OnOff(a.Address, "a")}}{{OnOff(b.Address, "b")}}
            """);
        Assert.Equal("bbb", await AskAsync(gateway, "/", 3));
        Assert.True(gateway.Host.Current!.Upstreams[0].Peers[0] is { IsDraining: true, IsAvailable: true });
        await gateway.Client.GetStringAsync("/a/up");
        Assert.Equal("aabb", await AskAsync(gateway, "/", 4));
        await gateway.Client.GetStringAsync("/b/drain");
        await gateway.Client.GetStringAsync("/a/drain");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await gateway.Client.GetAsync("/")).StatusCode);
    }
}
