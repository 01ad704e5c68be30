using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Caching;

/// <summary>Many clients at once, and clients and origins that do not keep to the rules.</summary>
public class CacheLoadTests
{
    [Fact]
    public async Task Misses_AtOnce_MakeOneRequestAndStreamAlong()
    {
        var middle = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(async c =>
        {
            c.Response.Headers.CacheControl = "max-age=60";
            await c.Response.WriteAsync("begin ");
            await c.Response.Body.FlushAsync();
            await middle.Task;
            await c.Response.WriteAsync("end");
        });
        var bodies = new List<Stream>();
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => lab.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead)));
        foreach (var answer in answers)
        {
            var body = await answer.Content.ReadAsStreamAsync();
            var begin = new byte[6];
            await body.ReadExactlyAsync(begin);
            Assert.Equal("begin ", Encoding.ASCII.GetString(begin));
            bodies.Add(body);
        }

        middle.SetResult();
        foreach (var body in bodies)
        {
            Assert.Equal("end", await new StreamReader(body).ReadToEndAsync());
        }

        Assert.Single(lab.Asked);
        Assert.Equal(49, answers.Count(a => a.Headers.NonValidated["Cache-Status"].ToString().Contains("collapsed", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Misses_AnswerIsPrivate_AllGoOnTheirOwnAndLaterOnesDoNotQueue()
    {
        var arrived = 0;
        var all = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(async c =>
        {
            var number = Interlocked.Increment(ref arrived);
            if (number is > 1 and <= 10)
            {
                // Nobody is answered before all others have come: they did not wait for one another.
                if (number == 10)
                {
                    all.SetResult();
                }

                await all.Task;
            }

            c.Response.Headers.CacheControl = "private, max-age=60";
            await c.Response.WriteAsync($"yours {number}");
        });
        var texts = new HashSet<string>(StringComparer.Ordinal) { (await lab.GetAsync("/")).Text };
        foreach (var reply in await Task.WhenAll(Enumerable.Range(0, 9).Select(_ => lab.GetAsync("/"))))
        {
            texts.Add(reply.Text);
        }

        Assert.Equal(10, texts.Count);
    }

    [Fact]
    public async Task Misses_OfSeveralVariants_EachGetsItsOwn()
    {
        await using var lab = await CacheLab.StartAsync(c =>
        {
            c.Response.Headers.CacheControl = "max-age=60";
            c.Response.Headers.Vary = "X-Kind";
            return c.Response.WriteAsync($"for {c.Request.Headers["X-Kind"]}");
        });
        var replies = await Task.WhenAll(Enumerable.Range(0, 60).Select(async i => (Kind: i % 3, Reply: await lab.GetAsync("/", ("X-Kind", $"{i % 3}")))));
        Assert.All(replies, r => Assert.Equal($"for {r.Kind}", r.Reply.Text));
        foreach (var kind in new[] { "0", "1", "2" })
        {
            Assert.StartsWith("ScriptProxy; hit", (await lab.GetAsync("/", ("X-Kind", kind)))["Cache-Status"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task FirstClient_Leaves_TheOthersGetTheWhole()
    {
        var asked = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(async c =>
        {
            asked.TrySetResult();
            await go.Task;
            c.Response.Headers.CacheControl = "max-age=60";
            await c.Response.WriteAsync("whole");
        });
        using var leaves = new CancellationTokenSource();
        var first = lab.Client.GetAsync("/", leaves.Token);
        await asked.Task;
        var second = lab.GetAsync("/");
        var third = lab.GetAsync("/");
        await TestGateway.WaitAsync(() => Waiting(lab) >= 2);
        leaves.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        go.SetResult();
        Assert.Equal(["whole", "whole"], [(await second).Text, (await third).Text]);
        Assert.Single(lab.Asked);
    }

    [Fact]
    public async Task EveryClient_Leaves_TheOriginIsToldToStop()
    {
        var asked = new TaskCompletionSource();
        var stopped = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(async c =>
        {
            c.RequestAborted.Register(stopped.SetResult);
            asked.TrySetResult();
            await stopped.Task;
        });
        using var leaves = new CancellationTokenSource();
        var only = lab.Client.GetAsync("/", leaves.Token);
        await asked.Task;
        leaves.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => only);
        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("", 10, false)]
    [InlineData("finish: 0.6", 10, true)]
    [InlineData("finish: 0.59", 10, false)]
    [InlineData("finish: 0", 10, false)]
    [InlineData("finish: 1", null, true)]
    [InlineData("finish: 0.99", null, false)]
    public async Task EveryClient_LeavesInTheBody_ItIsFinishedWhereSoMuchIsThere(string options, int? length, bool finished)
    {
        var go = new TaskCompletionSource();
        var stopped = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(
            async c =>
            {
                c.RequestAborted.Register(stopped.SetResult);
                c.Response.Headers.CacheControl = "max-age=60";
                c.Response.ContentLength = length;
                await c.Response.WriteAsync("0123");
                await c.Response.Body.FlushAsync();
                await go.Task.WaitAsync(c.RequestAborted);
                await c.Response.WriteAsync("456789");
            },
            $$"""Route("/{**path}").Cache({{options}}).To("ORIGIN");""");
        using (var answer = await lab.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead))
        {
            await (await answer.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[4]);
        }

        if (!finished)
        {
            await stopped.Task.WaitAsync(TimeSpan.FromSeconds(20));
            return;
        }

        // Nobody but the fetch.
        await TestGateway.WaitAsync(() => lab.UnderWay == 1);
        go.SetResult();
        await TestGateway.WaitAsync(() => lab.UnderWay == 0);
        Assert.Equal("0123456789", (await lab.GetAsync("/")).Text);
        Assert.Single(lab.Asked);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\nshort")]
    [InlineData("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n")]
    public async Task Body_CutShort_IsCutForTheClientAndNotStored(string answer)
    {
        var asked = 0;
        using var origin = new RawOrigin(async (stream, stop) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            Interlocked.Increment(ref asked);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), stop);
        });
        await using var gateway = await CacheLab.GatewayAsync($$"""Route("/").Cache().To("{{origin.Address}}");""", new FakeTimeProvider());
        for (var i = 1; i <= 2; i++)
        {
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => gateway.Client.GetStringAsync("/"));
            Assert.Equal(i, asked);
        }
    }

    [Fact]
    public async Task Body_TooLarge_IsPassedOnAndNotStored()
    {
        var large = new string('x', 300_000);
        await using var lab = await CacheLab.StartAsync(
            async c =>
            {
                c.Response.Headers.CacheControl = "max-age=60";
                c.Response.ContentLength = c.Request.Path == "/declared" ? large.Length : null;
                await c.Response.WriteAsync(large);
            },
            """Route("/{**path}").Cache(maxObject: 100_000).To("ORIGIN");""");
        foreach (var path in new[] { "/declared", "/chunked" })
        {
            Assert.Equal(large, (await lab.GetAsync(path)).Text);
            Assert.Equal(large, (await lab.GetAsync(path)).Text);
        }

        Assert.Equal(4, lab.Asked.Count);
    }

    [Fact]
    public async Task Purge_WhileItIsFetched_TheOldIsNotStored()
    {
        var asked = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(async c =>
        {
            if (HttpMethods.IsPost(c.Request.Method))
            {
                return;
            }

            var old = asked.TrySetResult();
            if (old)
            {
                await go.Task;
            }

            c.Response.Headers.CacheControl = "max-age=60";
            await c.Response.WriteAsync(old ? "old" : "new");
        });
        var first = lab.GetAsync("/");
        await asked.Task;
        await lab.SendAsync(HttpMethod.Post, "/");
        go.SetResult();
        Assert.Equal("old", (await first).Text);
        Assert.Equal("new", (await lab.GetAsync("/")).Text);
    }

    [Fact]
    public async Task Misses_OriginFails_AllHearOfIt()
    {
        var arrived = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(async c =>
        {
            arrived.TrySetResult();
            await go.Task;
            c.Abort();
        });
        var first = lab.GetAsync("/");
        await arrived.Task;
        var second = lab.GetAsync("/");
        await TestGateway.WaitAsync(() => Waiting(lab) >= 1);
        go.SetResult();
        Assert.Equal((502, 502), ((await first).Status, (await second).Status));
    }

    /// <summary>How many requests wait beside the first and what it fetches: all hold a lease, and so does the host.</summary>
    private static long Waiting(CacheLab lab) => lab.Gateway.Host.Current!.Snapshot.Gate.Leases - 3;
}
