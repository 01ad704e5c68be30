using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Caching;

/// <summary>Requests that meet one another, and kinds of traffic that a cache has no business with.</summary>
public class CacheAttackTests
{
    private const string Purging = """
        Route("/purge").Content(async c => c.Text($"{await Cache.PurgeAll()}"));
        Route("/{**path}").Cache().To("ORIGIN");
        """;

    private static string Status(HttpResponseMessage answer) => answer.Headers.NonValidated.TryGetValues("Cache-Status", out var values) ? values.ToString() : "";

    /// <summary>How many requests are under way; the host holds a lease as well.</summary>
    private static long UnderWay(CacheLab lab) => lab.Gateway.Host.Current!.Snapshot.Gate.Leases - 1;

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
        await TestGateway.WaitAsync(() => UnderWay(lab) == 61);
        go.SetResult();
        Assert.All(await Task.WhenAll(all), r => Assert.Equal($"for {r.Kind}", r.Reply.Text));

        // Now and then one looks a moment before an answer is stored, and boards a moment after.
        Assert.InRange(lab.Asked.Count, 3, 9);
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
        await TestGateway.WaitAsync(() => UnderWay(lab) == 31);
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
        await TestGateway.WaitAsync(() => UnderWay(lab) == 21);
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
        await TestGateway.WaitAsync(() => UnderWay(lab) == 31);
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
        await TestGateway.WaitAsync(() => UnderWay(lab) == 1);
        var late = lab.GetAsync("/");
        await TestGateway.WaitAsync(() => UnderWay(lab) == 2);
        go.SetResult();
        Assert.Equal(502, (await late).Status);
        broken = false;
        Assert.Equal(200, (await lab.GetAsync("/")).Status);
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

    [Fact]
    public async Task PathsThatLookTheSameDecoded_AreTwo()
    {
        await using var lab = await CacheLab.StartAsync(c =>
        {
            c.Response.Headers.CacheControl = "max-age=60";
            return c.Response.WriteAsync(c.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget);
        });
        string[] targets = ["/a%2Fb", "/a%252Fb", "/a/b", "/%41", "/%2541", "/A", "/x%25", "/c%2Fd?e", "/c%252Fd?e"];
        for (var round = 0; round < 2; round++)
        {
            foreach (var target in targets)
            {
                var text = await RawAsync(lab, $"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

                // /%41 is /A (RFC 3986, 6.2.2.2); the others are what they are.
                Assert.EndsWith(target == "/A" ? "/%41" : target, text.TrimEnd('\r', '\n', '0'), StringComparison.Ordinal);
            }
        }

        Assert.Equal(targets.Length - 1, lab.Asked.Count);
    }

    private static async Task<string> RawAsync(CacheLab lab, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(lab.Gateway.Address).Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        return await new StreamReader(client.GetStream()).ReadToEndAsync();
    }

    [Fact]
    public async Task GetWithABody_IsPassedWithIt()
    {
        await using var lab = await CacheLab.StartAsync(async c =>
        {
            c.Response.Headers.CacheControl = "max-age=60";
            await c.Response.WriteAsync("asked for " + await new StreamReader(c.Request.Body).ReadToEndAsync());
        });
        foreach (var body in new[] { "one", "two" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Content = new StringContent(body) };
            using var answer = await lab.Client.SendAsync(request);
            Assert.Equal("asked for " + body, await answer.Content.ReadAsStringAsync());
        }

        Assert.Equal("asked for ", (await lab.GetAsync("/")).Text);
        Assert.Equal(3, lab.Asked.Count);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task WebSocket_PassesAndForgetsNothing(string version)
    {
        await using var lab = await CacheLab.StartAsync(async c =>
        {
            if (!c.WebSockets.IsWebSocketRequest)
            {
                c.Response.Headers.CacheControl = "max-age=60";
                await c.Response.WriteAsync("plain");
                return;
            }

            using var socket = await c.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            var got = await socket.ReceiveAsync(buffer, CancellationToken.None);
            await socket.SendAsync(buffer.AsMemory(0, got.Count), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
        });
        await lab.GetAsync("/");
        using var client = new ClientWebSocket();
        client.Options.HttpVersion = new Version(version);
        client.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false });
        await client.ConnectAsync(new Uri(lab.Gateway.Address.Replace("http:", "ws:", StringComparison.Ordinal)), invoker, CancellationToken.None);
        await client.SendAsync("echo"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        var back = new byte[100];
        var received = await client.ReceiveAsync(back, CancellationToken.None);
        Assert.Equal("echo", Encoding.ASCII.GetString(back, 0, received.Count));
        Assert.StartsWith("ScriptProxy; hit", (await lab.GetAsync("/"))["Cache-Status"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Http2AndTrailers_GetIsStored_PostPassesAsItIs()
    {
        using var origin = new RawOrigin(async (stream, stop) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n5\r\nwhole\r\n0\r\nX-End: yes\r\n\r\n"u8.ToArray(), stop);
        });
        await using var gateway = await CacheLab.GatewayAsync($$"""Route("/").Cache().To("{{origin.Address}}");""", new FakeTimeProvider());
        async Task<(string Text, string Status, string? Trailer)> AskAsync(HttpMethod method)
        {
            using var request = new HttpRequestMessage(method, "/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var answer = await gateway.Client.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            return (text, Status(answer), answer.TrailingHeaders.TryGetValues("X-End", out var values) ? values.Single() : null);
        }

        Assert.Equal("whole", (await AskAsync(HttpMethod.Get)).Text);
        var hit = await AskAsync(HttpMethod.Get);
        Assert.Equal(("whole", null), (hit.Text, hit.Trailer));
        Assert.StartsWith("ScriptProxy; hit", hit.Status, StringComparison.Ordinal);
        Assert.Equal(("whole", "yes"), await AskAsync(HttpMethod.Post) is var post ? (post.Text, post.Trailer) : default);
    }

    [Fact]
    public async Task ServerSentEvents_ComeOneByOne_AndAreNotStored()
    {
        var go = new TaskCompletionSource();
        await using var lab = await CacheLab.StartAsync(async c =>
        {
            c.Response.ContentType = "text/event-stream";
            c.Response.Headers.CacheControl = "no-cache";
            await c.Response.WriteAsync("data: 1\n\n");
            await c.Response.Body.FlushAsync();
            await go.Task;
            await c.Response.WriteAsync("data: 2\n\n");
        });
        var both = new List<Stream>();
        for (var i = 0; i < 2; i++)
        {
            var answer = await lab.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
            both.Add(await answer.Content.ReadAsStreamAsync());
            var first = new byte[9];
            await both[i].ReadExactlyAsync(first);
            Assert.Equal("data: 1\n\n", Encoding.ASCII.GetString(first));
        }

        go.SetResult();
        foreach (var stream in both)
        {
            Assert.Equal("data: 2\n\n", await new StreamReader(stream).ReadToEndAsync());
        }

        Assert.Equal(2, lab.Asked.Count);
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

    [Theory]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 5\r\n\r\nwhole", "whole", 1)]
    [InlineData("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nContent-Length: 5\r\n\r\nwhole", "whole", 1)]
    [InlineData("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\nX-End: 1\r\n\r\n", "whole", 1)]
    [InlineData("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nConnection: close\r\n\r\nwhole", "whole", 1)]
    public async Task Answer_OfAnOddShape_IsServedAgain(string raw, string text, int expected)
    {
        var asked = 0;
        using var origin = new RawOrigin(async (stream, stop) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            Interlocked.Increment(ref asked);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(raw), stop);
        });
        await using var gateway = await CacheLab.GatewayAsync($$"""Route("/").Cache().To("{{origin.Address}}");""", new FakeTimeProvider());
        for (var i = 0; i < 2; i++)
        {
            using var answer = await gateway.Client.GetAsync("/");
            Assert.Equal(text, await answer.Content.ReadAsStringAsync());
            Assert.False(answer.Headers.Contains("X-Hop"));
        }

        Assert.Equal(expected, asked);
    }

    [Theory]
    [InlineData("Content-Length: 10\r\n\r\nshort", false)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n", false)]
    [InlineData("Content-Length: 5\r\n\r\nwhole", true)]
    public async Task PostAnswer_ForGet_IsStoredOnlyWhole(string rest, bool stored)
    {
        var gets = 0;
        using var origin = new RawOrigin(async (stream, stop) =>
        {
            var head = await RawOrigin.ReadHeadAsync(stream);
            var post = head.StartsWith("POST", StringComparison.Ordinal);
            gets += post ? 0 : 1;
            await stream.WriteAsync(
                Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nConnection: close\r\nContent-Location: /\r\n" + (post ? rest : "Content-Length: 3\r\n\r\ngot")), stop);
        });
        await using var gateway = await CacheLab.GatewayAsync($$"""Route("/").Cache().To("{{origin.Address}}");""", new FakeTimeProvider());
        try
        {
            using var answer = await gateway.Client.PostAsync("/", content: null);
            await answer.Content.ReadAsStringAsync();
        }
        catch (HttpRequestException)
        {
            Assert.False(stored);
        }

        Assert.Equal(stored ? "whole" : "got", await gateway.Client.GetStringAsync("/"));
        Assert.Equal(stored ? 0 : 1, gets);
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
}
