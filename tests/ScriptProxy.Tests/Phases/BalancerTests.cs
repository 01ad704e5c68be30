using ScriptProxy.Testing;
using TestGateway = ScriptProxy.Testing.TestGateway;

namespace ScriptProxy.Tests.Phases;

public class BalancerTests
{
    /// <summary>Each server answers with its name.</summary>
    private static PeerAnswer Name(PeerRequest request) => new Uri(request.Peer).Host;

    private static async Task<string> AskAsync(TestGateway gateway, string path, int times)
    {
        var text = "";
        for (var i = 0; i < times; i++)
        {
            text += (await gateway.Get(path)).Text;
        }

        return text;
    }

    private static string Sorted(string text) => string.Concat(text.Order());

    [Fact]
    public async Task Balancer_TaggedWherePickNullAndAsync()
    {
        await using var gateway = await TestGateway.LoadText("""
            Upstream("o", "http://a:1").Peer("http://b:1", tags: ["x"], name: "bee").Peer("http://c:1", tags: ["x", "y"]);
            Route("/x").Balancer(b => b.Tagged("x").Pick("round-robin")).To("o");
            Route("/xy").Balancer(b => b.Tagged("x", "y").Pick("least-requests")).To("o");
            Route("/none").Balancer(b => b.Tagged("nobody").Pick("round-robin")).To("o");
            Route("/where").Balancer(b => b.Where(p => p.Name == "bee").Pick("round-robin")).To("o");
            Route("/first").Balancer(b => b.Peers[0]).To("o");
            Route("/null").Balancer(b => null).To("o");
            Route("/second").Balancer(b => null).Balancer(b => b.Peers[2]).To("o");
            Route("/async").Balancer(async b => { await Task.Yield(); return b.Peers.Single(p => p.Tags.Contains("y")); }).To("o");
            Route("/task").Balancer(b => Task.FromResult(b.Peers[1])).To("o");
            Route("/valuetask").Balancer(b => ValueTask.FromResult(b.Peers[1])).To("o");
            Route("/all").Balancer(b => b.Pick("round-robin")).To("o");
            Route("/unknown").Balancer(b => b.Pick(string.Concat("round-", "robbin"))).To("o");
            Route("/tags").Balancer(b => b.Tagged("x").Peers.Count == 2 ? b.Peers[0] : null).To("o");
            """, Name);
        Assert.Equal("bbcc", Sorted(await AskAsync(gateway, "/x", 4)));
        Assert.Equal("cc", await AskAsync(gateway, "/xy", 2));
        Assert.Equal("abc", Sorted(await AskAsync(gateway, "/none", 3)));
        Assert.Equal("bb", await AskAsync(gateway, "/where", 2));
        Assert.Equal("aa", await AskAsync(gateway, "/first", 2));
        Assert.Equal("abc", Sorted(await AskAsync(gateway, "/null", 3)));
        Assert.Equal("cc", await AskAsync(gateway, "/second", 2));
        Assert.Equal("cc", await AskAsync(gateway, "/async", 2));
        Assert.Equal("bb", await AskAsync(gateway, "/task", 2));
        Assert.Equal("bb", await AskAsync(gateway, "/valuetask", 2));
        Assert.Equal("abc", Sorted(await AskAsync(gateway, "/all", 3)));
        Assert.Equal("aa", await AskAsync(gateway, "/tags", 2));
        Assert.Equal(500, (await gateway.Get("/unknown")).Status);
        Assert.Contains(gateway.Log, l => l.Message.Contains("there is no policy 'round-robbin'; there are: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Balance_ByNameFunctionObjectAndWeight()
    {
        await using var gateway = await TestGateway.LoadText("""
            class Last : ILoadBalancer { public Peer Pick(BalancerContext context, ReadOnlySpan<Peer> available) => available[^1]; }
            Upstream("weights", "http://a:1").Peer("http://b:1", weight: 3).Peer("http://c:1", weight: 0);
            Upstream("function", "http://a:1", "http://b:1").Balance(b => b.Peers[b.Request.Query.ContainsKey("b") ? 1 : 0]);
            Upstream("object", "http://a:1", "http://b:1", "http://c:1").Balance(new Last());
            Upstream("none", "http://a:1").Balance(b => null);
            Route("/weights").To("weights"); Route("/function").To("function"); Route("/object").To("object"); Route("/none").To("none");
            """, Name);
        Assert.Equal("aabbbbbb", Sorted(await AskAsync(gateway, "/weights", 8)));
        Assert.Equal("aa", await AskAsync(gateway, "/function", 2));
        Assert.Equal("bb", await AskAsync(gateway, "/function?b", 2));
        Assert.Equal("cc", await AskAsync(gateway, "/object", 2));
        Assert.Equal(503, (await gateway.Get("/none")).Status);
    }

    [Fact]
    public async Task LeastRequests_AndInFlight_CountWhatIsUnderWay()
    {
        var arrived = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var peers = new TestPeers(Name).On("http://busy:1", async r =>
        {
            if (r.Path == "/hold")
            {
                arrived.SetResult();
                await release.Task;
            }

            return "busy";
        });
        await using var gateway = await TestGateway.LoadText("""
            Upstream("o", "http://busy:1", "http://idle:1").Balance("least-requests");
            Route("/hold").Balancer(b => b.Peers[0]).To("o");
            Route("/count").Balancer(b => { b.HttpContext.Items["n"] = b.Peers[0].InFlight; return null; }).HeaderFilter(h => h.Response.Headers["X-N"] = $"{h.HttpContext.Items["n"]} {h.Peer.InFlight}").To("o");
            """, peers);
        var held = gateway.Get("/hold");
        await arrived.Task;
        for (var i = 0; i < 4; i++)
        {
            var answer = await gateway.Get("/count");
            Assert.Equal(("idle", "1 1"), (answer.Text, answer.Headers["X-N"]));
        }

        release.SetResult();
        Assert.Equal("busy", (await held).Text);
        Assert.All(gateway.Host.Current!.Upstreams.SelectMany(u => u.Peers), p => Assert.Equal(0, p.InFlight));
    }

    [Fact]
    public async Task PeerDown_AtLoad_OfAPeerThatNobodyNames_FailsTheLoad()
    {
        var error = await Assert.ThrowsAsync<LoadFailedException>(() => TestGateway.LoadText("""
            Peer("http://10.0.0.1:81").Down("typed wrongly");
            Upstream("o", "http://10.0.0.1:80");
            """));
        Assert.Equal(("no upstream has the peer 'http://10.0.0.1:81'", 1), (Assert.Single(error.Errors).Message, error.Errors[0].Line));
    }

    [Fact]
    public async Task PeerDown_AtLoadFromAHandlerAndByTheObject()
    {
        await using var gateway = await TestGateway.LoadText("""
            Upstream("o", "http://a:1", "http://b:1", "http://c:1");
            Peer("http://a:1").Down("at load");
            Route("/down").Content(c => { Peer("http://b:1").Down("by hand"); return c.Text("."); });
            Route("/up").Content(c => { Peer("http://a:1").Up(); Peer("http://b:1/").Up(); return c.Text("."); });
            Route("/unknown").Content(c => { Peer("http://127.0.0.1:9").Down("?"); return null; });
            Route("/self").UpstreamResponse(u => { u.Peer.Down("answers badly"); }).To("o");
            Route("/").Balancer(b => { b.HttpContext.Items["n"] = b.Peers.Count; return null; }).HeaderFilter(h => h.Response.Headers["X-N"] = $"{h.HttpContext.Items["n"]}").To("o");
            """, Name);
        Assert.Equal("bbcc", Sorted(await AskAsync(gateway, "/", 4)));
        await gateway.Get("/down");
        Assert.Equal("cc", await AskAsync(gateway, "/", 2));
        Assert.Equal("1", (await gateway.Get("/")).Headers["X-N"]);
        await gateway.Get("/up");
        Assert.Equal("abc", Sorted(await AskAsync(gateway, "/", 3)));
        Assert.Equal(500, (await gateway.Get("/unknown")).Status);
        Assert.Contains(gateway.Log, l => l.Message.Contains("no upstream has the peer http://127.0.0.1:9/", StringComparison.Ordinal));
        var down = (await gateway.Get("/self")).Text;
        Assert.DoesNotContain(down, await AskAsync(gateway, "/", 4), StringComparison.Ordinal);
    }
}
