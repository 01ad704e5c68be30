using System.Net;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

public class BalancerTests
{
    private static async Task<List<Origin>> ThreeAsync()
    {
        var origins = new List<Origin>();
        foreach (var name in new[] { "a", "b", "c" })
        {
            origins.Add(await Origin.StartAsync(name));
        }

        return origins;
    }

    private static async Task<string> AskAsync(TestGateway gateway, string path, int times)
    {
        var text = "";
        for (var i = 0; i < times; i++)
        {
            text += await gateway.Client.GetStringAsync(path);
        }

        return text;
    }

    private static string Sorted(string text) => string.Concat(text.Order());

    [Fact]
    public async Task Balancer_TaggedWherePickNullAndAsync()
    {
        var o = await ThreeAsync();
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o", "{{o[0].Address}}").Peer("{{o[1].Address}}", tags: ["x"], name: "bee").Peer("{{o[2].Address}}", tags: ["x", "y"]);
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
            Route("/unknown").Balancer(b => b.Pick("round-robbin")).To("o");
            Route("/tags").Balancer(b => b.Tagged("x").Peers.Count == 2 ? b.Peers[0] : null).To("o");
            """);
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
        Assert.Equal(HttpStatusCode.InternalServerError, (await gateway.Client.GetAsync("/unknown")).StatusCode);
        await gateway.Log.WaitForAsync("there is no policy 'round-robbin'; there are: least-requests, round-robin");
    }

    [Fact]
    public async Task Balance_ByNameFunctionObjectAndWeight()
    {
        var o = await ThreeAsync();
        await using var gateway = await TestGateway.StartAsync($$"""
            class Last : ILoadBalancer { public Peer Pick(BalancerContext context, ReadOnlySpan<Peer> available) => available[^1]; }
            Upstream("weights", "{{o[0].Address}}").Peer("{{o[1].Address}}", weight: 3).Peer("{{o[2].Address}}", weight: 0);
            Upstream("function", "{{o[0].Address}}", "{{o[1].Address}}").Balance(b => b.Peers[b.Request.Query.ContainsKey("b") ? 1 : 0]);
            Upstream("object", "{{o[0].Address}}", "{{o[1].Address}}", "{{o[2].Address}}").Balance(new Last());
            Upstream("none", "{{o[0].Address}}").Balance(b => null);
            Route("/weights").To("weights"); Route("/function").To("function"); Route("/object").To("object"); Route("/none").To("none");
            """);
        Assert.Equal("aabbbbbb", Sorted(await AskAsync(gateway, "/weights", 8)));
        Assert.Equal("aa", await AskAsync(gateway, "/function", 2));
        Assert.Equal("bb", await AskAsync(gateway, "/function?b", 2));
        Assert.Equal("cc", await AskAsync(gateway, "/object", 2));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await gateway.Client.GetAsync("/none")).StatusCode);
    }

    [Fact]
    public async Task LeastRequests_AndInFlight_CountWhatIsUnderWay()
    {
        var arrived = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var busy = await Origin.StartAsync(async c =>
        {
            if (c.Request.Path == "/hold")
            {
                arrived.SetResult();
                await release.Task;
            }

            await c.Response.WriteAsync("busy");
        });
        await using var idle = await Origin.StartAsync("idle");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o", "{{busy.Address}}", "{{idle.Address}}").Balance("least-requests");
            Route("/hold").Balancer(b => b.Peers[0]).To("o");
            Route("/count").Balancer(b => { b.HttpContext.Items["n"] = b.Peers[0].InFlight; return null; }).HeaderFilter(h => h.Response.Headers["X-N"] = $"{h.HttpContext.Items["n"]} {h.Peer.InFlight}").To("o");
            """);
        var held = gateway.Client.GetStringAsync("/hold");
        await arrived.Task;
        for (var i = 0; i < 4; i++)
        {
            using var answer = await gateway.Client.GetAsync("/count");
            Assert.Equal("idle", await answer.Content.ReadAsStringAsync());
            Assert.Equal("1 1", answer.Headers.GetValues("X-N").Single());
        }

        release.SetResult();
        Assert.Equal("busy", await held);
        await TestGateway.WaitAsync(() => gateway.Host.Current!.Upstreams.SelectMany(u => u.Peers).All(p => p.InFlight == 0));
    }

    [Fact]
    public async Task PeerDown_AtLoad_OfAPeerThatNobodyNames_FailsTheLoad()
    {
        var found = await TestGateway.FailAsync("""
            Peer("http://10.0.0.1:81").Down("typed wrongly");
            Upstream("o", "http://10.0.0.1:80");
            """);
        Assert.Equal("no upstream has the peer 'http://10.0.0.1:81'", Assert.Single(found).Message);
        Assert.Equal(1, found[0].Line);
    }

    [Fact]
    public async Task PeerDown_AtLoadFromAHandlerAndByTheObject()
    {
        var o = await ThreeAsync();
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o", "{{o[0].Address}}", "{{o[1].Address}}", "{{o[2].Address}}");
            Peer("{{o[0].Address}}").Down("at load");
            Route("/down").Content(c => { Peer("{{o[1].Address}}").Down("by hand"); return c.Text("."); });
            Route("/up").Content(c => { Peer("{{o[0].Address}}").Up(); Peer("{{o[1].Address}}/").Up(); return c.Text("."); });
            Route("/unknown").Content(c => { Peer("http://127.0.0.1:9").Down("?"); return null; });
            Route("/self").UpstreamResponse(u => { u.Peer.Down("answers badly"); }).To("o");
            Route("/").Balancer(b => { b.HttpContext.Items["n"] = b.Peers.Count; return null; }).HeaderFilter(h => h.Response.Headers["X-N"] = $"{h.HttpContext.Items["n"]}").To("o");
            """);
        Assert.Equal("bbcc", Sorted(await AskAsync(gateway, "/", 4)));
        await gateway.Client.GetStringAsync("/down");
        Assert.Equal("cc", await AskAsync(gateway, "/", 2));
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal("1", answer.Headers.GetValues("X-N").Single());
        await gateway.Client.GetStringAsync("/up");
        Assert.Equal("abc", Sorted(await AskAsync(gateway, "/", 3)));
        Assert.Equal(HttpStatusCode.InternalServerError, (await gateway.Client.GetAsync("/unknown")).StatusCode);
        await gateway.Log.WaitForAsync("no upstream has the peer http://127.0.0.1:9/");
        var down = await gateway.Client.GetStringAsync("/self");
        Assert.DoesNotContain(down, await AskAsync(gateway, "/", 4), StringComparison.Ordinal);
    }
}
