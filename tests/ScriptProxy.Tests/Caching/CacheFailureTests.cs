using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Caching;

/// <summary>Origins that fail in every way, and what clients hear of it.</summary>
public class CacheFailureTests
{
    [Fact]
    public async Task EndlessBody_NobodyReadsAnyMore_IsGivenUp()
    {
        var stopped = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(
            async c =>
            {
                c.Response.Headers.CacheControl = "max-age=60";
                c.Response.Headers.ETag = "\"e\"";
                c.RequestAborted.Register(stopped.SetResult);
                var piece = new byte[65536];
                while (!c.RequestAborted.IsCancellationRequested)
                {
                    await c.Response.Body.WriteAsync(piece);
                }
            },
            """Route("/{**path}").Cache(maxObject: 1_000_000).To("ORIGIN");""");
        Assert.Equal(304, (await lab.GetAsync("/", ("If-None-Match", "\"e\""))).Status);
        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Refresh_InTheBackground_Fails_TheStaleIsServedForItsTimeAndNotLonger()
    {
        var broken = false;
        var go = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(
            async c =>
            {
                if (broken)
                {
                    await go.Task;
                    c.Abort();
                    return;
                }

                c.Response.Headers.CacheControl = "max-age=10, stale-while-revalidate=30, stale-if-error=0";
                await c.Response.WriteAsync("x");
            });
        await lab.GetAsync("/");
        broken = true;
        lab.Time.Advance(TimeSpan.FromSeconds(20));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(200, (await lab.GetAsync("/")).Status);
        }

        // It comes while the refresh is still under way, and may not have what that one may.
        lab.Time.Advance(TimeSpan.FromSeconds(21));
        await TestGateway.WaitAsync(() => lab.UnderWay == 1);
        var late = lab.GetAsync("/");
        await TestGateway.WaitAsync(() => lab.UnderWay == 2);
        go.SetResult();
        Assert.Equal(502, (await late).Status);
        broken = false;
        Assert.Equal(200, (await lab.GetAsync("/")).Status);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Origin_FallsSilentInTheBody_AllHearOfItAndNothingIsStored(int? leaves)
    {
        var asked = 0;
        using var origin = new RawOrigin(async (stream, stop) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            Interlocked.Increment(ref asked);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 100\r\n\r\nhalf"u8.ToArray(), stop);

            // Until the gateway has had enough.
            await stream.ReadExactlyAsync(new byte[1], stop);
        });
        await using var gateway = await CacheLab.GatewayAsync(
            $$"""
            Upstream("o", "{{origin.Address}}").Timeouts(answer: Milliseconds(400), idle: Milliseconds(400));
            Route("/").Cache().To("o");
            """,
            TimeProvider.System);
        for (var round = 1; round <= 2; round++)
        {
            using var leaving = new CancellationTokenSource();
            var heard = Enumerable.Range(0, 3).Select(async i =>
            {
                using var answer = await gateway.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
                if (i == leaves)
                {
                    // The connection closes.
                    return;
                }

                await Assert.ThrowsAnyAsync<HttpRequestException>(() => answer.Content.ReadAsStringAsync());
            }).ToList();
            await Task.WhenAll(heard).WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Equal(round, asked);
            await TestGateway.WaitAsync(() => gateway.Host.Current!.Snapshot.Gate.Leases == 1);
        }
    }

    [Theory]
    [InlineData("", "max-age=10", true, "200")]
    [InlineData("", "max-age=10", false, "503")]
    [InlineData("", "max-age=10, stale-if-error=60", false, "200")]
    [InlineData("", "max-age=10, stale-if-error=1", true, "503")]
    [InlineData("keep: Minutes(1)", "max-age=10", false, "200")]
    [InlineData("keep: Seconds(1)", "max-age=10", true, "503")]
    public async Task OriginSaysThatItFails_StaleNeedsAWord(string options, string cacheControl, bool validator, string expected)
    {
        var broken = false;
        await using var lab = await CacheLab.StartAsync(
            c =>
            {
                c.Response.StatusCode = broken ? 503 : 200;
                c.Response.Headers.CacheControl = cacheControl;
                c.Response.Headers.ETag = validator && !broken ? "\"e\"" : default;
                return Task.CompletedTask;
            },
            $$"""Route("/{**path}").Cache({{options}}).To("ORIGIN");""");
        await lab.GetAsync("/");
        broken = true;
        lab.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(expected, $"{(await lab.GetAsync("/")).Status}");
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task Origin_Fails_TheLogKnowsWhatTheCacheDid(string method)
    {
        await using var lab = await CacheLab.StartAsync(
            c =>
            {
                c.Abort();
                return Task.CompletedTask;
            },
            """
            HeaderFilter(h => { h.Response.Headers["X-Cache"] = $"{h.CacheOutcome} {h.CacheReason}"; });
            Route("/{**path}").Cache().To("ORIGIN");
            """);
        var reply = await lab.SendAsync(new HttpMethod(method), "/");
        Assert.Equal((502, "Miss origin-failed", null), (reply.Status, reply["X-Cache"], reply["Cache-Status"]));
    }

    [Fact]
    public async Task Lookup_Fails_TheRequestFails_AndTheNextIsServed()
    {
        await using var lab = await CacheLab.StartAsync(CacheLab.Counting("max-age=60"), """
            Route("/{**path}").Lookup(l => { if (l.Request.Query.ContainsKey("bad")) throw new InvalidOperationException("no"); }).Cache().To("ORIGIN");
            """);
        Assert.Equal(500, (await lab.GetAsync("/?bad")).Status);
        Assert.Equal("answer 1", (await lab.GetAsync("/")).Text);
        Assert.Equal("answer 1", (await lab.GetAsync("/")).Text);
    }
}
