using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Caching;

/// <summary>Kinds of traffic that a cache has no business with, and answers of odd shapes.</summary>
public class CacheTrafficTests
{
    private static string Status(HttpResponseMessage answer) => answer.Headers.NonValidated.TryGetValues("Cache-Status", out var values) ? values.ToString() : "";

    /// <summary>How many requests are under way; the host holds a lease as well.</summary>

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
                var text = await RawAsync(lab.Gateway, $"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

                // /%41 is /A (RFC 3986, 6.2.2.2); the others are what they are.
                Assert.EndsWith(target == "/A" ? "/%41" : target, text.TrimEnd('\r', '\n', '0'), StringComparison.Ordinal);
            }
        }

        Assert.Equal(targets.Length - 1, lab.Asked.Count);
    }

    private static async Task<string> RawAsync(TestGateway gateway, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(gateway.Address).Port);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request));
        return await new StreamReader(client.GetStream(), Encoding.Latin1).ReadToEndAsync();
    }

    [Theory]
    [InlineData("\"abcdef\u00fc\"", 1)]
    [InlineData("\"other\u00fc\"", 1)]
    public async Task EntityTag_BeyondAscii_IsTheSameBytesOnBothSides(string tag, int asked)
    {
        var seen = new List<string>();
        using var origin = new RawOrigin(async (stream, stop) =>
        {
            seen.Add(await RawOrigin.ReadHeadAsync(stream));
            await stream.WriteAsync(Encoding.Latin1.GetBytes("HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: max-age=60\r\nETag: \"abcdef\u00fc\"\r\nContent-Length: 1\r\n\r\nx"), stop);
        });
        await using var gateway = await CacheLab.GatewayAsync($$"""Route("/pass").To("{{origin.Address}}"); Route("/").Cache().To("{{origin.Address}}");""", new FakeTimeProvider());
        Assert.Equal("x", await gateway.Client.GetStringAsync("/"));
        var reply = await RawAsync(gateway, $"GET / HTTP/1.1\r\nHost: {new Uri(gateway.Address).Authority}\r\nIf-None-Match: {tag}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith(tag.Contains("abcdef", StringComparison.Ordinal) ? "HTTP/1.1 304" : "HTTP/1.1 200", reply, StringComparison.Ordinal);
        Assert.Contains("ETag: \"abcdef\u00fc\"", reply, StringComparison.Ordinal);
        Assert.Equal(asked, seen.Count);

        // Without a cache it goes on as it came.
        await RawAsync(gateway, $"GET /pass HTTP/1.1\r\nHost: a\r\nIf-Match: {tag}\r\nConnection: close\r\n\r\n");
        Assert.Contains($"If-Match: {tag}\r\n", seen[^1], StringComparison.Ordinal);
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
}
