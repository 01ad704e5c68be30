using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Tests.Caching;

/// <summary>A cached route beside handlers that look at every answer.</summary>
public class CacheBesidePhasesTests
{
    [Theory]
    [InlineData("Log(l => { });")]
    [InlineData("BodyFilter(b => { });")]
    [InlineData("BodyFilter(b => b.ReplaceText(\"0\", \"0\"));")]
    [InlineData("Log(l => { }); BodyFilter(b => { }); HeaderFilter(h => { }); Access(a => { });")]
    public async Task Gateway_LooksAtEveryAnswer_CachedOnesAreWhole(string verbs)
    {
        await using var lab = await CacheLab.StartAsync(
            async c =>
            {
                if (c.Request.Path == "/no-store")
                {
                    c.Response.Headers.CacheControl = "no-store";
                }

                c.Response.ContentLength = 48;
                await c.Response.WriteAsync(new string('0', 48));
            },
            verbs + "Route(\"/{**path}\").Cache(ttl: Minutes(1)).To(\"ORIGIN\");");
        foreach (var path in new[] { "/stored", "/stored", "/no-store", "/no-store" })
        {
            var reply = await lab.GetAsync(path);
            Assert.Equal((200, new string('0', 48)), (reply.Status, reply.Text));
        }

        Assert.Equal(3, lab.Asked.Count);
    }

    [Fact]
    public async Task Range_OfWhatIsFiltered_GetsTheWhole_AlsoFromTheStore()
    {
        await using var lab = await CacheLab.StartAsync(
            c => c.Response.WriteAsync("a word"),
            "Route(\"/{**path}\").Cache(ttl: Minutes(1)).BodyFilter(b => b.ReplaceText(\"word\", \"deed\")).To(\"ORIGIN\");");
        for (var i = 0; i < 2; i++)
        {
            var reply = await lab.GetAsync("/x", ("Range", "bytes=0-3"));
            Assert.Equal((200, "a deed"), (reply.Status, reply.Text));
        }

        Assert.Single(lab.Asked);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task PeerThatIsNotThere_IsTold(string method)
    {
        await using var lab = await CacheLab.StartAsync(
            _ => Task.CompletedTask,
            """
            Route("/{**path}").Cache(ttl: Minutes(1)).HeaderFilter(h => h.Response.Headers["X-Told"] = $"{h.Peer?.Name} {h.Attempts} {h.UpstreamElapsed > TimeSpan.Zero}").To("http://127.0.0.1:1");
            """);
        var reply = await lab.SendAsync(new HttpMethod(method), "/x");
        Assert.Equal(502, reply.Status);
        Assert.StartsWith("127.0.0.1:1 1", reply["X-Told"], StringComparison.Ordinal);
    }
}
