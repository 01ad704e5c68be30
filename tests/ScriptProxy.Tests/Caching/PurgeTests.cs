using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Tests.Caching;

public class PurgeTests
{
    private const string Proxy = """
        Route("/purge").Content(async c =>
        {
            var q = c.Request.Query;
            string? At(string name) => q[name].FirstOrDefault() is { } path ? $"http://{c.Request.Host}{path}" : null;
            return c.Text($"{await Cache.Purge(At("url"), At("prefix"), q["tag"].FirstOrDefault(), soft: q.ContainsKey("soft"))}");
        });
        Route("/purge-all").Content(async c => c.Text($"{await Cache.PurgeAll()}"));
        Route("/show").Content(async c => c.Text(string.Join(";", (await Cache.Show($"http://{c.Request.Host}/a")).Select(r => $"{r.StatusCode} {r.Variant.Trim()} {r.Reason} {r.Lifetime.TotalSeconds}"))));
        Route("/{**path}").Cache(mayPurge: c => c.Request.Headers["X-Key"] == "open").To("ORIGIN");
        """;

    private int _count;

    private static readonly HttpMethod PurgeMethod = new("PURGE");

    private static async Task<CacheLab> StartAsync()
    {
        var lab = await CacheLab.StartAsync(
            c =>
            {
                c.Response.Headers.CacheControl = "max-age=60";
                c.Response.Headers.ETag = "\"e\"";
                c.Response.Headers["Cache-Tag"] = $"all, {c.Request.Path.Value![1..]}";
                c.Response.StatusCode = c.Request.Headers.IfNoneMatch.Count > 0 ? 304 : 200;
                return Task.CompletedTask;
            },
            Proxy);
        await lab.GetAsync("/a");
        await lab.GetAsync("/ab");
        await lab.GetAsync("/b");
        return lab;
    }

    private static async Task<string> AskedAgainAsync(CacheLab lab)
    {
        var before = lab.Asked.Count;
        foreach (var path in new[] { "/a", "/ab", "/b" })
        {
            await lab.GetAsync(path);
        }

        return string.Join(' ', lab.Asked.Skip(before).Select(a => a["GET /".Length..]));
    }

    [Theory]
    [InlineData("/purge?url=/a", "1", "a")]
    [InlineData("/purge?prefix=/a", "2", "a ab")]
    [InlineData("/purge?tag=b", "1", "b")]
    [InlineData("/purge?tag=all", "3", "a ab b")]
    [InlineData("/purge?tag=all&prefix=/ab", "1", "ab")]
    [InlineData("/purge?url=/none", "0", "")]
    [InlineData("/purge-all", "3", "a ab b")]
    [InlineData("/purge?url=/a&soft", "1", "a")]
    public async Task Script_Purge_RemovesWhatItNames(string path, string met, string again)
    {
        await using var lab = await StartAsync();
        Assert.Equal(met, (await lab.GetAsync(path)).Text);
        Assert.Equal(again, await AskedAgainAsync(lab));
    }

    [Fact]
    public async Task Script_SoftPurge_TheOriginMayConfirm()
    {
        await using var lab = await StartAsync();
        await lab.GetAsync("/purge?url=/a&soft");
        Assert.Contains("fwd=stale; fwd-status=304", (await lab.GetAsync("/a"))["Cache-Status"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 59, "hit; ttl=-59; detail=grace")]
    [InlineData(1800, 59, "hit; ttl=-59; detail=grace")]
    [InlineData(1800, 61, "fwd=stale; detail=origin-failed")]
    [InlineData(1800, 91, null)]
    [InlineData(3610, 49, "hit; ttl=-59; detail=grace")]
    [InlineData(3610, 51, "fwd=stale; detail=origin-failed")]
    public async Task Script_SoftPurge_GraceAndKeepCountFromThen(int purgedAt, int after, string? status)
    {
        var broken = false;
        await using var lab = await CacheLab.StartAsync(
            c =>
            {
                c.Response.Headers.CacheControl = "max-age=3600, stale-while-revalidate=60, stale-if-error=90";
                if (broken)
                {
                    c.Abort();
                }

                return Task.CompletedTask;
            },
            Proxy);
        await lab.GetAsync("/a");
        lab.Time.Advance(TimeSpan.FromSeconds(purgedAt));
        Assert.Equal("1", (await lab.GetAsync("/purge?url=/a&soft")).Text);
        broken = true;
        lab.Time.Advance(TimeSpan.FromSeconds(after));
        var reply = await lab.GetAsync("/a");
        Assert.Equal(status is null ? 502 : 200, reply.Status);
        Assert.Equal(status is null ? null : $"ScriptProxy; {status}", reply["Cache-Status"]);
    }

    [Fact]
    public async Task Purge_Nothing_IsAnError()
    {
        await using var lab = await StartAsync();
        Assert.Equal(500, (await lab.GetAsync("/purge")).Status);
        Assert.True(lab.Gateway.Log.Has("Say what is to go"));
    }

    [Fact]
    public async Task PurgeRequest_IsForThoseWhoMay()
    {
        await using var lab = await StartAsync();
        Assert.Equal(403, (await lab.SendAsync(PurgeMethod, "/a")).Status);
        Assert.Equal("", await AskedAgainAsync(lab));
        Assert.Equal("1 purged\n", (await lab.SendAsync(PurgeMethod, "/a", ("X-Key", "open"))).Text);
        Assert.Equal("a", await AskedAgainAsync(lab));
        Assert.Equal("2 purged\n", (await lab.SendAsync(PurgeMethod, "/a", ("X-Key", "open"), ("Cache-Tag", "ab, b"))).Text);
        Assert.Equal("ab b", await AskedAgainAsync(lab));
        Assert.Equal("1 purged\n", (await lab.SendAsync(PurgeMethod, "/a", ("X-Key", "open"), ("Soft-Purge", "1"))).Text);
        Assert.Contains("fwd-status=304", (await lab.GetAsync("/a"))["Cache-Status"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_TellsWhatIsStoredAndWhy()
    {
        await using var lab = await StartAsync();
        Assert.Equal("200  max-age 60", (await lab.GetAsync("/show")).Text);
    }

    [Fact]
    public async Task MinUses_StoresFromThatRequestOn()
    {
        await using var lab = await CacheLab.StartAsync(CacheLab.Counting("max-age=60"), """Route("/{**path}").Cache(minUses: 3).To("ORIGIN");""");
        var texts = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            texts.Add((await lab.GetAsync("/")).Text);
        }

        Assert.Equal(["answer 1", "answer 2", "answer 3", "answer 3", "answer 3"], texts);
    }

    [Fact]
    public async Task Post_ThatSaysWhatItIs_AnswersGet()
    {
        await using var lab = await CacheLab.StartAsync(c =>
        {
            c.Response.Headers.CacheControl = "max-age=60";
            c.Response.Headers["Content-Location"] = c.Request.Path.Value;
            return c.Response.WriteAsync($"{c.Request.Method} {_count++}");
        });
        Assert.Equal("POST 0", (await lab.SendAsync(HttpMethod.Post, "/a")).Text);
        Assert.Equal("POST 0", (await lab.GetAsync("/a")).Text);
        Assert.Equal("POST 1", (await lab.SendAsync(HttpMethod.Post, "/a")).Text);
        Assert.Equal("POST 1", (await lab.GetAsync("/a")).Text);
    }
}
