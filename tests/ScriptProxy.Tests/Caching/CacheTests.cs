using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Caching;

/// <summary>What .Cache() does for one client after another.</summary>
public class CacheTests
{
    [Fact]
    public async Task Get_Again_ComesFromTheStoreWithItsAge()
    {
        await using var lab = await CacheLab.StartAsync(CacheLab.Counting("max-age=60"));
        var first = await lab.GetAsync("/a?x=1");
        lab.Time.Advance(TimeSpan.FromSeconds(5));
        var second = await lab.GetAsync("/a?x=1");
        Assert.Equal(("answer 1", null), (first.Text, first["Age"]));
        Assert.Equal("ScriptProxy; fwd=uri-miss; fwd-status=200; stored; detail=max-age", first["Cache-Status"]);
        Assert.Equal(("answer 1", "5"), (second.Text, second["Age"]));
        Assert.Equal("ScriptProxy; hit; ttl=55; detail=max-age", second["Cache-Status"]);
        Assert.Equal("answer 2", (await lab.GetAsync("/a?x=2")).Text);
        lab.Time.Advance(TimeSpan.FromSeconds(55));
        Assert.Equal("answer 3", (await lab.GetAsync("/a?x=1")).Text);
        Assert.Equal(3, lab.Asked.Count);
    }

    [Fact]
    public async Task Validation_NotModified_ServesTheStoredWithNewHeaders()
    {
        await using var lab = await CacheLab.StartAsync(c =>
        {
            c.Response.Headers.ETag = "\"v1\"";
            c.Response.Headers.CacheControl = "max-age=10";
            c.Response.Headers["X-Count"] = c.Request.Headers.IfNoneMatch.Count > 0 ? "2" : "1";
            if (c.Request.Headers.IfNoneMatch == "\"v1\"")
            {
                c.Response.StatusCode = 304;
                return Task.CompletedTask;
            }

            return c.Response.WriteAsync("body");
        });
        await lab.GetAsync("/");
        lab.Time.Advance(TimeSpan.FromSeconds(11));
        var confirmed = await lab.GetAsync("/");
        Assert.Equal(("body", "2", "0"), (confirmed.Text, confirmed["X-Count"], confirmed["Age"]));
        Assert.Equal("ScriptProxy; fwd=stale; fwd-status=304; stored; detail=max-age", confirmed["Cache-Status"]);
        Assert.StartsWith("ScriptProxy; hit", (await lab.GetAsync("/"))["Cache-Status"], StringComparison.Ordinal);
        Assert.Equal(304, (await lab.GetAsync("/", ("If-None-Match", "W/\"v1\", \"other\""))).Status);
        Assert.Equal(2, lab.Asked.Count);
    }

    [Fact]
    public async Task Grace_Stale_IsServedWhileItIsFetchedAgain()
    {
        await using var lab = await CacheLab.StartAsync(CacheLab.Counting("max-age=10, stale-while-revalidate=10"));
        await lab.GetAsync("/");
        lab.Time.Advance(TimeSpan.FromSeconds(15));
        var stale = await lab.GetAsync("/");
        Assert.Equal(("answer 1", "15"), (stale.Text, stale["Age"]));
        await TestGateway.WaitAsync(() => lab.Asked.Count == 2);
        await AskUntilAsync(lab, "/", "answer 2");
        lab.Time.Advance(TimeSpan.FromSeconds(21));
        Assert.Equal("answer 3", (await lab.GetAsync("/")).Text);
    }

    [Theory]
    [InlineData("max-age=10, stale-if-error=30", 25, "200 fine")]
    [InlineData("max-age=10, stale-if-error=30", 45, "503 broken")]
    [InlineData("max-age=10", 300, "503 broken")]
    [InlineData("max-age=10, must-revalidate", 15, "503 broken")]
    [InlineData("s-maxage=10", 15, "503 broken")]
    public async Task OriginFails_TheStoredStandsInWhereItMay(string cacheControl, int seconds, string expected)
    {
        var broken = false;
        await using var lab = await CacheLab.StartAsync(c =>
        {
            c.Response.StatusCode = broken ? 503 : 200;
            c.Response.Headers.CacheControl = broken ? default : cacheControl;
            return c.Response.WriteAsync(broken ? "broken" : "fine");
        });
        await lab.GetAsync("/");
        broken = true;
        lab.Time.Advance(TimeSpan.FromSeconds(seconds));
        var reply = await lab.GetAsync("/");
        Assert.Equal(expected, $"{reply.Status} {reply.Text}");
    }

    [Fact]
    public async Task OriginIsGone_TheStoredStandsIn_AndWithoutOneTheErrorPhaseIsAsked()
    {
        var answers = true;
        await using var lab = await CacheLab.StartAsync(
            async c =>
            {
                if (!answers)
                {
                    c.Abort();
                    return;
                }

                c.Response.Headers.CacheControl = "max-age=10";
                await c.Response.WriteAsync("fine");
            },
            """Route("/{**path}").Cache().Error(e => e.Respond(502, $"sorry {e.Source}")).To("ORIGIN");""");
        await lab.GetAsync("/");
        answers = false;
        lab.Time.Advance(TimeSpan.FromSeconds(20));
        var reply = await lab.GetAsync("/");
        Assert.Equal("fine", reply.Text);
        Assert.Equal("ScriptProxy; fwd=stale; detail=origin-failed", reply["Cache-Status"]);
        var other = await lab.GetAsync("/other");
        Assert.Equal("502 sorry Upstream", $"{other.Status} {other.Text}");
    }

    [Fact]
    public async Task Range_OfTheStored_IsCutFromIt()
    {
        await using var lab = await CacheLab.StartAsync(c =>
        {
            c.Response.Headers.CacheControl = "max-age=60";
            c.Response.Headers.ETag = "\"e\"";
            c.Response.ContentType = "text/plain";
            return c.Response.WriteAsync("0123456789");
        });
        await lab.GetAsync("/");
        var one = await lab.GetAsync("/", ("Range", "bytes=2-4"));
        Assert.Equal((206, "234", "bytes 2-4/10"), (one.Status, one.Text, one["Content-Range"]));
        Assert.Equal("789", (await lab.GetAsync("/", ("Range", "bytes=-3"), ("If-Range", "\"e\""))).Text);
        Assert.Equal((200, "0123456789"), await lab.GetAsync("/", ("Range", "bytes=-3"), ("If-Range", "\"f\"")) is var whole ? (whole.Status, whole.Text) : default);
        var beyond = await lab.GetAsync("/", ("Range", "bytes=10-"));
        Assert.Equal((416, "", "bytes */10"), (beyond.Status, beyond.Text, beyond["Content-Range"]));
        var several = await lab.GetAsync("/", ("Range", "bytes=0-0, 8-"));
        var boundary = several["Content-Type"]!.Split("boundary=")[1];
        Assert.Equal(
            $"--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-0/10\r\n\r\n0\r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n--{boundary}--\r\n",
            several.Text);
        Assert.Single(lab.Asked);
    }

    [Fact]
    public async Task Head_OfTheStored_HasItsHeadersOnly()
    {
        await using var lab = await CacheLab.StartAsync(CacheLab.Counting("max-age=60"));
        await lab.GetAsync("/");
        var head = await lab.SendAsync(HttpMethod.Head, "/");
        Assert.Equal(("", "8", "0"), (head.Text, head["Content-Length"], head["Age"]));
        Assert.Single(lab.Asked);
        Assert.Equal(200, (await lab.SendAsync(HttpMethod.Head, "/other")).Status);
        Assert.Equal(["GET /", "HEAD /other"], lab.Asked);
    }

    [Fact]
    public async Task OnlyIfCached_WithoutAny_Is504()
    {
        await using var lab = await CacheLab.StartAsync(CacheLab.Counting("max-age=60"));
        var none = await lab.GetAsync("/", ("Cache-Control", "only-if-cached"));

        // It was not forwarded, so there is no fwd (RFC 9211, 2.2).
        Assert.Equal((504, "ScriptProxy; detail=only-if-cached"), (none.Status, none["Cache-Status"]));
        Assert.Empty(lab.Asked);
        await lab.GetAsync("/");
        Assert.Equal("answer 1", (await lab.GetAsync("/", ("Cache-Control", "only-if-cached"))).Text);
    }

    [Fact]
    public async Task Conditional_OfWhatIsNotStored_GoesToTheOriginOnceThatIsKnown()
    {
        var conditions = new List<string>();
        await using var lab = await CacheLab.StartAsync(c =>
        {
            conditions.Add(c.Request.Headers.IfNoneMatch.ToString());
            c.Response.Headers.CacheControl = "private";
            c.Response.Headers.ETag = "\"e\"";
            c.Response.StatusCode = c.Request.Headers.IfNoneMatch == "\"e\"" ? 304 : 200;
            return c.Response.StatusCode == 304 ? Task.CompletedTask : c.Response.WriteAsync("body");
        });
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal((304, ""), await lab.GetAsync("/", ("If-None-Match", "\"e\"")) is var reply ? (reply.Status, reply.Text) : default);
        }

        Assert.Equal("body", (await lab.GetAsync("/", ("If-None-Match", "\"other\""))).Text);
        Assert.Equal(["", "\"e\"", "\"other\""], conditions);
    }

    [Fact]
    public async Task ConditionalMiss_FetchesTheWhole_AndAnswers304()
    {
        await using var lab = await CacheLab.StartAsync(c =>
        {
            Assert.Empty(c.Request.Headers.IfNoneMatch.ToArray());
            c.Response.Headers.ETag = "\"e\"";
            c.Response.Headers.CacheControl = "max-age=60";
            return c.Response.WriteAsync("whole");
        });
        Assert.Equal((304, ""), await lab.GetAsync("/", ("If-None-Match", "\"e\"")) is var r ? (r.Status, r.Text) : default);
        await AskUntilAsync(lab, "/", "whole");
        Assert.Single(lab.Asked);
    }

    [Fact]
    public async Task Post_Success_ForgetsTheUrlAndThoseItNames()
    {
        await using var lab = await CacheLab.StartAsync(c =>
        {
            c.Response.Headers.CacheControl = "max-age=60";
            if (HttpMethods.IsPost(c.Request.Method))
            {
                c.Response.StatusCode = c.Request.Query.ContainsKey("fail") ? 400 : 201;
                c.Response.Headers.Location = "/made";
                c.Response.Headers["Content-Location"] = "http://elsewhere.example/kept";
            }

            return c.Response.WriteAsync("x");
        });
        string[] paths = ["/list", "/made", "/kept"];
        foreach (var path in paths)
        {
            await lab.GetAsync(path);
        }

        await lab.SendAsync(HttpMethod.Post, "/list?fail");
        foreach (var path in paths)
        {
            await lab.GetAsync(path);
        }

        Assert.Equal(4, lab.Asked.Count);
        await lab.SendAsync(HttpMethod.Post, "/list");
        foreach (var path in paths)
        {
            await lab.GetAsync(path);
        }

        Assert.Equal(["POST /list", "GET /list", "GET /made"], lab.Asked.Skip(4));
    }

    [Theory]
    [InlineData("", "", "", "answer 1")]
    [InlineData("ttl: Minutes(1)", "", "", "answer 1")]
    [InlineData("ttl: Minutes(1)", "Set-Cookie: a=b", "", "answer 2")]
    [InlineData("ttl: Minutes(1), forEveryone: true", "Set-Cookie: a=b", "", "answer 1")]
    [InlineData("ttl: Minutes(1)", "", "Authorization: x", "answer 2")]
    [InlineData("ttl: Minutes(1), forEveryone: true", "", "Authorization: x", "answer 1")]
    [InlineData("ttl: Minutes(1)", "Cache-Control: no-store", "", "answer 2")]
    [InlineData("ttl: Minutes(1), forEveryone: true", "Cache-Control: private", "", "answer 2")]
    public async Task Silent_Origin_TheScriptDecidesAndDangerNeedsTheWord(string options, string response, string request, string second)
    {
        var count = 0;
        await using var lab = await CacheLab.StartAsync(
            c =>
            {
                if (response.Split(": ") is [var name, var value])
                {
                    c.Response.Headers[name] = value;
                }

                if (options.Length == 0)
                {
                    c.Response.Headers.LastModified = "Mon, 01 Jan 2029 00:00:00 GMT";
                }

                return c.Response.WriteAsync($"answer {++count}");
            },
            $$"""Route("/{**path}").Cache({{options}}).To("ORIGIN");""");
        (string, string)[] headers = request.Split(": ") is [var header, var said] ? [(header, said)] : [];
        await lab.GetAsync("/", headers);
        Assert.Equal(second, (await lab.GetAsync("/", headers)).Text);
    }

    [Fact]
    public async Task Ttl_Errors_AreNotStoredByIt()
    {
        await using var lab = await CacheLab.StartAsync(
            c =>
            {
                c.Response.StatusCode = 404;
                return c.Response.WriteAsync("none");
            },
            """Route("/{**path}").Cache(ttl: Minutes(1)).To("ORIGIN");""");
        await lab.GetAsync("/");
        await lab.GetAsync("/");
        Assert.Equal(2, lab.Asked.Count);
    }

    internal static Task AskUntilAsync(CacheLab lab, string path, string text) => AskUntilAsync(lab, path, reply => reply.Text == text);

    /// <summary>Asks again until the answer is as wanted: what is stored is stored a moment after the client has it.</summary>
    internal static async Task AskUntilAsync(CacheLab lab, string path, Func<Reply, bool> wanted)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (var tries = 0; tries < 1000; tries++)
        {
            if (wanted(await lab.GetAsync(path)))
            {
                return;
            }

            await timer.WaitForNextTickAsync();
        }

        Assert.Fail($"{path} never became what was wanted");
    }
}
