using System.Globalization;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Docs;

namespace ScriptProxy.Tests.Caching;

/// <summary>The samples of plugins/Caching/README.md do what the page says.</summary>
public class CacheReadmeTests
{
    private const string Page = "plugins/Caching/README.md";

    private static string Sample(string word) =>
        Fence.Of(Page).Single(f => f.Language == "csharp" && f.Text.Contains(word, StringComparison.Ordinal)).Text + "Upstream(\"shop\", \"ORIGIN\");\n";

    [Fact]
    public async Task FirstSample_EachRoute_CachesAsItSays()
    {
        var count = 0;
        await using var lab = await CacheLab.StartAsync(
            c =>
            {
                c.Response.Headers.CacheControl = c.Request.Path.StartsWithSegments("/shop", StringComparison.Ordinal) ? "max-age=10" : default;
                return c.Response.WriteAsync($"{c.Request.Path} {Interlocked.Increment(ref count).ToString(CultureInfo.InvariantCulture)}");
            },
            Sample("/news/"));

        // What the origin says.
        Assert.Equal("/shop/a 1", (await lab.GetAsync("/shop/a")).Text);
        Assert.Equal("ScriptProxy; hit; ttl=10; detail=max-age", (await lab.GetAsync("/shop/a"))["Cache-Status"]);

        // Where it says nothing: a minute, and five more while it is fetched again.
        Assert.Equal("/news/a 2", (await lab.GetAsync("/news/a")).Text);
        lab.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal("ScriptProxy; hit; ttl=1; detail=ttl", (await lab.GetAsync("/news/a"))["Cache-Status"]);
        lab.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(("/news/a 2", "ScriptProxy; hit; ttl=-299; detail=grace"), await lab.GetAsync("/news/a") is var stale ? (stale.Text, stale["Cache-Status"]) : default);
        await Harness.TestGateway.WaitAsync(() => lab.Asked.Count == 3);

        // By currency, by the script's word, with a tag; PURGE from this machine.
        Assert.Equal("/api/a 4", (await lab.GetAsync("/api/a", ("Cookie", "currency=eur"))).Text);
        Assert.Equal("/api/a 5", (await lab.GetAsync("/api/a", ("Cookie", "currency=usd"))).Text);
        Assert.Equal(("/api/a 4", "ScriptProxy; hit; ttl=60; detail=script"), await lab.GetAsync("/api/a", ("Cookie", "currency=eur")) is var hit ? (hit.Text, hit["Cache-Status"]) : default);
        Assert.Equal("2 purged\n", (await lab.SendAsync(new HttpMethod("PURGE"), "/api/other", ("Cache-Tag", "api"))).Text);
        Assert.Equal("/api/a 6", (await lab.GetAsync("/api/a", ("Cookie", "currency=eur"))).Text);
    }

    [Fact]
    public async Task SampleWithRedis_WhereNoneIsThere_ServesFromItsOwnLevels()
    {
        var proxy = Sample("UseRedis").Replace("localhost:6379", "127.0.0.1:1", StringComparison.Ordinal);
        await using var lab = await CacheLab.StartAsync(CacheLab.Counting(""), proxy);
        Assert.Equal("answer 1", (await lab.GetAsync("/shop/a")).Text);
        Assert.Equal("answer 1", (await lab.GetAsync("/shop/a")).Text);
    }
}
