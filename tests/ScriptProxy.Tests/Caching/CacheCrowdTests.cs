using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Caching;

/// <summary>Many requests that meet one another at one key.</summary>
public class CacheCrowdTests
{
    private const string Purging = """
        Route("/purge").Content(async c => c.Text($"{await Cache.PurgeAll()}"));
        Route("/{**path}").Cache().To("ORIGIN");
        """;

    [Fact]
    public async Task Vary_FoundOutLate_EachVariantIsAskedForOnce()
    {
        var go = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(async c =>
        {
            await go.Task;
            c.Response.Headers.CacheControl = "max-age=60";
            c.Response.Headers.Vary = "X-Kind";
            await c.Response.WriteAsync($"for {c.Request.Headers["X-Kind"]}");
        });
        var all = Enumerable.Range(0, 60).Select(async i => (Kind: i % 3, Reply: await lab.GetAsync("/", ("X-Kind", $"{i % 3}")))).ToList();
        await TestGateway.WaitAsync(() => lab.UnderWay == 61);
        go.SetResult();
        Assert.All(await Task.WhenAll(all), r => Assert.Equal($"for {r.Kind}", r.Reply.Text));
        Assert.Equal(3, lab.Asked.Count);
    }

    [Fact]
    public async Task TooMuchUnderWay_IsPassedOnAndNotStored_UntilThereIsRoom()
    {
        var go = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(
            async c =>
            {
                c.Response.Headers.CacheControl = "max-age=60";
                c.Response.ContentLength = c.Request.Path == "/large" ? 1_000_000 : 200_000;
                await c.Response.Body.WriteAsync(new byte[c.Request.Path == "/large" ? 900_000 : 200_000]);
                if (c.Request.Path == "/large")
                {
                    await c.Response.Body.FlushAsync();
                    await go.Task;
                    await c.Response.Body.WriteAsync(new byte[100_000]);
                }
            },
            files: ("appsettings.json", """{ "Plugins": { "Caching": { "UnderWayMegabytes": 1 } } }"""));
        using var large = await lab.Client.GetAsync("/large", HttpCompletionOption.ResponseHeadersRead);
        await (await large.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[900_000]);
        for (var i = 0; i < 2; i++)
        {
            var passed = await lab.GetAsync("/small");
            Assert.Equal((200_000, "ScriptProxy; fwd=uri-miss; fwd-status=200; detail=overload"), (passed.Text.Length, passed["Cache-Status"]));
        }

        go.SetResult();
        await TestGateway.WaitAsync(() => lab.UnderWay == 0);
        Assert.EndsWith("; stored; detail=max-age", (await lab.GetAsync("/small"))["Cache-Status"], StringComparison.Ordinal);
        Assert.StartsWith("ScriptProxy; hit", (await lab.GetAsync("/small"))["Cache-Status"], StringComparison.Ordinal);
        Assert.StartsWith("ScriptProxy; hit", (await lab.GetAsync("/large"))["Cache-Status"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task MinUses_ReachedWhileOthersWait_IsAskedForOnceMore()
    {
        var go = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(
            async c =>
            {
                await go.Task;
                c.Response.Headers.CacheControl = "max-age=60";
                await c.Response.WriteAsync("x");
            },
            """Route("/{**path}").Cache(minUses: 2).To("ORIGIN");""");
        var all = Enumerable.Range(0, 30).Select(_ => lab.GetAsync("/")).ToList();
        await TestGateway.WaitAsync(() => lab.UnderWay == 31);
        go.SetResult();
        Assert.All(await Task.WhenAll(all), r => Assert.Equal("x", r.Text));
        Assert.Equal(2, lab.Asked.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task HitForMiss_Ends_WithTimeOrWithAnAnswerForAll(bool withTime)
    {
        var mine = true;
        TaskCompletionSource? hold = null;
        await using var lab = await CacheLab.StartAsync(async c =>
        {
            c.Response.Headers.CacheControl = mine ? "private" : "max-age=1";
            await (hold?.Task ?? Task.CompletedTask);
            await c.Response.WriteAsync("x");
        });
        await lab.GetAsync("/");
        mine = false;
        if (withTime)
        {
            lab.Time.Advance(TimeSpan.FromMinutes(3));
        }
        else
        {
            await lab.GetAsync("/");
            lab.Time.Advance(TimeSpan.FromSeconds(2));
        }

        var before = lab.Asked.Count;
        hold = new TaskCompletionSource();
        var all = Enumerable.Range(0, 20).Select(_ => lab.GetAsync("/")).ToList();
        await TestGateway.WaitAsync(() => lab.UnderWay == 21);
        hold.SetResult();
        await Task.WhenAll(all);
        Assert.Equal(1, lab.Asked.Count - before);
    }

    [Fact]
    public async Task SlowReader_OfAStoredBody_HoldsUpNobodyAndGetsItWhole()
    {
        var large = new string('x', 20_000_000);
        await using var lab = await CacheLab.StartAsync(async c =>
        {
            c.Response.Headers.CacheControl = "max-age=60";
            await c.Response.WriteAsync(large);
        });
        using var slow = await lab.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        foreach (var reply in await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => lab.GetAsync("/"))))
        {
            Assert.Equal(large.Length, reply.Text.Length);
        }

        Assert.Equal(large.Length, (await slow.Content.ReadAsStringAsync()).Length);
        Assert.Single(lab.Asked);
    }

    [Fact]
    public async Task SlowReader_OfABodyThatIsNotStored_IsCutOffForTheOthers()
    {
        var all = new TaskCompletionSource();
        var large = new string('x', 40_000_000);
        await using var lab = await CacheLab.StartAsync(
            async c =>
            {
                c.Response.Headers.CacheControl = "max-age=60";
                await c.Response.WriteAsync("begin");
                await all.Task;
                await c.Response.WriteAsync(large);
            },
            """Route("/{**path}").Cache(maxObject: 100_000).To("ORIGIN");""");
        using var slow = await lab.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        using var fast = await lab.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        all.SetResult();
        var read = fast.Content.ReadAsStringAsync();
        await TestGateway.WaitAsync(() =>
        {
            lab.Time.Advance(TimeSpan.FromSeconds(1));
            return read.IsCompleted;
        });
        Assert.Equal(5 + large.Length, (await read).Length);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => slow.Content.ReadAsStringAsync());
        Assert.Single(lab.Asked);
    }

    [Fact]
    public async Task Purge_WhileTheBodyComes_IsNotStored()
    {
        var go = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(
            async c =>
            {
                c.Response.Headers.CacheControl = "max-age=60";
                await c.Response.WriteAsync("begin ");
                await c.Response.Body.FlushAsync();
                await go.Task;
                await c.Response.WriteAsync("end");
            },
            Purging);
        using var first = await lab.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        await lab.GetAsync("/purge");
        go.SetResult();
        Assert.Equal("begin end", await first.Content.ReadAsStringAsync());
        Assert.Equal("begin end", (await lab.GetAsync("/")).Text);
        Assert.Equal(2, lab.Asked.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stale_AskedForByMany_IsConfirmedOnce_AlsoWhereItIsPurgedMeanwhile(bool purged)
    {
        var hold = new TaskCompletionSource();
        hold.SetResult();
        await using var lab = await CacheLab.StartAsync(
            async c =>
            {
                c.Response.Headers.CacheControl = "max-age=10";
                c.Response.Headers.ETag = "\"e\"";
                await hold.Task;
                if (c.Request.Headers.IfNoneMatch.Count > 0)
                {
                    c.Response.StatusCode = 304;
                    return;
                }

                await c.Response.WriteAsync("body");
            },
            Purging);
        await lab.GetAsync("/");
        lab.Time.Advance(TimeSpan.FromSeconds(20));
        hold = new TaskCompletionSource();
        var all = Enumerable.Range(0, 30).Select(_ => lab.GetAsync("/")).ToList();
        await TestGateway.WaitAsync(() => lab.UnderWay == 31);
        if (purged)
        {
            Assert.Equal("1", (await lab.GetAsync("/purge")).Text);
        }

        hold.SetResult();
        Assert.All(await Task.WhenAll(all), r => Assert.Equal((200, "body", "0"), (r.Status, r.Text, r["Age"])));
        Assert.Equal(2, lab.Asked.Count);
        await lab.GetAsync("/");
        Assert.Equal(purged ? 3 : 2, lab.Asked.Count);
    }

    [Fact]
    public async Task HeadAndRange_WhileItIsFetched_DoNotWaitForIt()
    {
        var go = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(async c =>
        {
            c.Response.Headers.CacheControl = "max-age=60";
            if (c.Request.Headers.Range.Count > 0)
            {
                c.Response.StatusCode = 206;
                c.Response.Headers.ContentRange = "bytes 0-1/10";
                await c.Response.WriteAsync("01");
            }
            else if (!HttpMethods.IsHead(c.Request.Method))
            {
                await go.Task;
                await c.Response.WriteAsync("0123456789");
            }
        });
        var whole = lab.GetAsync("/");
        await TestGateway.WaitAsync(() => lab.Asked.Count == 1);
        Assert.Equal(200, (await lab.SendAsync(HttpMethod.Head, "/")).Status);
        Assert.Equal((206, "01"), await lab.GetAsync("/", ("Range", "bytes=0-1")) is var part ? (part.Status, part.Text) : default);
        go.SetResult();
        Assert.Equal("0123456789", (await whole).Text);
        Assert.Equal("345", (await lab.GetAsync("/", ("Range", "bytes=3-5"))).Text);
        Assert.Equal(3, lab.Asked.Count);
    }
}
