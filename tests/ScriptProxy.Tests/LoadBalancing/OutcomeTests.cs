using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.LoadBalancing;

/// <summary>What a policy hears of the attempts; over real sockets.</summary>
public class OutcomeTests
{
    private const string Listener = """
        class Listener : ILoadBalancer
        {
            public Peer Pick(BalancerContext context, ReadOnlySpan<Peer> available) => available[0];
            public void AttemptEnded(BalancerContext context, in AttemptOutcome o)
            {
                if (context.Request.Path == "/throw") throw new InvalidOperationException("no ears");
                if (context.Request.Path == "/spin") while (true) { }
                Shared("heard").PushRight("all", $"{context.Request.Path} {o.Peer.Index} {(o.TimeToHeaders is { } t ? t > TimeSpan.Zero && t <= o.Elapsed : "none")} {o.Failed}");
            }
        }

        """;

    [Fact]
    public async Task AttemptEnded_TellsPeerTimeAndFailure_OfEveryAttempt()
    {
        await using var a = await Holding.StartAsync("a");
        await using var b = await Holding.StartAsync("b");
        using var silent = new RawOrigin(async (stream, _) => await RawOrigin.ReadHeadAsync(stream));
        await using var gateway = await TestGateway.StartAsync($$"""
            {{Listener}}
            Upstream("o", "{{a.Address}}", "{{b.Address}}").Balance(new Listener());
            Upstream("silent", "{{silent.Address}}").Balance(new Listener());
            Route("/silent").To("silent");
            Route("/retry").UpstreamResponse(u => u.Attempts == 1 ? u.Retry() : null).To("o");
            Route("/script").UpstreamResponse(u => throw new Exception("script")).To("o");
            Route("/turned").UpstreamResponse(u => { u.StatusCode = 200; }).To("o");
            Route("/{**path}").Balancer(b => b.Request.Query.ContainsKey("b") ? b.AllPeers[1] : null).To("o");
            """);
        foreach (var path in new[] { "/ok", "/ok?b", "/bad?fail", "/turned?fail", "/retry", "/script", "/silent" })
        {
            (await gateway.Client.GetAsync(path)).Dispose();
        }

        // Of a client that goes away before the headers it is not the peer's fault.
        using var gone = new CancellationTokenSource();
        var left = gateway.Client.GetAsync("/hold", gone.Token);
        await a.ArrivedAsync();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        var heard = gateway.Host.Current!.Snapshot.Runtime.Shared("heard", null);
        await TestGateway.WaitAsync(() => heard.Length("all") == 9);
        Assert.Equal(
            ["/ok 0 True False", "/ok 1 True False", "/bad 0 True True", "/turned 0 True True", "/retry 0 True True", "/retry 1 True False", "/script 0 True False", "/silent 0 none True", "/hold 0 none False"],
            Enumerable.Range(0, 9).Select(_ => heard.PopLeft<string>("all")));
    }

    [Fact]
    public async Task AttemptEnded_ThatThrowsOrNeverEnds_IsLogged_AndHarmsNoRequest()
    {
        await using var a = await Holding.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync($$"""
            {{Listener}}
            Budget(Milliseconds(100));
            Upstream("o", "{{a.Address}}").Balance(new Listener());
            Route("/{**path}").To("o");
            """);
        Assert.Equal("a", await gateway.Client.GetStringAsync("/throw"));
        await gateway.Log.WaitForAsync("no ears");
        Assert.Equal("a", await gateway.Client.GetStringAsync("/spin"));
        await gateway.Log.WaitForAsync("ran for more than its budget");
        Assert.Equal("a", await gateway.Client.GetStringAsync("/fine"));
    }
}
