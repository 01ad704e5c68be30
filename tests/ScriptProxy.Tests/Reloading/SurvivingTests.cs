using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Reloading;

/// <summary>What outlives a load, and what belongs to it.</summary>
public class SurvivingTests
{
    [Fact]
    public async Task SharedCounters_PeersByHand_AndInFlightCounts_Survive()
    {
        var asked = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var slow = await Origin.StartAsync(async c =>
        {
            asked.TrySetResult();
            await release.Task;
            await c.Response.WriteAsync("slow");
        });
        await using var other = await Origin.StartAsync("other");
        string Proxy(int n) => $$"""
            Upstream("u", "{{slow.Address}}", "{{other.Address}}").Balance("least-requests");
            Route("/count").Content(c => c.Text($"{{n}}: {Shared("s").Increment("n")}"));
            Route("/down").Content(c => { Peer("{{other.Address}}").Down("by hand"); return c.Text("down"); });
            Route("/up").Content(c => { Peer("{{other.Address}}").Up(); return c.Text("up"); });
            Route("/peers").Balancer(b => { b.HttpContext.Items["peers"] = string.Join(' ', b.Peers.Select(p => $"{p.Address.Port}={p.InFlight}")); return null; })
                .HeaderFilter(h => h.Response.Headers["X-Peers"] = h.HttpContext.Items["peers"] as string).To("u");
            Route("/slow").Balancer(b => b.Peers.First(p => p.Address.Port == {{new Uri(slow.Address).Port}})).To("u");
            """;
        await using var gateway = await TestGateway.StartAsync(Proxy(1));
        Assert.Equal("1: 1", await gateway.Client.GetStringAsync("/count"));
        var underWay = gateway.Client.GetStringAsync("/slow");
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await gateway.SaveAsync(Proxy(2));
        Assert.Equal("2: 2", await gateway.Client.GetStringAsync("/count"));

        // The request of the old load counts for the new one: the other peer has fewer.
        var (slowPort, otherPort) = (new Uri(slow.Address).Port, new Uri(other.Address).Port);
        for (var n = 0; n < 4; n++)
        {
            using var answer = await gateway.Client.GetAsync("/peers");
            Assert.Equal("other", await answer.Content.ReadAsStringAsync());
            Assert.Equal($"{slowPort}=1 {otherPort}=0", Assert.Single(answer.Headers.GetValues("X-Peers")));
        }

        Assert.Equal("down", await gateway.Client.GetStringAsync("/down"));
        await gateway.SaveAsync(Proxy(3));
        release.SetResult();
        Assert.Equal("slow", await underWay);
        using var down = await gateway.Client.GetAsync("/peers");
        Assert.Equal("slow", await down.Content.ReadAsStringAsync());
        Assert.Equal($"{slowPort}=0", Assert.Single(down.Headers.GetValues("X-Peers")));
        await gateway.Client.GetStringAsync("/up");
        await gateway.SaveAsync(Proxy(4));
        using var up = await gateway.Client.GetAsync("/peers");
        Assert.Equal($"{slowPort}=0 {otherPort}=0", Assert.Single(up.Headers.GetValues("X-Peers")));
        Assert.Equal("4: 3", await gateway.Client.GetStringAsync("/count"));
    }

    [Fact]
    public async Task Once_AndTimers_BelongToTheirLoad()
    {
        var time = new FakeTimeProvider();
        string Proxy(int n) => $$"""
            Route("/once").Content(async c => c.Text(await Once("key", Minutes(60), stop => ValueTask.FromResult("made by {{n}}"))));
            Route("/after").Content(c => { After(Seconds(1), t => t.Logger.LogInformation("late {{n}}")); return c.Text("set"); });
            Every(Seconds(1), t => t.Logger.LogInformation("tick {{n}}"));
            """;
        await using var gateway = await TestGateway.StartAsync(Proxy(1), time);
        Assert.Equal("made by 1", await gateway.Client.GetStringAsync("/once"));
        time.Advance(TimeSpan.FromSeconds(1));
        await gateway.Log.WaitForAsync("tick 1");
        await gateway.Client.GetStringAsync("/after");
        gateway.Save(Proxy(2));
        await TestGateway.WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(5));
            return gateway.Host.Current!.Number == 2;
        });
        Assert.Equal("made by 2", await gateway.Client.GetStringAsync("/once"));
        var old = gateway.Log.All.Count(l => l == "tick 1");
        for (var n = 1; n <= 3; n++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await TestGateway.WaitAsync(() => gateway.Log.All.Count(l => l == "tick 2") >= n);
        }

        Assert.Equal(old, gateway.Log.All.Count(l => l == "tick 1"));
        Assert.False(gateway.Log.Has("late 1"));
    }

    [Fact]
    public async Task Init_IsOverBeforeTheFirstRequest_Exit_ComesAfterTheLast_Once()
    {
        var asked = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            asked.TrySetResult();
            await release.Task;
            await c.Response.WriteAsync("done");
        });
        string Proxy(int n) => $$"""
            var ready = false;
            var closed = false;
            Init(async () => { await Task.Yield(); Logger.LogInformation("init {{n}}"); ready = true; });
            Exit(async () => { closed = true; await Task.Yield(); Logger.LogInformation("exit {{n}}"); });
            Route("/").Content(c => c.Text($"{ready} {closed}"));
            Route("/slow").Log(l => l.Logger.LogInformation($"log {{n}} {closed}")).To("{{origin.Address}}");
            """;
        var gateway = await TestGateway.StartAsync(Proxy(1));
        using var stop = new CancellationTokenSource();
        var answers = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => AskAsync(gateway, stop.Token)));
        var slow = gateway.Client.GetStringAsync("/slow");
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await gateway.SaveAsync(Proxy(2));
        await gateway.SaveAsync(Proxy(3));
        await gateway.Log.WaitForAsync("exit 2");
        Assert.False(gateway.Log.Has("exit 1"));
        release.SetResult();
        Assert.Equal("done", await slow);
        await gateway.Log.WaitForAsync("exit 1");
        await stop.CancelAsync();
        Assert.All(await answers, a => Assert.Equal("True False", a));
        var log = gateway.Log;
        await gateway.DisposeAsync();
        Assert.Equal(
            ["init 1", "init 2", "init 3", "exit 2", "log 1 False", "exit 1", "exit 3"],
            log.All.Where(l => l.StartsWith("init ", StringComparison.Ordinal) || l.StartsWith("exit ", StringComparison.Ordinal) || l.StartsWith("log ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task End_WhileAnOldLoadStillHasARequest_ItsExitRunsToo()
    {
        var asked = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, c.RequestAborted);
        });
        string Proxy(int n) => $$"""
            Limits(l => l.ShutdownGrace = Seconds(0.1));
            Exit(() => Logger.LogInformation("exit {{n}}"));
            Route("/slow").To("{{origin.Address}}");
            """;
        var gateway = await TestGateway.StartAsync(Proxy(1));
        var slow = gateway.Client.GetStringAsync("/slow");
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await gateway.SaveAsync(Proxy(2));
        var log = gateway.Log;
        await gateway.DisposeAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => slow);
        Assert.Equal(["exit 1", "exit 2"], log.All.Where(l => l.StartsWith("exit ", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    private static async Task<string> AskAsync(TestGateway gateway, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (await gateway.Client.GetStringAsync("/", CancellationToken.None) is var text and not "True False")
            {
                return text;
            }
        }

        return "True False";
    }
}
