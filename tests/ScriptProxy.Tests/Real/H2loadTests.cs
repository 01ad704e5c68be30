using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Real;

public class H2loadTests
{
    [Theory]
    [InlineData("""Listen("https://127.0.0.1:0");""")]
    [InlineData("""Listen("http://127.0.0.1:0");""")]
    public async Task H2load_ManyStreamsOnManyConnections_AllSucceed(string front)
    {
        var h2load = Programs.Require("h2load");
        await using var origin = await Origin.StartAsync("hello from the origin\n");
        await using var gateway = await TestGateway.StartAsync(
            $$"""
            Route("/plain").To("{{origin.Address}}");
            Route("/filtered").Access(a => a.Next).HeaderFilter(h => h.Response.Headers["X-F"] = "1").BodyFilter(b => b.ReplaceText("origin", "gateway")).Log(l => { }).To("{{origin.Address}}");
            {{front}}
            """);
        foreach (var path in new[] { "/plain", "/filtered" })
        {
            var said = (await Programs.RunAsync(h2load, ["--requests=4000", "--clients=20", "--max-concurrent-streams=20", gateway.Address + path])).Success();
            Assert.Contains("4000 total, 4000 started, 4000 done, 4000 succeeded, 0 failed, 0 errored, 0 timeout", said);
            Assert.Contains("status codes: 4000 2xx, 0 3xx, 0 4xx, 0 5xx", said);
        }
    }
}
