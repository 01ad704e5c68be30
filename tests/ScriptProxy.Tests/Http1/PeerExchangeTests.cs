using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Phases;
using ScriptProxy.Tests.Real;

namespace ScriptProxy.Tests.Http1;

/// <summary>The gateway's own client against peers that say and do what HTTP/1.1 allows, and what it does not.</summary>
public class PeerExchangeTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: 1\r\n\r\n", true)]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", true)]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true)]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", false)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", false)]
    public async Task Connection_IsUsedAgain_OnlyWhereTheNextAnswerCanBeNoOthers(string answer, bool again)
    {
        var connections = 0;
        using var origin = new RawOrigin(async (stream, _) =>
        {
            Interlocked.Increment(ref connections);
            while (await RawOrigin.ReadHeadAsync(stream) is { Length: > 0 })
            {
                await stream.WriteAsync(Encoding.Latin1.GetBytes(answer));
            }
        });
        await using var gateway = await TestGateway.StartAsync($"Route(\"/{{**path}}\").To(\"{origin.Address}\");");
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("hello", await gateway.Client.GetStringAsync($"/{i}"));
        }

        Assert.Equal(again ? 1 : 3, connections);
    }

    [Theory]
    [InlineData("close")]
    [InlineData("length")]
    [InlineData("chunks")]
    public async Task LongBody_InPieces_IsWhole(string end)
    {
        var body = Enumerable.Range(0, 300_007).Select(i => (byte)(i * 31 / 7)).ToArray();
        using var origin = new RawOrigin(async (stream, _) =>
        {
            while (await RawOrigin.ReadHeadAsync(stream) is { Length: > 0 })
            {
                var framing = end switch { "close" => "", "length" => $"Content-Length: {body.Length}\r\n", _ => "Transfer-Encoding: chunked\r\n" };
                await stream.WriteAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\n{framing}\r\n"));
                foreach (var piece in body.Chunk(70_001))
                {
                    await stream.WriteAsync(Encoding.Latin1.GetBytes(end == "chunks" ? $"{piece.Length:x}\r\n" : ""));
                    await stream.WriteAsync(piece);
                    await stream.WriteAsync(Encoding.Latin1.GetBytes(end == "chunks" ? "\r\n" : ""));
                }

                await stream.WriteAsync(Encoding.Latin1.GetBytes(end == "chunks" ? "0\r\n\r\n" : ""));
                if (end == "close")
                {
                    return;
                }
            }
        });
        await using var gateway = await TestGateway.StartAsync($"Route(\"/\").To(\"{origin.Address}\");\nRoute(\"/logged\").Log(l => {{ }}).To(\"{origin.Address}\");");
        using var http2 = Clients.Http2(gateway);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(body, await gateway.Client.GetByteArrayAsync("/"));
            Assert.Equal(body, await gateway.Client.GetByteArrayAsync("/logged"));
            Assert.Equal(body, await http2.GetByteArrayAsync("/"));
        }
    }

    [Fact]
    public async Task ShortBody_InTwoPieces_IsWhole()
    {
        using var halfway = new SemaphoreSlim(0);
        using var origin = new RawOrigin(async (stream, _) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo"u8.ToArray());
            await halfway.WaitAsync();
            await stream.WriteAsync("dy"u8.ToArray());
        });
        await using var gateway = await TestGateway.StartAsync($"Route(\"/\").To(\"{origin.Address}\");");
        using var answer = await gateway.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        using var stream = await answer.Content.ReadAsStreamAsync();
        var begun = new byte[2];
        await stream.ReadExactlyAsync(begun);
        halfway.Release();

        Assert.Equal("body", Encoding.ASCII.GetString(begun) + await new StreamReader(stream).ReadToEndAsync());
    }

    [Theory]
    [InlineData("GET", true)]
    [InlineData("DELETE", true)]
    [InlineData("POST", false)]
    public async Task KeptConnection_ThatThePeerCloses_IsAskedAnewOnlyWhatMayBeAskedTwice(string method, bool again)
    {
        var heads = new ConcurrentQueue<string>();
        using var origin = new RawOrigin(async (stream, _) =>
        {
            heads.Enqueue(await RawOrigin.ReadHeadAsync(stream));
            await stream.WriteAsync(Encoding.Latin1.GetBytes(Hello));

            // The next request comes, and has no answer: as where the peer closes the connection while the request is on its way.
            heads.Enqueue(await RawOrigin.ReadHeadAsync(stream));
        });
        await using var gateway = await TestGateway.StartAsync($"Route(\"/\").To(\"{origin.Address}\");");
        Assert.Equal("hello", await gateway.Client.GetStringAsync("/"));

        using var request = new HttpRequestMessage(new HttpMethod(method), "/");
        using var answer = await gateway.Client.SendAsync(request);

        Assert.Equal(again ? HttpStatusCode.OK : HttpStatusCode.BadGateway, answer.StatusCode);
        await TestGateway.WaitAsync(() => heads.Count == (again ? 3 : 2));
    }

    [Fact]
    public async Task KeptConnection_ThatThePeerHasClosed_IsNotUsed()
    {
        using var closed = new SemaphoreSlim(0);
        var posts = 0;
        using var origin = new RawOrigin(async (stream, _) =>
        {
            if ((await RawOrigin.ReadHeadAsync(stream)).StartsWith("POST", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref posts);
            }

            await stream.WriteAsync(Encoding.Latin1.GetBytes(Hello));
            stream.Socket.Shutdown(SocketShutdown.Both);
            closed.Release();
        });
        await using var gateway = await TestGateway.StartAsync($"Route(\"/\").To(\"{origin.Address}\");");
        for (var i = 0; i < 5; i++)
        {
            using var answer = await gateway.Client.PostAsync("/", new StringContent(""));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            await closed.WaitAsync(TimeSpan.FromSeconds(20));
        }

        Assert.Equal(5, posts);
    }

    [Fact]
    public async Task PeerThatRefusesEarly_IsHeardWhileTheClientPauses()
    {
        using var origin = new RawOrigin(async (stream, _) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            await stream.WriteAsync("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 6\r\n\r\nenough"u8.ToArray());
        });
        await using var gateway = await TestGateway.StartAsync($"Route(\"/\").To(\"{origin.Address}\");");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nonly this");

        var (head, body) = await client.ReadAnswerAsync();

        Assert.StartsWith("HTTP/1.1 413 Too Large\r\n", head, StringComparison.Ordinal);
        Assert.Equal("enough", body);
    }

    [Fact]
    public async Task PeerThatAnswersAndReadsOn_GetsTheWholeBody()
    {
        var got = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var origin = new RawOrigin(async (stream, _) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            await stream.WriteAsync(Encoding.Latin1.GetBytes(Hello));
            var body = new byte[2000];
            got.SetResult(await stream.ReadAtLeastAsync(body, 2000, throwOnEndOfStream: false));
        });
        await using var gateway = await TestGateway.StartAsync($"Route(\"/\").To(\"{origin.Address}\");");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + new string('a', 1000));

        var (_, body) = await client.ReadAnswerAsync();
        Assert.Equal("hello", body);
        await client.SendAsync(new string('b', 1000));

        Assert.Equal(2000, await got.Task.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Theory]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n", true)]
    [InlineData("", false)]
    public async Task BodyThatIsToBeWaitedFor_IsSentWhenThePeerWantsIt(string first, bool wanted)
    {
        using var origin = new RawOrigin(async (stream, _) =>
        {
            var head = await RawOrigin.ReadHeadAsync(stream);
            Assert.Contains("Expect: 100-continue", head, StringComparison.OrdinalIgnoreCase);
            await stream.WriteAsync(Encoding.Latin1.GetBytes(first));
            if (!wanted)
            {
                await stream.WriteAsync("HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
                return;
            }

            var body = new byte[4];
            await stream.ReadExactlyAsync(body);
            await stream.WriteAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{Encoding.Latin1.GetString(body)}"));
        });
        await using var gateway = await TestGateway.StartAsync($"Route(\"/\").To(\"{origin.Address}\");");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");

        if (!wanted)
        {
            // Never asked for it, the client need not send it.
            Assert.StartsWith("HTTP/1.1 401 Who\r\n", await client.ReadHeadAsync(), StringComparison.Ordinal);
            return;
        }

        Assert.StartsWith("HTTP/1.1 100 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.SendAsync("body");
        var (_, body) = await client.ReadAnswerAsync();
        Assert.Equal("body", body);
    }

    [Fact]
    public async Task PeerThatSwitchesUnasked_502()
    {
        using var origin = new RawOrigin(async (stream, _) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            await stream.WriteAsync("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"u8.ToArray());
        });
        await using var gateway = await TestGateway.StartAsync($"Route(\"/\").To(\"{origin.Address}\");");
        using var answer = await gateway.Client.GetAsync("/");

        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
    }

    [Fact]
    public async Task ClientThatLeaves_EndsTheRequestAtThePeer()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var origin = new RawOrigin(async (stream, _) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            asked.SetResult();
            try
            {
                Assert.Equal(0, await stream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false));
            }
            catch (IOException)
            {
                // Reset: as good.
            }

            closed.SetResult();
        });
        await using var gateway = await TestGateway.StartAsync($"Route(\"/\").To(\"{origin.Address}\");");
        using (var client = await RawClient.ConnectAsync(gateway.Address))
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await asked.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }

        await closed.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Trailers_GoBothWays()
    {
        var got = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var origin = new RawOrigin(async (stream, _) =>
        {
            var head = await RawOrigin.ReadHeadAsync(stream);
            var body = await RawOrigin.ReadHeadAsync(stream);
            got.SetResult(head + body);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nContent-Length: 9\r\n\r\n"u8.ToArray());
        });
        await using var gateway = await TestGateway.StartAsync($"Route(\"/\").To(\"{origin.Address}\");");
        using var sender = await RawClient.ConnectAsync(gateway.Address);
        await sender.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Check\r\n\r\n3\r\nabc\r\n0\r\nX-Check: 1\r\nHost: evil\r\n\r\n");
        await sender.ReadAnswerAsync();
        Assert.EndsWith("3\r\nabc\r\n0\r\nX-Check: 1\r\n\r\n", await got.Task.WaitAsync(TimeSpan.FromSeconds(20)), StringComparison.Ordinal);

        got = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using var http2 = Clients.Http2(gateway);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent("\r\n\r\n"u8.ToArray()), Headers = { TE = { new("trailers") } } };
        using var answer = await http2.SendAsync(request);
        Assert.Equal("ok", await answer.Content.ReadAsStringAsync());
        Assert.Equal("7", answer.TrailingHeaders.GetValues("X-Sum").Single());
        Assert.False(answer.TrailingHeaders.Contains("Content-Length"));
        Assert.Contains("TE: trailers\r\nConnection: TE\r\n", await got.Task, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Addresses_ThatAHandlerChanges_AreAsked()
    {
        await using var elsewhere = await Origin.StartAsync(c => c.Response.WriteAsync($"{c.Request.Method} {c.Request.Host} {c.Request.Path}{c.Request.QueryString} {c.Request.Headers["X-A"]}"));
        await using var gateway = await TestGateway.StartAsync($$"""
            Route("/{**path}").UpstreamRequest(u =>
            {
                u.Address = new Uri("{{elsewhere.Address}}/other?a=b");
                u.Method = "PATCH";
                u.Headers["X-A"] = "1";
            }).To("http://127.0.0.1:9");
            """);

        Assert.Equal($"PATCH {new Uri(elsewhere.Address).Authority} /other?a=b 1", await gateway.Client.GetStringAsync("/x"));
    }

    [Theory]
    [InlineData("u.Method = \"GET / HTTP/1.1\\r\\nX: y\"")]
    [InlineData("u.Headers[\"X\"] = \"a\\r\\nb\"")]
    [InlineData("u.Headers[\"X: y\\r\\nZ\"] = \"a\"")]
    [InlineData("u.Headers[\"\"] = \"a\"")]
    public async Task WhatWouldBreakTheRequest_FailsTheHandler(string change)
    {
        await using var origin = await Origin.StartAsync("never");
        await using var gateway = await TestGateway.StartAsync($"Route(\"/\").UpstreamRequest(u => {{ {change}; }}).To(\"{origin.Address}\");");
        using var answer = await gateway.Client.GetAsync("/");

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
    }
}
