using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Real;

/// <summary>What clients do on an HTTP/1 connection beyond one plain request.</summary>
public class Http1Tests
{
    [Fact]
    public async Task Pipelining_ManyRequestsAtOnce_AreAnsweredInOrder()
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            using var reader = new StreamReader(c.Request.Body);
            await c.Response.WriteAsync($"{c.Request.Method} {c.Request.Path} {await reader.ReadToEndAsync()}");
        });
        await using var gateway = await TestGateway.StartAsync(
            $$"""Route("/own/{n}").Content(c => c.Text($"own {c.Request.RouteValues["n"]}")); Route("/{**p}").To("{{origin.Address}}");""");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        var expected = new List<string>();
        var requests = "";
        for (var i = 0; i < 30; i++)
        {
            (var request, var answer) = (i % 3) switch
            {
                0 => ($"GET /{i} HTTP/1.1\r\nHost: x\r\n\r\n", $"GET /{i} "),
                1 => ($"POST /{i} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", $"POST /{i} hello"),
                _ => ($"POST /own/{i} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", $"own {i}"),
            };
            requests += request;
            expected.Add(answer);
        }

        await client.SendAsync(requests);
        foreach (var answer in expected)
        {
            Assert.Equal(answer, (await client.ReadAnswerAsync()).Body);
        }
    }

    [Theory]
    [InlineData("GET / HTTP/1.0\r\n\r\n")]
    [InlineData("GET / HTTP/1.0\r\nHost: x\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    public async Task Connection_OfAClientThatWantsOneAnswer_IsClosedAfterIt(string request)
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            // In two pieces, so that the length is not known: HTTP/1.0 has no chunks.
            await c.Response.WriteAsync("one ");
            await c.Response.WriteAsync("two");
        });
        await using var gateway = await TestGateway.StartAsync($$"""Route("/{**p}").To("{{origin.Address}}").BodyFilter(b => b.ReplaceText("two", "three"));""");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync(request);
        var all = await client.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", all);
        if (request.Contains("HTTP/1.0", StringComparison.Ordinal))
        {
            Assert.DoesNotContain("chunked", all);
            Assert.EndsWith("\r\n\r\none three", all);
        }
        else
        {
            Assert.Contains("Connection: close\r\n", all);
            Assert.EndsWith("\r\n0\r\n\r\n", all);
        }
    }

    [Fact]
    public async Task Http10_WithKeepAlive_MayAskAgain()
    {
        await using var gateway = await TestGateway.StartAsync("""Route("/{n}").Content(c => c.Text((string)c.Request.RouteValues["n"]!));""");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        foreach (var n in new[] { "1", "2" })
        {
            await client.SendAsync($"GET /{n} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            var (head, body) = await client.ReadAnswerAsync();
            Assert.Contains("Connection: keep-alive\r\n", head);
            Assert.Equal(n, body);
        }
    }

    [Fact]
    public async Task SlowClients_AHundredOneByteAtATime_AreAllServed()
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            using var reader = new StreamReader(c.Request.Body);
            await c.Response.WriteAsync(await reader.ReadToEndAsync());
        });
        await using var gateway = await TestGateway.StartAsync($$"""Route("/{**p}").To("{{origin.Address}}");""");
        var clients = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => RawClient.ConnectAsync(gateway.Address)));
        try
        {
            const string Request = "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789";

            // Round by round, a byte on every connection: none gets ahead of the others.
            foreach (var one in Request)
            {
                foreach (var client in clients)
                {
                    await client.SendAsync(one.ToString());
                }
            }

            foreach (var client in clients)
            {
                Assert.Equal("0123456789", (await client.ReadAnswerAsync()).Body);
            }
        }
        finally
        {
            foreach (var client in clients)
            {
                client.Dispose();
            }
        }
    }

    [Fact]
    public async Task EarlyHints_OfTheOrigin_DoNotDisturbTheAnswer()
    {
        using var origin = new RawOrigin(async (stream, _) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            await stream.WriteAsync("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"u8.ToArray());
        });
        await using var gateway = await TestGateway.StartAsync($$"""Route("/{**p}").To("{{origin.Address}}");""");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        var (head, body) = await client.ReadAnswerAsync();
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head);
        Assert.DoesNotContain("a.css", head);
        Assert.Equal("done", body);
    }

    [Fact]
    public async Task Trailers_OfTheOrigin_ReachAnHttp2Client()
    {
        using var origin = new RawOrigin(async (stream, _) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndone\r\n0\r\nX-Sum: 42\r\n\r\n"u8.ToArray());
        });
        await using var gateway = await TestGateway.StartAsync($$"""Route("/{**p}").To("{{origin.Address}}");""");

        // Over HTTP/1.1 Kestrel sends none.
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Version = new Version(2, 0), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.TE.ParseAdd("trailers");
        using var answer = await gateway.Client.SendAsync(request);
        Assert.Equal("done", await answer.Content.ReadAsStringAsync());
        Assert.Equal("42", Assert.Single(answer.TrailingHeaders.GetValues("X-Sum")));
    }
}
