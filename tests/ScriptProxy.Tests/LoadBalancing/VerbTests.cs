using System.Net;
using ScriptProxy.LoadBalancing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.LoadBalancing;

/// <summary>The policies in a gateway, as a script names them; over real sockets.</summary>
public class VerbTests
{
    private static async Task<(string Text, string? Cookie)> AskAsync(TestGateway gateway, string path, string? cookie = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }

        using var answer = await gateway.Client.SendAsync(request);
        var given = answer.Headers.TryGetValues("Set-Cookie", out var all) ? all.SingleOrDefault(c => c.StartsWith("peer=", StringComparison.Ordinal)) : null;
        return (answer.StatusCode == HttpStatusCode.OK ? await answer.Content.ReadAsStringAsync() : $"{(int)answer.StatusCode}", given);
    }

    [Fact]
    public void Plugin_References_AreAbstractionsAndTheFrameworkOnly() => Assert.All(
        typeof(Policies).Assembly.GetReferencedAssemblies(),
        a => Assert.Matches(@"^(System(\.|$)|Microsoft\.(AspNetCore|Extensions)\.|ScriptProxy\.Abstractions$)", a.Name!));

    [Fact]
    public async Task HashBy_TheSameKey_AsksTheSamePeer()
    {
        await using var a = await Origin.StartAsync("a");
        await using var b = await Origin.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("maglev", "{{a.Address}}", "{{b.Address}}").HashBy(b => b.Request.Headers["X-User"], boundedLoad: 1.25);
            Upstream("ring", "{{a.Address}}", "{{b.Address}}").HashBy(b => b.Request.Query["user"], HashTable.Ketama);
            Upstream("cookie", "{{a.Address}}", "{{b.Address}}").HashBy(b => b.Request.Cookies["user"]);
            Route("/maglev").Access(r => { r.Request.Headers["X-User"] = r.Request.Query["user"]; }).To("maglev");
            Route("/ring").To("ring");
            Route("/cookie").To("cookie");
            """);
        foreach (var path in new[] { "/maglev", "/ring" })
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            for (var user = 0; user < 20; user++)
            {
                var (text, _) = await AskAsync(gateway, $"{path}?user={user}");
                seen.Add(text);
                Assert.Equal(text, (await AskAsync(gateway, $"{path}?user={user}")).Text);
            }

            Assert.Equal(2, seen.Count);
        }

        var cookie = (await AskAsync(gateway, "/cookie", "user=1")).Text;
        Assert.Equal(cookie, (await AskAsync(gateway, "/cookie", "user=1")).Text);

        // Without a key in turn.
        Assert.NotEqual((await AskAsync(gateway, "/cookie")).Text, (await AskAsync(gateway, "/cookie")).Text);
    }

    [Fact]
    public async Task HashBy_InAHandler_TheSameKeyAsksTheSamePeer_AmongThoseGiven()
    {
        await using var a = await Origin.StartAsync("a");
        await using var b = await Origin.StartAsync("b");
        await using var c = await Origin.StartAsync("c");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o").Peer("{{a.Address}}", tags: ["blue"]).Peer("{{b.Address}}", tags: ["blue"]).Peer("{{c.Address}}");
            Route("/all").Balancer(b => b.HashBy(b.Request.Query["user"])).To("o");
            Route("/blue").Balancer(b => b.HashBy(b.Request.Query["user"], among: b.Tagged("blue"))).To("o");
            Route("/target").Balancer(b => b.Pick("hash")).To("o");
            """);
        foreach (var (path, peers) in new[] { ("/all", "abc"), ("/blue", "ab") })
        {
            var seen = new SortedSet<string>(StringComparer.Ordinal);
            for (var user = 0; user < 20; user++)
            {
                var (text, _) = await AskAsync(gateway, $"{path}?user={user}");
                seen.Add(text);

                // By the key alone, whatever else the address says.
                Assert.Equal(text, (await AskAsync(gateway, $"{path}?user={user}&other={user}")).Text);
            }

            Assert.Equal(peers, string.Concat(seen));
        }

        // Without a key in turn; and what a handler gave is the key of its own pick only.
        Assert.NotEqual((await AskAsync(gateway, "/all")).Text, (await AskAsync(gateway, "/all")).Text);
        var targets = new HashSet<string>(StringComparer.Ordinal);
        for (var other = 0; other < 20; other++)
        {
            var (text, _) = await AskAsync(gateway, $"/target?user=1&other={other}");
            targets.Add(text);
            Assert.Equal(text, (await AskAsync(gateway, $"/target?user=1&other={other}")).Text);
        }

        Assert.Equal(3, targets.Count);
    }

    [Fact]
    public async Task Sticky_KeepsItsVisitor_AlsoWhileDraining_AndMovesWhenThePeerIsDown()
    {
        await using var a = await Holding.StartAsync("a");
        await using var b = await Holding.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o").Peer("{{a.Address}}", maxRequests: 1).Peer("{{b.Address}}").Sticky("peer", "a secret of the tests", otherwise: "round-robin", lifetime: Hours(1));
            Route("/{what}/a").Content(c =>
            {
                var peer = Peer("{{a.Address}}");
                switch ($"{c.Request.RouteValues["what"]}") { case "drain": peer.Drain(); break; case "down": peer.Down("test"); break; default: peer.Up(); break; }
                return c.Text(".");
            });
            Route("/both/drain").Content(c => { Peer("{{a.Address}}").Drain(); Peer("{{b.Address}}").Drain(); return c.Text("."); });
            Route("/{**path}").To("o");
            """);

        // The first visitors are given cookies; the peer's own cookie reaches them too.
        var visitors = new Dictionary<string, string>(StringComparer.Ordinal);
        while (visitors.Count < 2)
        {
            var (text, given) = await AskAsync(gateway, "/");
            Assert.Matches("^peer=[\\w-]{24}; max-age=3600; path=/; samesite=lax; httponly$", given);
            visitors[text] = given!.Split(';')[0];
        }

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(("a", null), await AskAsync(gateway, "/", visitors["a"]));
            Assert.Equal(("b", null), await AskAsync(gateway, "/", visitors["b"]));
        }

        // One that was made up, or of somebody else's, is none.
        Assert.NotNull((await AskAsync(gateway, "/", "peer=AAAAAAAAAAAAAAAAAAAAAAAA")).Cookie);
        Assert.NotNull((await AskAsync(gateway, "/", "peer=")).Cookie);

        await gateway.Client.GetStringAsync("/drain/a");
        Assert.Equal(("a", null), await AskAsync(gateway, "/", visitors["a"]));
        Assert.Equal("b", (await AskAsync(gateway, "/")).Text);
        Assert.Equal("b", (await AskAsync(gateway, "/")).Text);

        // Draining ones keep theirs also where nobody is left for others.
        await gateway.Client.GetStringAsync("/both/drain");
        Assert.Equal("a", (await AskAsync(gateway, "/", visitors["a"])).Text);
        Assert.Equal("503", (await AskAsync(gateway, "/")).Text);
        await gateway.Client.GetStringAsync("/up/a");

        // While it is full another would answer; here there is none.
        var held = AskAsync(gateway, "/hold", visitors["a"]);
        await a.ArrivedAsync();
        Assert.Equal(("503", null), await AskAsync(gateway, "/", visitors["a"]));
        a.LetOneGo();
        Assert.Equal("a", (await held).Text);

        await gateway.Client.GetStringAsync("/down/a");
        Assert.Equal("503", (await AskAsync(gateway, "/", visitors["a"])).Text);
    }

    [Fact]
    public async Task Sticky_ItsPeerIsFullDownOrFails_AnotherAnswers()
    {
        await using var a = await Holding.StartAsync("a");
        await using var b = await Holding.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o").Peer("{{a.Address}}", maxRequests: 1).Peer("{{b.Address}}").Sticky("peer", "a secret of the tests", "first");
            Route("/down").Content(c => { Peer("{{a.Address}}").Down("test"); return c.Text("."); });
            Route("/retry").UpstreamRequest(u => { if (u.Peer.Name == "{{new Uri(a.Address).Authority}}") u.Address = new Uri(u.Address + "?fail"); })
                .UpstreamResponse(u => u.StatusCode == 503 ? u.Retry() : null).To("o");
            Route("/{**path}").To("o");
            """);
        var (text, given) = await AskAsync(gateway, "/");
        Assert.Equal("a", text);
        var cookie = given!.Split(';')[0];
        var held = AskAsync(gateway, "/hold", cookie);
        await a.ArrivedAsync();
        Assert.Equal(("b", null), await AskAsync(gateway, "/", cookie));
        a.LetOneGo();
        await held;
        await TestGateway.WaitAsync(() => gateway.Host.Current!.Upstreams[0].Peers[0].InFlight == 0);
        Assert.Equal(("a", null), await AskAsync(gateway, "/", cookie));

        // One cookie, that of the peer which answered, not also that of the one which failed.
        foreach (var sent in new[] { null, cookie })
        {
            var retried = await AskAsync(gateway, "/retry", sent);
            Assert.Equal("b", retried.Text);
            Assert.Equal(("b", null), await AskAsync(gateway, "/", retried.Cookie!.Split(';')[0]));
        }

        await gateway.Client.GetStringAsync("/down");
        var moved = await AskAsync(gateway, "/", cookie);
        Assert.Equal("b", moved.Text);
        Assert.NotNull(moved.Cookie);
    }

    [Theory]
    [InlineData(""".HashBy(b => "x", boundedLoad: 0.5)""", "A bound is 1 or more")]
    [InlineData(""".Sticky("peer", "short")""", "A secret has 16 characters or more.")]
    [InlineData(""".Sticky("a b", "a secret of the tests")""", "'a b' is no name of a cookie")]
    [InlineData(""".Sticky("peer", "a secret of the tests", "nobody")""", "there is no policy 'nobody'; there are: first, hash, ip-hash, least-requests, least-time, power-of-two, random, round-robin")]
    public async Task Verb_BadArguments_FailTheLoadAtTheirLine(string verb, string message)
    {
        var found = Assert.Single(await TestGateway.FailAsync($"Upstream(\"o\", \"http://10.0.0.1:80\")\n{verb};\n"));
        Assert.Contains(message, found.Message, StringComparison.Ordinal);
        Assert.InRange(found.Line, 1, 2);
    }

    [Fact]
    public async Task LeastTime_APeerThatFailsFast_IsLeft()
    {
        await using var good = await Holding.StartAsync("good");
        await using var bad = await Holding.StartAsync("bad");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o", "{{good.Address}}", "{{bad.Address}}").Balance("least-time");
            Route("/").UpstreamRequest(u => { if (u.Peer.Index == 1) u.Address = new Uri(u.Address + "?fail"); }).To("o");
            """);
        var failed = 0;
        for (var i = 0; i < 40; i++)
        {
            failed += (await AskAsync(gateway, "/")).Text == "503" ? 1 : 0;
        }

        Assert.InRange(failed, 1, 2);
    }
}
