using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching.Engine;
using ScriptProxy.Tests.Admin;

namespace ScriptProxy.Tests.Caching;

/// <summary>What plugins/Caching adds to the admin API.</summary>
public class CacheAdminTests
{
    private const string Proxy = AdminClient.Listeners + """Route("/{**path}").Cache().To("ORIGIN");""";

    private static Task<CacheLab> StartAsync(string cacheControl, string proxy = Proxy, Action<HttpContext>? change = null) => CacheLab.StartAsync(
        c =>
        {
            c.Response.Headers.CacheControl = cacheControl;
            change?.Invoke(c);
            return c.Response.WriteAsync("answer");
        },
        proxy);

    private static Task<(HttpStatusCode Status, JsonElement Json)> AskAsync(CacheLab lab, HttpMethod method, string path, string query) =>
        AdminClient.AskAsync(lab.Gateway, method, $"/plugins/Caching{path}?{query}");

    private static async Task<JsonElement> ShowAsync(CacheLab lab, string path)
    {
        var (status, json) = await AskAsync(lab, HttpMethod.Get, "/show", "url=" + Uri.EscapeDataString(lab.Gateway.Address + path));
        Assert.Equal(HttpStatusCode.OK, status);
        return json;
    }

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).ToString();

    [Fact]
    public async Task Show_TellsEachVariantWithAgeFreshnessAndWhy()
    {
        await using var lab = await StartAsync("max-age=60, stale-while-revalidate=30, stale-if-error=90", change: c =>
        {
            c.Response.Headers.Vary = "Accept-Encoding";
            c.Response.Headers.ETag = "\"e\"";
            c.Response.Headers["Cache-Tag"] = "a, b";
        });
        await lab.GetAsync("/x?y=z", ("Accept-Encoding", "gzip"));
        lab.Time.Advance(TimeSpan.FromSeconds(5));
        await lab.GetAsync("/x?y=z");
        lab.Time.Advance(TimeSpan.FromSeconds(12));

        var seen = await ShowAsync(lab, "/x?y=z");
        Assert.Equal($"{lab.Gateway.Address}/x?y=z", Text(seen, "url"));
        Assert.Equal("hit", Text(seen, "get"));
        Assert.Equal("fresh for another 48 s", Text(seen, "why"));
        var stored = seen.GetProperty("stored").EnumerateArray().ToList();
        Assert.Equal(["""{"accept-encoding":null}""", """{"accept-encoding":"gzip"}"""], stored.Select(s => s.GetProperty("vary").GetRawText()));
        Assert.Equal(
            """{"key":null,"status":200,"vary":{"accept-encoding":"gzip"},"state":"fresh","received":"2030-01-01T00:00:00+00:00","age":17,"lifetime":60,"reason":"max-age","lifetimeFrom":"Cache-Control: max-age=60, stale-while-revalidate=30, stale-if-error=90","freshFor":43,"grace":30,"keep":90,"mustValidate":false,"forbidsStale":false,"eTag":"\"e\"","lastModified":null,"tags":["a","b"],"body":6,"size":SIZE,"get":"hit","why":"fresh for another 43 s"}""",
            stored[1].GetRawText().Replace($"\"size\":{Text(stored[1], "size")}", "\"size\":SIZE", StringComparison.Ordinal));
        Assert.InRange(stored[1].GetProperty("size").GetInt64(), 500, 3000);
    }

    [Theory]
    [InlineData("max-age=60", true, 59, "fresh", "hit", "fresh for another 1 s")]
    [InlineData("max-age=60", true, 60, "keep", "validate", "stale; stands in for an origin that fails for another 10 min 0 s")]
    [InlineData("max-age=60", true, 1000, "stale", "validate", "stale for 15 min 40 s")]
    [InlineData("max-age=60", false, 60, "keep", "miss", "stale, and has neither ETag nor Last-Modified to be confirmed by; stands in for an origin that fails for another 10 min 0 s")]
    [InlineData("max-age=60, stale-while-revalidate=10", false, 63, "grace", "stale-while-revalidate", "stale for 3 s, within its grace of 10 s")]
    [InlineData("max-age=60, must-revalidate", true, 63, "stale", "validate", "stale for 3 s; must not be served stale")]
    [InlineData("no-cache, max-age=60", true, 1, "fresh", "validate", "no-cache: the origin is asked each time")]
    [InlineData("no-store", true, 1, null, "miss", "nothing is stored")]
    public async Task Show_SaysWhatAGetBecomes_AndThatIsWhatItBecomes(string cacheControl, bool validator, int after, string? state, string get, string why)
    {
        await using var lab = await StartAsync(cacheControl, change: c =>
        {
            c.Response.Headers.ETag = validator ? "\"e\"" : default;
            c.Response.StatusCode = c.Request.Headers.IfNoneMatch.Count > 0 ? 304 : 200;
            c.Response.Headers.ContentLength = c.Response.StatusCode == 304 ? null : 6;
        });
        await lab.GetAsync("/");
        lab.Time.Advance(TimeSpan.FromSeconds(after));
        var seen = await ShowAsync(lab, "/");
        Assert.Equal((get, why), (Text(seen, "get"), Text(seen, "why")));
        Assert.Equal(state is null ? [] : [(state, get, why)], seen.GetProperty("stored").EnumerateArray().Select(s => (Text(s, "state")!, Text(s, "get")!, Text(s, "why")!)));

        var status = (await lab.GetAsync("/"))["Cache-Status"]!;
        Assert.Equal(
            get,
            status.Contains("; hit", StringComparison.Ordinal) ? status.Contains("ttl=-", StringComparison.Ordinal) ? "stale-while-revalidate" : "hit"
            : status.Contains("fwd-status=304", StringComparison.Ordinal) ? "validate" : "miss");
    }

    [Fact]
    public async Task Show_VariantsForOthersOnly_IsAMissAndSaysSo()
    {
        await using var lab = await StartAsync("max-age=60", change: c => c.Response.Headers.Vary = "X-Kind, Accept");
        await lab.GetAsync("/", ("X-Kind", "one"));
        var seen = await ShowAsync(lab, "/");
        Assert.Equal("no stored variant is for a request without accept, x-kind", Text(seen, "why"));
        Assert.Equal("miss", Text(seen, "get"));
        Assert.Equal("hit", Text(Assert.Single(seen.GetProperty("stored").EnumerateArray()), "get"));
    }

    [Theory]
    [InlineData("s-maxage=5, max-age=1", null, "s-maxage", "Cache-Control: s-maxage=5, max-age=1")]
    [InlineData("max-age=1", "CDN-Cache-Control: max-age=7", "max-age", "CDN-Cache-Control: max-age=7")]
    [InlineData("", "Expires: Tue, 01 Jan 2030 00:01:00 GMT", "expires", "Expires: Tue, 01 Jan 2030 00:01:00 GMT")]
    [InlineData("", "Last-Modified: Mon, 31 Dec 2029 00:00:00 GMT", "heuristic", "a tenth of the time since Last-Modified: Mon, 31 Dec 2029 00:00:00 GMT")]
    [InlineData("", "X: no", "ttl", ".Cache(ttl: ...)")]
    [InlineData("no-cache", "ETag: \"e\"", "validator", "nothing says how long; kept to be confirmed by the origin")]
    [InlineData("max-age=5", "Age: none", "unreadable-age", "an Age that cannot be read: taken for stale")]
    public async Task Show_TellsWhereTheLifetimeComesFrom(string cacheControl, string? header, string reason, string from)
    {
        var proxy = reason == "ttl" ? Proxy.Replace("Cache()", "Cache(ttl: Minutes(1))", StringComparison.Ordinal) : Proxy;
        await using var lab = await StartAsync(cacheControl, proxy, c =>
        {
            if (header?.Split(": ", 2) is [var name, var value])
            {
                c.Response.Headers[name] = value;
            }

            c.Response.Headers.ETag = "\"e\"";
        });
        await lab.GetAsync("/");
        var stored = Assert.Single((await ShowAsync(lab, "/")).GetProperty("stored").EnumerateArray());
        Assert.Equal((reason, from), (Text(stored, "reason"), Text(stored, "lifetimeFrom")));
    }

    [Fact]
    public async Task Show_AfterASoftPurge_SaysThatItWasOne()
    {
        await using var lab = await StartAsync("max-age=60", change: c => c.Response.Headers.ETag = "\"e\"");
        await lab.GetAsync("/");
        Assert.Equal(1, (await AskAsync(lab, HttpMethod.Post, "/purge", "all=true&soft=true")).Json.GetProperty("purged").GetInt64());
        var stored = Assert.Single((await ShowAsync(lab, "/")).GetProperty("stored").EnumerateArray());
        Assert.Equal(("keep", "validate", "a soft purge; before that Cache-Control: max-age=60"), (Text(stored, "state"), Text(stored, "get"), Text(stored, "lifetimeFrom")));
    }

    [Fact]
    public async Task Show_UnderKeysOfLookup_FindsThemByTheUrl()
    {
        await using var lab = await StartAsync("max-age=60", AdminClient.Listeners + """
            Route("/show").Content(async c => c.Text($"{(await Cache.Show($"http://{c.Request.Host}/a")).Count}"));
            Route("/{**path}")
                .Lookup(l =>
                {
                    l.Key = l.Request.Query.ContainsKey("key") ? "mine" : null;
                    if (l.Request.Cookies["kind"] is { } kind)
                    {
                        l.Vary(kind);
                    }
                })
                .Cache().To("ORIGIN");
            """);
        await lab.GetAsync("/a", ("Cookie", "kind=one"));
        await lab.GetAsync("/a", ("Cookie", "kind=two"));
        await lab.GetAsync("/a?key");
        await lab.GetAsync("/ab");
        var seen = await ShowAsync(lab, "/a");
        Assert.Equal(("lookup", "what is stored is under keys that a handler of Lookup gave"), (Text(seen, "get"), Text(seen, "why")));
        Assert.Equal(
            [$"{lab.Gateway.Address}/a\n=one", $"{lab.Gateway.Address}/a\n=two"],
            seen.GetProperty("stored").EnumerateArray().Select(s => Text(s, "key")!));
        await lab.GetAsync("/a");
        seen = await ShowAsync(lab, "/a");
        Assert.Equal("hit", Text(seen, "get"));
        Assert.Equal(3, seen.GetProperty("stored").GetArrayLength());
        Assert.Equal("key:mine", Text(Assert.Single((await ShowAsync(lab, "/a?key")).GetProperty("stored").EnumerateArray()), "key"));
        Assert.Equal("3", (await lab.GetAsync("/show")).Text);
    }

    [Fact]
    public async Task Show_WhileItIsFetched_SaysSo()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var lab = await CacheLab.StartAsync(
            async c =>
            {
                asked.SetResult();
                await answer.Task;
                c.Response.Headers.CacheControl = "private";
            },
            Proxy);
        var request = lab.GetAsync("/");
        await asked.Task;
        Assert.True((await ShowAsync(lab, "/")).GetProperty("fetching").GetBoolean());
        answer.SetResult();
        await request;
        var seen = await ShowAsync(lab, "/");
        Assert.False(seen.GetProperty("fetching").GetBoolean());
        Assert.True(seen.GetProperty("alone").GetBoolean());
    }

    [Theory]
    [InlineData("/a%20b", "/a b")]
    [InlineData("/a%20b", "/a%20b")]
    [InlineData("/%C3%A9", "/é")]
    [InlineData("/%c3%a9", "/%C3%A9")]
    [InlineData("/a%2Fb", "/a%2Fb")]
    [InlineData("/x/../a", "/a")]
    [InlineData("/?q=%41%7e", "/?q=%41%7e")]
    [InlineData("/?q=a+b&u=http://x/?y", "/?q=a+b&u=http://x/?y#fragment")]
    [InlineData("/", "")]
    public async Task Show_FindsAUrlAsAnOperatorWritesIt(string asked, string written)
    {
        await using var lab = await StartAsync("max-age=60");
        using var answer = await lab.Client.GetAsync(new Uri(lab.Gateway.Address + asked, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        Assert.Equal("hit", Text(await ShowAsync(lab, written), "get"));
        Assert.Equal(1, (await AskAsync(lab, HttpMethod.Post, "/purge", "url=" + Uri.EscapeDataString(lab.Gateway.Address + written))).Json.GetProperty("purged").GetInt64());
    }

    [Theory]
    [InlineData("HTTP://Shop.Example/A", "http://shop.example/A", "http://shop.example/A")]
    [InlineData("https://shop.example:443/a", "https://shop.example/a", "https://shop.example/a")]
    [InlineData("http://Shop.Example:8080", "http://shop.example:8080/", "http://shop.example:8080")]
    [InlineData("http://[::1]:8080/a", "http://[::1]:8080/a", "http://[::1]:8080/a")]
    [InlineData("http://b\u00fccher.example/\u00e9?Q=%41", "http://xn--bcher-kva.example/%C3%A9?Q=%41", null)]
    [InlineData("http://a/\u00e9?Q=%41", "http://a/%C3%A9?Q=%41", "http://a/%C3%A9?Q=%41")]
    [InlineData("http://me:secret@a/", "http://a/", null)]
    public void Url_IsSpelledAsTheKeysAre(string written, string url, string? prefix)
    {
        Assert.Equal(url, Keys.Parse(written));
        if (prefix is not null)
        {
            Assert.Equal(prefix, Keys.Prefix(written));
        }
    }

    [Theory]
    [InlineData("url=ADDRESS/a", "1", "a")]
    [InlineData("prefix=ADDRESS/a", "2", "a ab")]
    [InlineData("prefix=HTTP://127", "3", "a ab b")]
    [InlineData("prefix=ADDRESS/%2561b", "1", "ab")]
    [InlineData("tag=b", "1", "b")]
    [InlineData("tag=all&prefix=ADDRESS/ab", "1", "ab")]
    [InlineData("tag=none", "0", "")]
    [InlineData("all=true", "3", "a ab b")]
    [InlineData("all=true&soft=true", "3", "a ab b")]
    [InlineData("url=ADDRESS/a&soft=false", "1", "a")]
    public async Task Purge_RemovesWhatItNamesAndSaysHowMany(string query, string purged, string again)
    {
        await using var lab = await StartAsync("max-age=60", change: c => c.Response.Headers["Cache-Tag"] = $"all, {c.Request.Path.Value![1..]}");
        string[] paths = ["/a", "/ab", "/b"];
        foreach (var path in paths)
        {
            await lab.GetAsync(path);
        }

        var (status, json) = await AskAsync(lab, HttpMethod.Post, "/purge", query.Replace("ADDRESS", lab.Gateway.Address, StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.OK, purged), (status, Text(json, "purged")));
        var before = lab.Asked.Count;
        foreach (var path in paths)
        {
            await lab.GetAsync(path);
        }

        Assert.Equal(again, string.Join(' ', lab.Asked.Skip(before).Select(a => a["GET /".Length..])));
    }

    [Theory]
    [InlineData("purge", "", "say what is to go: url, prefix or tag (of several, all must hold); everything is all=true")]
    [InlineData("purge", "all=false", "say what is to go")]
    [InlineData("purge", "soft=true", "say what is to go")]
    [InlineData("purge", "all=true&tag=a", "all=true is everything: url, prefix or tag do not go with it")]
    [InlineData("purge", "all=yes", "all is true or false, not 'yes'")]
    [InlineData("purge", "all", "all is empty")]
    [InlineData("purge", "tag=", "tag is empty")]
    [InlineData("purge", "tag=a&soft=1", "soft is true or false, not '1'")]
    [InlineData("purge", "prefix=http://127.0.0.1/&tga=a", "there is no parameter 'tga'; there are: url, prefix, tag, all, soft")]
    [InlineData("purge", "tag=a&tag=b", "tag is given 2 times")]
    [InlineData("purge", "prefix=/a", "prefix '/a' begins no URL: write it with scheme and host")]
    [InlineData("purge", "prefix=http://", "begins no URL")]
    [InlineData("purge", "prefix=http", "begins no URL")]
    [InlineData("purge", "url=/a", "url '/a' is no URL: write scheme, host, path and query")]
    [InlineData("show", "", "say which URL: ?url=https://shop.example/a")]
    [InlineData("show", "url=shop.example/a", "is no URL")]
    [InlineData("show", "url=ftp://shop.example/a", "is no URL")]
    [InlineData("show", "url=http://%00", "is no URL")]
    [InlineData("show", "url=http://a/&tag=b", "there is no parameter 'tag'; there are: url")]
    public async Task BadInput_Is400_SaysWhy_AndPurgesNothing(string what, string query, string why)
    {
        await using var lab = await StartAsync("max-age=60", change: c => c.Response.Headers["Cache-Tag"] = "a");
        await lab.GetAsync("/");
        var (status, json) = await AskAsync(lab, what == "show" ? HttpMethod.Get : HttpMethod.Post, "/" + what, query);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(why, Text(json, "error"), StringComparison.Ordinal);
        Assert.Contains("; hit", (await lab.GetAsync("/"))["Cache-Status"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Purge_ByGetOrWithoutTheToken_IsRefused()
    {
        await using var lab = await StartAsync("max-age=60", Proxy.Replace("Admin(\"http://127.0.0.1:0\")", "Admin(\"http://127.0.0.1:0\", token: \"secret\")", StringComparison.Ordinal));
        await lab.GetAsync("/");
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(lab, HttpMethod.Post, "/purge", "all=true")).Status);
        Assert.Contains("; hit", (await lab.GetAsync("/"))["Cache-Status"], StringComparison.Ordinal);
        var (get, _) = await AdminClient.AskAsync(lab.Gateway, HttpMethod.Get, "/plugins/Caching/purge?all=true", r => r.Headers.Authorization = new("Bearer", "secret"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, get);
        Assert.Contains("; hit", (await lab.GetAsync("/"))["Cache-Status"], StringComparison.Ordinal);
    }
}
