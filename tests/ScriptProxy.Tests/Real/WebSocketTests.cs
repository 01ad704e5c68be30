using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Real;

public class WebSocketTests
{
    /// <summary>Adds every phase that touches answers: none of them may disturb a WebSocket.</summary>
    private const string Filters =
        """
        .HeaderFilter(h => h.Response.Headers["X-Filtered"] = "yes")
        .BodyFilter(b => b.ReplaceText("a", "b"))
        .Log(l => l.Logger.LogInformation("logged {Status} {Error}", l.Response.StatusCode, l.Error?.Message))
        """;

    [Theory]
    [InlineData("1.1", "")]
    [InlineData("1.1", Filters)]
    [InlineData("2.0", "")]
    [InlineData("2.0", Filters)]
    public async Task Forwarded_TextBinaryAndLargeMessages_ComeBack(string version, string filters)
    {
        await using var origin = await Origin.StartAsync(EchoAsync);
        await using var gateway = await TestGateway.StartAsync($"""Route("/ws").To("{origin.Address}"){filters};""");
        using var socket = await ConnectAsync(gateway, version);
        Assert.Equal("chat", socket.SubProtocol);

        Assert.Equal((WebSocketMessageType.Text, "grüße"), await TalkAsync(socket, WebSocketMessageType.Text, "grüße"u8.ToArray(), Encoding.UTF8.GetString));
        foreach (var size in new[] { 0, 1, 125, 126, 65_536, 5_000_000 })
        {
            var message = RandomNumberGenerator.GetBytes(size);
            var (type, back) = await TalkAsync(socket, WebSocketMessageType.Binary, message, Convert.ToHexString);
            Assert.Equal(WebSocketMessageType.Binary, type);
            Assert.True(back == Convert.ToHexString(message), $"{size} bytes came back changed");
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", CancellationToken.None);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
        Assert.Equal("echo bye", socket.CloseStatusDescription);
        if (filters.Length > 0)
        {
            Assert.Equal("yes", Assert.Single(socket.HttpResponseHeaders!["X-Filtered"]));
            await gateway.Log.WaitForAsync(version == "1.1" ? "logged 101 (null)" : "logged 200 (null)");
        }

        Assert.DoesNotContain(gateway.Log.All, l => l.Contains("Exception", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Forwarded_OriginCloses_ClientSeesItsCode(string version)
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            using var socket = await c.WebSockets.AcceptWebSocketAsync("chat");
            await socket.CloseAsync((WebSocketCloseStatus)4711, "enough", CancellationToken.None);
        });
        await using var gateway = await TestGateway.StartAsync($"""Route("/ws").To("{origin.Address}");""");
        using var socket = await ConnectAsync(gateway, version);
        var end = await socket.ReceiveAsync(new byte[16], CancellationToken.None);
        Assert.Equal(WebSocketMessageType.Close, end.MessageType);
        Assert.Equal(((WebSocketCloseStatus)4711, "enough"), (end.CloseStatus!.Value, end.CloseStatusDescription));
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Forwarded_Pings_AreAnsweredThroughTheGateway(string version)
    {
        var silent = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            // Receiving answers pings.
            using var socket = await c.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { SubProtocol = "chat", KeepAliveInterval = TimeSpan.FromMilliseconds(50), KeepAliveTimeout = TimeSpan.FromSeconds(10) });
            await socket.ReceiveAsync(new byte[16], CancellationToken.None);
            silent.SetResult();
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        });
        await using var gateway = await TestGateway.StartAsync($"""Route("/ws").To("{origin.Address}");""");
        using var socket = await ConnectAsync(gateway, version, o =>
        {
            o.KeepAliveInterval = TimeSpan.FromMilliseconds(50);
            o.KeepAliveTimeout = TimeSpan.FromSeconds(10);
        });
        var receiving = socket.ReceiveAsync(new byte[16], CancellationToken.None);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        await timer.WaitForNextTickAsync();
        Assert.Equal(WebSocketState.Open, socket.State);
        await socket.SendAsync("x"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        await silent.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(WebSocketMessageType.Close, (await receiving).MessageType);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Forwarded_ClientAborts_OriginSeesTheEnd(string version)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = await Origin.StartAsync(async c =>
        {
            using var socket = await c.WebSockets.AcceptWebSocketAsync("chat");
            try
            {
                await socket.ReceiveAsync(new byte[16], CancellationToken.None);
                await socket.ReceiveAsync(new byte[16], CancellationToken.None);
            }
            catch (WebSocketException)
            {
                ended.SetResult();
            }
        });
        await using var gateway = await TestGateway.StartAsync($"""Route("/ws").To("{origin.Address}").Log(l => l.Logger.LogInformation("over"));""");
        using (var socket = await ConnectAsync(gateway, version))
        {
            await socket.SendAsync("x"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            socket.Abort();
        }

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await gateway.Log.WaitForAsync("over");
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Forwarded_OriginAborts_ClientSeesTheEnd(string version)
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            using var socket = await c.WebSockets.AcceptWebSocketAsync("chat");
            await socket.ReceiveAsync(new byte[16], CancellationToken.None);
            c.Abort();
        });
        await using var gateway = await TestGateway.StartAsync($"""Route("/ws").To("{origin.Address}").Log(l => l.Logger.LogInformation("over"));""");
        using var socket = await ConnectAsync(gateway, version);
        await socket.SendAsync("x"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        var error = await Assert.ThrowsAsync<WebSocketException>(() => socket.ReceiveAsync(new byte[16], CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(WebSocketError.ConnectionClosedPrematurely, error.WebSocketErrorCode);
        await gateway.Log.WaitForAsync("over");
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Forwarded_OriginRefuses_ClientSeesItsAnswer(string version)
    {
        await using var origin = await Origin.StartAsync(c =>
        {
            c.Response.StatusCode = 403;
            return c.Response.WriteAsync("no");
        });
        await using var gateway = await TestGateway.StartAsync($"""Route("/ws").To("{origin.Address}");""");
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(gateway, version, socket));
        Assert.Equal(HttpStatusCode.Forbidden, socket.HttpStatusCode);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Content_AcceptsAWebSocketItself(string version)
    {
        await using var gateway = await TestGateway.StartAsync(
            $$"""
            using System.Net.WebSockets;
            Route("/ws").Content(async c =>
            {
                if (!c.HttpContext.WebSockets.IsWebSocketRequest) return c.Respond(426);
                using var socket = await c.HttpContext.WebSockets.AcceptWebSocketAsync("chat");
                var buffer = new byte[100];
                while (await socket.ReceiveAsync(buffer, c.Aborted) is { MessageType: not WebSocketMessageType.Close } got)
                    await socket.SendAsync(buffer.AsMemory(0, got.Count), got.MessageType, got.EndOfMessage, c.Aborted);
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "echo " + socket.CloseStatusDescription, c.Aborted);
                return null;
            })
            {{Filters}};
            """);
        using var plain = await gateway.Client.GetAsync("/ws");
        Assert.Equal(HttpStatusCode.UpgradeRequired, plain.StatusCode);

        using var socket = await ConnectAsync(gateway, version);
        Assert.Equal((WebSocketMessageType.Text, "aha"), await TalkAsync(socket, WebSocketMessageType.Text, "aha"u8.ToArray(), Encoding.UTF8.GetString));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", CancellationToken.None);
        Assert.Equal("echo bye", socket.CloseStatusDescription);
        Assert.Equal("yes", Assert.Single(socket.HttpResponseHeaders!["X-Filtered"]));
        await gateway.Log.WaitForAsync(version == "1.1" ? "logged 101 (null)" : "logged 200 (null)");
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains("Exception", StringComparison.Ordinal) || l.Contains("failed", StringComparison.Ordinal));
    }

    private static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync("chat");
        var buffer = new byte[16 * 1024];
        while (await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None) is { MessageType: not WebSocketMessageType.Close } got)
        {
            await socket.SendAsync(buffer.AsMemory(0, got.Count), got.MessageType, got.EndOfMessage, CancellationToken.None);
        }

        await socket.CloseAsync(socket.CloseStatus!.Value, "echo " + socket.CloseStatusDescription, CancellationToken.None);
    }

    private static async Task<ClientWebSocket> ConnectAsync(TestGateway gateway, string version, Action<ClientWebSocketOptions>? set = null)
    {
        var socket = new ClientWebSocket();
        set?.Invoke(socket.Options);
        socket.Options.CollectHttpResponseDetails = true;
        await ConnectAsync(gateway, version, socket);
        return socket;
    }

    private static async Task ConnectAsync(TestGateway gateway, string version, ClientWebSocket socket)
    {
        socket.Options.AddSubProtocol("chat");
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await socket.ConnectAsync(new Uri(gateway.Address.Replace("http", "ws", StringComparison.Ordinal) + "/ws"), new HttpMessageInvoker(new SocketsHttpHandler()), CancellationToken.None);
    }

    private static async Task<(WebSocketMessageType Type, string Text)> TalkAsync(ClientWebSocket socket, WebSocketMessageType type, byte[] message, Func<byte[], string> show)
    {
        var sent = socket.SendAsync(message, type, endOfMessage: true, CancellationToken.None);
        using var got = new MemoryStream();
        var buffer = new byte[32 * 1024];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            got.Write(buffer, 0, part.Count);
            if (part.EndOfMessage)
            {
                await sent;
                return (part.MessageType, show(got.ToArray()));
            }
        }
    }
}
