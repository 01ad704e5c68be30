using System.Net;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Real;

/// <summary>HTTP/1.1 and HTTP/2 on one port without TLS.</summary>
public class PriorKnowledgeTests
{
    private const string Hello = """Route("/hello").Content(c => c.Text($"{c.Request.Protocol} {c.Request.Scheme} {c.HttpContext.Features.Get<Microsoft.AspNetCore.Http.Features.ITlsConnectionFeature>() == null}\n"));""";

    [Theory]
    [InlineData("1.1", "HTTP/1.1 http True\n")]
    [InlineData("2.0", "HTTP/2 http True\n")]
    public async Task PlainPort_EitherVersion_IsServed(string version, string expected)
    {
        await using var gateway = await TestGateway.StartAsync(Hello);
        using var request = Get("/hello", version);
        using var answer = await gateway.Client.SendAsync(request);
        Assert.Equal(Version.Parse(version), answer.Version);
        Assert.Equal(expected, await answer.Content.ReadAsStringAsync());
        Assert.False(gateway.Log.Has("HTTP/2 is not enabled"));
    }

    [Theory]
    [InlineData(".Http1()", "2.0")]
    [InlineData(".Http2()", "1.1")]
    public async Task PlainPort_OnlyOneVersionAskedFor_RefusesTheOther(string only, string version)
    {
        await using var gateway = await TestGateway.StartAsync(Hello + $"Listen(\"http://127.0.0.1:0\"){only};");
        using var request = Get("/hello", version);
        var answer = await Record.ExceptionAsync(async () =>
        {
            using var refused = await gateway.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        });
        Assert.True(answer is null or HttpRequestException, answer?.ToString());
    }

    [Theory]
    [InlineData(3)]
    [InlineData(23)]
    public async Task Preface_InTwoPieces_IsHttp2(int border)
    {
        await using var gateway = await TestGateway.StartAsync(Hello);
        using var client = await RawClient.ConnectAsync(gateway.Address);
        const string Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        await client.SendAsync(Preface[..border]);
        await client.SendAsync(Preface[border..] + "\0\0\0\x4\0\0\0\0\0");
        var frame = await client.ReadAsync(9);
        Assert.Equal('\x4', frame[3]);
    }

    [Theory]
    [InlineData("P")]
    [InlineData("PR")]
    public async Task Request_ThatBeginsLikeThePreface_IsHttp1(string begin)
    {
        await using var gateway = await TestGateway.StartAsync("""Route("/{**p}").Content(c => c.Text(c.Request.Method));""");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync(begin);
        await client.SendAsync("OPFIND / HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(begin + "OPFIND", (await client.ReadAnswerAsync()).Body);
    }

    [Fact]
    public async Task Connection_ThatEndsWithinThePreface_IsClosed()
    {
        await using var gateway = await TestGateway.StartAsync(Hello);
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync("PRI *");
        client.Shutdown();
        Assert.DoesNotContain(" 200 ", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Connection_ThatSaysNothing_DoesNotHoldUpTheStop()
    {
        var gateway = await TestGateway.StartAsync(Hello + "Limits(l => l.ShutdownGrace = Minutes(5)); Listen(\"http://127.0.0.1:0\");");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        using var half = await RawClient.ConnectAsync(gateway.Address);
        await half.SendAsync("PRI * H");
        Assert.Equal("HTTP/1.1 http True\n", await gateway.Client.GetStringAsync("/hello"));
        await gateway.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Connection_ThatSaysNothing_IsClosedAfterKeepAlive()
    {
        await using var gateway = await TestGateway.StartAsync(Hello + "Limits(l => l.KeepAlive = Seconds(0.2)); Listen(\"http://127.0.0.1:0\");");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync("PRI");
        Assert.Equal("", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Upstream_SeesTheClientsScheme_OnHttp2()
    {
        await using var origin = await Origin.StartAsync(c => c.Response.WriteAsync(c.Request.Headers["X-Forwarded-Proto"].ToString()));
        await using var gateway = await TestGateway.StartAsync($"Route(\"/{{**p}}\").To(\"{origin.Address}\");");
        using var request = Get("/", "2.0");
        using var answer = await gateway.Client.SendAsync(request);
        Assert.Equal("http", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("", "http")]
    [InlineData("""Trust("127.0.0.1");""", "https")]
    public async Task Scheme_ThatTheClientClaims_IsBelievedOfTrustedProxiesOnly(string trust, string seen)
    {
        await using var gateway = await TestGateway.StartAsync(trust + """Route("/").Content(c => c.Text($"[{c.Request.Scheme}]"));""");
        using var client = await RawClient.ConnectAsync(gateway.Address);

        // Settings, then a HEADERS frame (RFC 9113, 6.2) with GET, https and / by their numbers in HPACK's table, and the authority "x".
        await client.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\0\0\0\x4\0\0\0\0\0" + "\0\0\x6\x1\x5\0\0\0\x1" + "\u0082\u0087\u0084A\u0001x");
        var got = "";
        while (!got.EndsWith(']'))
        {
            got += await client.ReadAsync(1);
        }

        Assert.EndsWith($"[{seen}]", got);
    }

    private static HttpRequestMessage Get(string path, string version) =>
        new(HttpMethod.Get, path) { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
}
