using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Reloading;

/// <summary>What began before a reload goes on, on the load it began with, until it ends or has used up its time.</summary>
public class LongRequestTests
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task WebSocket_GoesOnOverReloads_ItsLoadEndsWithIt(string version)
    {
        await using var origin = await EchoAsync();
        string Proxy(int n) => $$"""
            Route("/ws").Log(l => l.Logger.LogInformation("log {{n}}")).To("{{origin.Address}}");
            Route("/").Content(c => c.Text("{{n}}"));
            Exit(() => Logger.LogInformation("exit {{n}}"));
            """;
        await using var gateway = await TestGateway.StartAsync(Proxy(1));
        using var socket = await ConnectAsync(gateway, version);
        for (var n = 2; n <= 4; n++)
        {
            await gateway.SaveAsync(Proxy(n));
            Assert.Equal($"hello {n}", await EchoAsync(socket, $"hello {n}"));
        }

        Assert.Equal("4", await gateway.Client.GetStringAsync("/"));
        await gateway.Log.WaitForAsync("exit 3");
        Assert.False(gateway.Log.Has("exit 1"));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        await gateway.Log.WaitForAsync("exit 1");
        Assert.True(gateway.Log.Has("log 1"));
        await TestGateway.WaitAsync(() => gateway.Host.Alive == 1);
        Assert.Equal(["exit 2", "exit 3", "exit 1"], gateway.Log.All.Where(l => l.StartsWith("exit", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("1.1", """.To("{origin}")""")]
    [InlineData("2.0", """.To("{origin}")""")]
    [InlineData("1.1", """.Content(async c => { using var s = await Http.GetStreamAsync("{origin}", c.Aborted); c.Response.ContentType = "text/event-stream"; await s.CopyToAsync(c.Response.Body, c.Aborted); })""")]
    public async Task EventStream_GoesOn_FilteredByTheLoadItBeganWith(string version, string answer)
    {
        using var next = new SemaphoreSlim(1);
        await using var origin = await Origin.StartAsync(async c =>
        {
            c.Response.ContentType = "text/event-stream";
            for (var n = 1; n <= 3; n++)
            {
                await next.WaitAsync(c.RequestAborted);
                await c.Response.WriteAsync($"data: event {n}\n\n");
                await c.Response.Body.FlushAsync();
            }
        });
        string Proxy(int n) => $"Route(\"/events\").BodyFilter(b => b.ReplaceText(\"event\", \"load {n},\")){answer.Replace("{origin}", origin.Address, StringComparison.Ordinal)};";
        await using var gateway = await TestGateway.StartAsync(Proxy(1));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events") { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        for (var n = 1; n <= 3; n++)
        {
            Assert.Equal($"data: load 1, {n}", await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)));
            Assert.Equal("", await reader.ReadLineAsync());
            await gateway.SaveAsync(Proxy(n + 1));
            next.Release();
        }

        Assert.Null(await reader.ReadLineAsync());
    }

    [Fact]
    public async Task Download_BegunBefore_ArrivesWhole()
    {
        const int Chunks = 400;
        var chunk = Enumerable.Range(0, 64 * 1024).Select(i => (byte)(i * 31)).ToArray();
        var halfway = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            c.Response.ContentLength = (long)Chunks * chunk.Length;
            for (var n = 0; n < Chunks; n++)
            {
                if (n == Chunks / 2)
                {
                    await halfway.Task;
                }

                await c.Response.Body.WriteAsync(chunk);
            }
        });
        await using var gateway = await TestGateway.StartAsync($"""Route("/").To("{origin.Address}");""");
        using var response = await gateway.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        var stream = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[chunk.Length];
        for (var n = 0; n < Chunks; n++)
        {
            if (n == Chunks / 2)
            {
                await gateway.SaveAsync("""Route("/").Content(c => c.Text("other"));""");
                await gateway.SaveAsync("""Route("/").Content(c => c.Text("another"));""");
                halfway.SetResult();
            }

            await stream.ReadExactlyAsync(buffer);
            Assert.True(buffer.AsSpan().SequenceEqual(chunk), $"chunk {n}");
        }

        Assert.Equal(0, await stream.ReadAsync(buffer));
        Assert.Equal("another", await gateway.Client.GetStringAsync("/"));
    }

    [Theory]
    [InlineData("""Route("/long").To("{origin}");""")]
    [InlineData("""Route("/long").Content(async c => { await c.Response.WriteAsync("begun"); await c.Response.Body.FlushAsync(); await Task.Delay(Timeout.Infinite, c.Aborted); });""")]
    public async Task OldRequests_EndsWhatIsLeft_NotBefore(string route)
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            await c.Response.WriteAsync("begun");
            await c.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, c.RequestAborted);
        });
        var time = new FakeTimeProvider();
        string Proxy(int n) => $$"""
            Limits(l => l.OldRequests = Seconds(30));
            Route("/ws").To("{{origin.Address}}");
            Exit(() => Logger.LogInformation("exit {{n}}"));
            Log(l => l.Logger.LogInformation($"logged {l.Request.Path} {l.Response.StatusCode} {l.Error?.Message}"));
            {{route.Replace("{origin}", origin.Address, StringComparison.Ordinal)}}
            """;
        await using var gateway = await TestGateway.StartAsync(Proxy(1), time);
        using var response = await gateway.Client.GetAsync("/long", HttpCompletionOption.ResponseHeadersRead);
        var stream = await response.Content.ReadAsStreamAsync();
        var begun = new byte[5];
        await stream.ReadExactlyAsync(begun);
        Assert.Equal("begun", Encoding.ASCII.GetString(begun));
        var ended = stream.ReadAsync(begun).AsTask();

        gateway.Save(Proxy(2));
        await TestGateway.WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(10));
            return gateway.Log.Has("generation 2 serves");
        });
        time.Advance(TimeSpan.FromSeconds(15));
        using var current = await gateway.Client.GetAsync("/long", HttpCompletionOption.ResponseHeadersRead);
        Assert.False(ended.IsCompleted);
        Assert.False(gateway.Log.Has("exit 1"));
        time.Advance(TimeSpan.FromSeconds(16));
        await Assert.ThrowsAnyAsync<IOException>(() => ended.WaitAsync(TimeSpan.FromSeconds(20)));
        await gateway.Log.WaitForAsync("exit 1");
        await gateway.Log.WaitForAsync("logged /long 200 cut off: its load was replaced more than 30 s ago (OldRequests)");
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains("the client", StringComparison.Ordinal));
        Assert.Contains(gateway.Log.All, l => l.StartsWith("generation 1 was replaced 30 s ago: its last 1 requests are cut off", StringComparison.Ordinal));
        await (await current.Content.ReadAsStreamAsync()).ReadExactlyAsync(begun);
    }

    [Theory]
    [InlineData("""Route("/long").To("{origin}");""")]
    [InlineData("""Route("/long").Content(async c => { await Http.GetAsync("{origin}/waits"); await Task.Delay(Timeout.Infinite, c.Aborted); });""")]
    public async Task OldRequests_NothingAnsweredYet_IsToldAsTheGatewaysDoingAndNotTheClients(string route)
    {
        var arrived = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            arrived.TrySetResult();
            if (c.Request.Path != "/waits")
            {
                await Task.Delay(Timeout.Infinite, c.RequestAborted);
            }
        });
        var time = new FakeTimeProvider();
        string Proxy(int n) => $$"""
            Limits(l => l.OldRequests = Seconds(20));
            Log(l => l.Logger.LogInformation($"logged {l.Request.Path} {l.Response.StatusCode} {l.Error?.Message}"));
            {{route.Replace("{origin}", origin.Address, StringComparison.Ordinal)}}
            // {{n}}
            """;
        await using var gateway = await TestGateway.StartAsync(Proxy(1), time);
        var answer = gateway.Client.GetAsync("/long");
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(20));
        gateway.Save(Proxy(2));
        await TestGateway.WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(10));
            return gateway.Log.Has("generation 2 serves");
        });

        // The time begins when the old load is seen off, a moment after the new one serves. It must not go on to the 60 s that the peer has for its answer.
        await TestGateway.WaitAsync(() =>
        {
            if (gateway.Log.Has("its last 1 requests are cut off"))
            {
                return true;
            }

            time.Advance(TimeSpan.FromSeconds(1));
            return false;
        });
        await Assert.ThrowsAsync<HttpRequestException>(() => answer);
        await gateway.Log.WaitForAsync("logged /long 503 cut off: its load was replaced more than 20 s ago (OldRequests)");
        Assert.Contains(gateway.Log.All, l => l.Contains("/long: 503, cut off", StringComparison.Ordinal));
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains("the client", StringComparison.Ordinal));
    }

    [Fact]
    public async Task OldRequests_EndsAWebSocket()
    {
        await using var origin = await EchoAsync();
        var time = new FakeTimeProvider();
        string Proxy(int n) => $$"""
            Limits(l => l.OldRequests = Minutes(1));
            Route("/ws").To("{{origin.Address}}");
            Route("/").Content(c => c.Text("{{n}}"));
            """;
        await using var gateway = await TestGateway.StartAsync(Proxy(1), time);
        using var socket = await ConnectAsync(gateway, "1.1");
        gateway.Save(Proxy(2));
        await TestGateway.WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(10));
            return gateway.Log.Has("generation 2 serves");
        });
        time.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal("still", await EchoAsync(socket, "still"));
        time.Advance(TimeSpan.FromSeconds(11));
        await Assert.ThrowsAsync<WebSocketException>(async () => await socket.ReceiveAsync(new byte[16], CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20)));
    }

    private static Task<Origin> EchoAsync() => Origin.StartAsync(async c =>
    {
        using var socket = await c.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[1024];
        try
        {
            while (await socket.ReceiveAsync(buffer, c.RequestAborted) is { MessageType: not WebSocketMessageType.Close } message)
            {
                await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, message.EndOfMessage, c.RequestAborted);
            }

            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, c.RequestAborted);
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException)
        {
            // The gateway has cut it off.
        }
    });

    private static async Task<ClientWebSocket> ConnectAsync(TestGateway gateway, string version)
    {
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await socket.ConnectAsync(new Uri(gateway.Address.Replace("http:", "ws:", StringComparison.Ordinal) + "/ws"), new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false }), CancellationToken.None);
        return socket;
    }

    private static async Task<string> EchoAsync(WebSocket socket, string text)
    {
        await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        var buffer = new byte[1024];
        var received = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));
        return Encoding.UTF8.GetString(buffer, 0, received.Count);
    }
}
