using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Phases;
using ScriptProxy.Tests.Real;

namespace ScriptProxy.Tests.Anonymizing;

/// <summary>What every kind of connection needs stays whole, and nothing of a request is left over for the next one.</summary>
public class ProtocolTests
{
    private const string Log = """Log(l => l.Logger.LogInformation("seen {Path} {Query} {Ip} {Cookie}", l.Request.Path, l.Request.QueryString.Value, l.HttpContext.Connection.RemoteIpAddress, l.Request.Headers.Cookie));""";

    [Fact]
    public async Task Connection_ItsNextRequests_AreReadAndLoggedAsTheirOwn()
    {
        await using var origin = await Origin.StartAsync(c => c.Response.WriteAsync($"{c.Request.Path}{c.Request.QueryString} {c.Request.Headers.UserAgent} {c.Request.Headers["X-Connection"]}"));
        await using var gateway = await TestGateway.StartAsync($$"""
            {{Log}}
            Route("/{**path}").Anonymize(Anonymity.Elite).UpstreamRequest(u => u.Headers["X-Connection"] = u.HttpContext.Connection.RemoteIpAddress.ToString()).To("{{origin.Address}}");
            """);
        using var one = await RawClient.ConnectAsync(gateway.Address);
        using var two = Clients.Http2(gateway);
        for (var i = 0; i < 3; i++)
        {
            await one.SendAsync($"GET /one{i}?a={i} HTTP/1.1\r\nHost: a\r\nCookie: a={i}\r\n\r\n");
            Assert.Equal($"/one{i}?a={i} Mozilla/5.0 127.0.0.1", (await one.ReadAnswerAsync()).Body);
            Assert.Equal($"/two{i}?a={i} Mozilla/5.0 127.0.0.1", await two.GetStringAsync($"/two{i}?a={i}"));
            await gateway.Log.WaitForAsync($"seen /one{i} ?a=* 127.0.0.0 (redacted)");
            await gateway.Log.WaitForAsync($"seen /two{i} ?a=* 127.0.0.0 ");
        }
    }

    [Fact]
    public async Task WebSocket_ThroughElite_IsOpenedAndEchoes()
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            using var socket = await c.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            var got = await socket.ReceiveAsync(buffer, CancellationToken.None);
            await socket.SendAsync(Encoding.UTF8.GetBytes($"{Encoding.UTF8.GetString(buffer, 0, got.Count)} {c.Request.Headers["X-Forwarded-For"].Count}"), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        });
        await using var gateway = await TestGateway.StartAsync($"{Log}\nAnonymize(Anonymity.Elite);\nRoute(\"/{{**path}}\").To(\"{origin.Address}\");");
        using var client = new ClientWebSocket();
        await client.ConnectAsync(new Uri(gateway.Address.Replace("http", "ws", StringComparison.Ordinal) + "/s"), CancellationToken.None);
        await client.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        var buffer = new byte[100];
        var got = await client.ReceiveAsync(buffer, CancellationToken.None);
        Assert.Equal("hello 0", Encoding.UTF8.GetString(buffer, 0, got.Count));
    }

    [Fact]
    public async Task Upstream_OfHttp2WithTheClientsHost_GetsHostBodyAndTrailersRequest()
    {
        await using var origin = await Origin.StartAsync(
            async c => await c.Response.WriteAsync($"{c.Request.Protocol} {c.Request.Host} {c.Request.Headers.TE} {c.Request.ContentLength} {await new StreamReader(c.Request.Body).ReadToEndAsync()}"), HttpProtocols.Http2);
        await using var gateway = await TestGateway.StartAsync(
            $"Upstream(\"o\", \"{origin.Address}\").Http2().KeepHost();\nAnonymize(Anonymity.Elite);\nRoute(\"/{{**path}}\").To(\"o\");");
        using var client = Clients.Http2(gateway);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StringContent("body"), Version = client.DefaultRequestVersion, VersionPolicy = client.DefaultVersionPolicy };
        request.Headers.Host = "shop.example";
        request.Headers.TE.ParseAdd("trailers");
        using var answer = await client.SendAsync(request);
        Assert.Equal("HTTP/2 shop.example trailers 4 body", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Head_OfAnErrorPage_HasNoBodyAndTheConnectionGoesOn()
    {
        using var peer = new Peer("HTTP/1.1 500 x") { Body = "" };
        await using var gateway = await TestGateway.StartAsync($"Anonymize(Anonymity.Elite);\nRoute(\"/{{**path}}\").To(\"{peer.Address}\");");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 500 Internal Server Error\r\n", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal("500 Internal Server Error\n", (await client.ReadAnswerAsync()).Body);
    }
}
