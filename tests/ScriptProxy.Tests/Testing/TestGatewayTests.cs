using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ScriptProxy.Testing;
using TestGateway = ScriptProxy.Testing.TestGateway;

namespace ScriptProxy.Tests.Testing;

/// <summary>Requests through a gateway in memory are what they are over sockets.</summary>
public sealed class TestGatewayTests
{
    private const string Shop = """
        Upstream("shop", "http://10.0.0.11:8080", "http://10.0.0.12:8080");
        Route("/shop/{**path}")
            .Access(r => r.BearerToken == "t1" ? r.Next : r.Respond(401, "token required\n"))
            .HeaderFilter(h => h.Response.Headers["X-Served-By"] = h.Peer?.Name)
            .Log(l => l.Logger.LogInformation("{Status}", l.Response.StatusCode))
            .To("shop");
        """;

    [Fact]
    public async Task Get_Proxied_TellsAnswerPeerRequestAndTrace()
    {
        await using var gateway = await TestGateway.LoadText(Shop, r => $"from {r.Peer}");
        var answer = await gateway.Get("/shop/a%2Fb?x=1", ("Authorization", "Bearer t1"));

        Assert.Equal((200, "from http://10.0.0.11:8080"), (answer.Status, answer.Text));
        Assert.Equal("10.0.0.11:8080", answer.Headers["X-Served-By"]);
        Assert.Equal(("10.0.0.11:8080", "/shop/{**path}", 1), (answer.Peer, answer.Route, answer.Attempts));
        var seen = Assert.Single(gateway.Peers.Requests);
        Assert.Equal(("http://10.0.0.11:8080", "GET", "/shop/a%2Fb?x=1", "1", "HTTP/1.1"), (seen.Peer, seen.Method, seen.Target, seen.Query["x"].ToString(), seen.Protocol));
        Assert.Equal(("10.0.0.11:8080", "Bearer t1", "127.0.0.1"), (seen.Headers["Host"], seen.Headers["Authorization"], seen.Headers["X-Forwarded-For"]));
        Assert.Equal("Access proxy.csx:3 -> Next\nHeaderFilter proxy.csx:4\nLog proxy.csx:5", answer.Trace.ToString());
        Assert.Contains(gateway.Log, l => l is { Category: "ScriptProxy.Scripts", Level: LogLevel.Information, Message: "200" });
    }

    [Fact]
    public async Task Get_Refused_TellsVerdictAndAsksNobody()
    {
        await using var gateway = await TestGateway.LoadText(Shop);
        var answer = await gateway.Get("/shop/");
        Assert.Equal((401, "token required\n", (string?)null), (answer.Status, answer.Text, answer.Peer));
        Assert.Equal("Access proxy.csx:3 -> Respond(401)", answer.Trace[0].ToString());
        Assert.Empty(gateway.Peers.Requests);
        Assert.Throws<InvalidOperationException>(() => gateway.Peers.Last);
    }

    [Fact]
    public async Task Post_Body_ReachesThePeer()
    {
        await using var gateway = await TestGateway.LoadText("""Route("/{**path}").To("http://api:81");""", r => PeerAnswer.Json(new { got = r.Json<Dictionary<string, int>>()!["n"] }, status: 201));
        var answer = await gateway.Post("/", """{"n":7}""", ("Content-Type", "application/json"), ("X-Mine", "1"));
        Assert.Equal((201, 7), (answer.Status, answer.Json<Dictionary<string, int>>()!["got"]));
        Assert.Equal(("application/json", "7", "1"), (gateway.Peers.Last.Headers["Content-Type"], gateway.Peers.Last.Headers["Content-Length"], gateway.Peers.Last.Headers["X-Mine"]));
        Assert.Equal("""{"n":7}""", gateway.Peers.Last.Text);
    }

    [Fact]
    public async Task Handler_Throws_TraceNamesTheLineAndLogTheFile()
    {
        await using var gateway = await TestGateway.LoadText("""
            #load "scripts/broken.csx"
            Route("/").Access(Broken).Content(c => c.Text("never"));
            """, files: ("scripts/broken.csx", "Verdict Broken(AccessContext r)\n{\n    throw new InvalidOperationException(\"no\");\n}\n"));
        var answer = await gateway.Get("/");
        Assert.Equal(500, answer.Status);
        var step = Assert.Single(answer.Trace);
        Assert.Equal("Access proxy.csx:2 -> InvalidOperationException: no", step.ToString());
        Assert.Contains(gateway.Log, l => l.Level == LogLevel.Error && l.Message.Contains("scripts/broken.csx:3", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Get_Dropped_IsToldAndNotThrown()
    {
        await using var gateway = await TestGateway.LoadText("""Access(r => r.Drop()); Route("/").Content(c => c.Text("never"));""");
        var answer = await gateway.Get("/");
        Assert.Equal((true, 0), (answer.Dropped, answer.Status));
        Assert.Equal("Access proxy.csx:1 -> Drop()", answer.Trace.ToString());
    }

    [Fact]
    public async Task Subrequest_ItsHandlers_ArePartOfTheTrace()
    {
        await using var gateway = await TestGateway.LoadText("""
            Route("/auth").Content(c => c.Respond(204));
            Route("/").Access(async r => { using var sub = await r.Subrequest("/auth"); return sub.StatusCode == 204 ? r.Next : r.Respond(403); }).Content(c => c.Text("in"));
            """);
        var answer = await gateway.Get("/");
        Assert.Equal("in", answer.Text);
        Assert.Equal(["GET /auth", "GET /", "GET /"], answer.Trace.Select(s => s.Request));
        Assert.Equal("Content proxy.csx:1 -> Respond(204)\nAccess proxy.csx:2 -> Next\nContent proxy.csx:2 -> Respond(200)", answer.Trace.ToString());
    }

    [Fact]
    public async Task From_AnotherAddress_IsClientIp()
    {
        await using var gateway = await TestGateway.LoadText("""Route("/").Content(c => c.Text(c.ClientIp.ToString()));""");
        Assert.Equal("127.0.0.1", (await gateway.Get("/")).Text);
        Assert.Equal("203.0.113.7", (await gateway.From("203.0.113.7").Get("/")).Text);
        Assert.Equal("2001:db8::1", (await gateway.From("2001:db8::1").Get("/")).Text);
    }

    [Fact]
    public async Task Peers_EachWithItsOwnAnswer_AndOneDown()
    {
        await using var gateway = await TestGateway.LoadText("""
            Upstream("shop", "http://a:1", "http://b:2").Attempts(3);
            Route("/").UpstreamResponse(u => u.StatusCode == 503 ? u.Retry() : u.Default).To("shop");
            Route("/one").To("http://c:3");
            """, new TestPeers().On("http://a:1", r => 503).On("b:2", r => PeerAnswer.Text("b").With("X-B", "1")));
        var answer = await gateway.Get("/");
        Assert.Equal(("b", "1", "b:2", 2), (answer.Text, answer.Headers["X-B"], answer.Peer, answer.Attempts));
        gateway.Peers.Down("http://c:3");
        Assert.Equal(502, (await gateway.Get("/one")).Status);
        gateway.Peers.Up("c:3");
        Assert.Equal("GET /one at http://c:3\n", (await gateway.Get("/one")).Text);
    }

    [Fact]
    public async Task Peers_ResetAndHttps_AreSeenAsSuch()
    {
        await using var gateway = await TestGateway.LoadText("""
            Route("/reset").To("http://a:1");
            Route("/{**path}").To("https://api.example");
            """, new TestPeers().On("a:1", r => PeerAnswer.Reset));
        Assert.Equal(502, (await gateway.Get("/reset")).Status);
        Assert.Equal("GET /x%2Fy at https://api.example\n", (await gateway.Get("/x%2Fy")).Text);
        Assert.Equal("api.example", gateway.Peers.Last.Headers["Host"]);
    }

    [Fact]
    public async Task Http_OfScripts_IsAnsweredByThePeersToo()
    {
        await using var gateway = await TestGateway.LoadText(
            """Route("/").Content(async c => c.Text(await Http.GetStringAsync("https://auth.example/check?x=1")));""", r => r.Target);
        Assert.Equal("/check?x=1", (await gateway.Get("/")).Text);
        Assert.Equal("https://auth.example", gateway.Peers.Last.Peer);
    }

    [Fact]
    public async Task Upstream_ThatIsAListenerOfTheSameGateway_GoesRound()
    {
        await using var gateway = await TestGateway.LoadText("""
            Listen("http://localhost:8080");
            Listen("http://127.0.0.1:18081");
            Route("/", host: "127.0.0.1:18081", order: -1).Content(c => c.Text("inner"));
            Route("/").To("http://127.0.0.1:18081");
            """);
        Assert.Equal("inner", (await gateway.Get("/")).Text);
        Assert.Empty(gateway.Peers.Requests);
        gateway.Peers.On("127.0.0.1:18081", r => "the test's");
        Assert.Equal("inner", (await gateway.Get("http://127.0.0.1:18081/")).Text);
    }

    [Fact]
    public async Task Http2_BothWays_WithTrailers()
    {
        await using var gateway = await TestGateway.LoadText(
            """Upstream("grpc", "http://a:1").Http2(); Route("/{**path}").To("grpc");""",
            r => PeerAnswer.Write(async c =>
            {
                c.Response.DeclareTrailer("grpc-status");
                await c.Response.WriteAsync("x");
                c.Response.AppendTrailer("grpc-status", "0");
            }));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.TE.ParseAdd("trailers");
        var answer = await gateway.Send(request);
        Assert.Equal(("x", "0", "HTTP/2"), (answer.Text, answer.Trailers["grpc-status"], gateway.Peers.Last.Protocol));
    }

    [Fact]
    public async Task Https_Listener_IsSpokenTo()
    {
        await using var gateway = await TestGateway.LoadText("""
            Listen("http://localhost:8080");
            Listen("https://localhost:8443");
            Route("/").Content(c => c.Text($"{c.Request.Scheme} {c.Request.Host}"));
            """);
        Assert.Equal("http localhost:8080", (await gateway.Get("/")).Text);
        Assert.Equal("https localhost:8443", (await gateway.Get("https://localhost:8443/")).Text);
        Assert.Equal("https shop.example", (await gateway.Get("https://shop.example/")).Text);
        Assert.Contains("nobody listens at http, port 99", (await Assert.ThrowsAsync<HttpRequestException>(() => gateway.Get("http://localhost:99/"))).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_StreamingAnswer_ComesPieceByPiece()
    {
        var next = new SemaphoreSlim(0);
        await using var gateway = await TestGateway.LoadText("""Route("/").To("http://a:1");""", r => PeerAnswer.Write(async c =>
        {
            await c.Response.WriteAsync("one\n");
            await next.WaitAsync(c.RequestAborted);
            await c.Response.WriteAsync("two\n");
        }));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        using var response = await gateway.Open(request);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal("one", await reader.ReadLineAsync());
        next.Release();
        Assert.Equal("two", await reader.ReadLineAsync());
        Assert.Null(await reader.ReadLineAsync());
    }

    [Fact]
    public async Task Open_ClientLeaves_HandlerAndPeerSeeIt()
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var gateway = await TestGateway.LoadText("""Route("/").Log(l => Logger.LogInformation("aborted {It}", l.Aborted.IsCancellationRequested)).To("http://a:1");""", new TestPeers().Serve(async c =>
        {
            await c.Response.WriteAsync("begun");
            await c.Response.Body.FlushAsync();
            c.RequestAborted.Register(() => gone.TrySetResult());
            await gone.Task;
        }));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        (await gateway.Open(request)).Dispose();
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await Harness.TestGateway.WaitAsync(() => gateway.Log.Any(l => l.Message == "aborted True"));
    }

    [Fact]
    public async Task WebSocket_ThroughTheGateway_Echoes()
    {
        await using var gateway = await TestGateway.LoadText("""Route("/ws").To("http://a:1");""", new TestPeers().Serve(async c =>
        {
            using var socket = await c.WebSockets.AcceptWebSocketAsync();
            var room = new byte[100];
            var got = await socket.ReceiveAsync(room, default);
            await socket.SendAsync(room.AsMemory(0, got.Count), WebSocketMessageType.Text, endOfMessage: true, default);
        }));
        using var handler = gateway.CreateHandler();
        using var client = new ClientWebSocket();
        using var invoker = new HttpMessageInvoker(handler);
        await client.ConnectAsync(new Uri("ws://localhost:8080/ws"), invoker, default);
        await client.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, endOfMessage: true, default);
        var room = new byte[100];
        var answer = await client.ReceiveAsync(room, default);
        Assert.Equal("hello", Encoding.UTF8.GetString(room, 0, answer.Count));
    }

    [Fact]
    public async Task CreateHandler_KeepsItsConnection()
    {
        await using var gateway = await TestGateway.LoadText("""Route("/").Content(c => c.Text(c.HttpContext.Connection.Id));""");
        using var client = new HttpClient(gateway.CreateHandler()) { BaseAddress = new Uri("http://localhost:8080") };
        Assert.Equal(await client.GetStringAsync("/"), await client.GetStringAsync("/"));
        Assert.NotEqual((await gateway.Get("/")).Text, (await gateway.Get("/")).Text);
    }

    [Fact]
    public async Task Answer_ThatThrows_IsToldInTheLog()
    {
        await using var gateway = await TestGateway.LoadText("""Route("/").To("http://a:1");""", r => throw new InvalidOperationException("the test is wrong"));
        var answer = await gateway.Get("/");
        Assert.Equal((500, "the test's answer for http://a:1 failed: the test is wrong\n"), (answer.Status, answer.Text));
        Assert.Contains(gateway.Log, l => l.Exception is InvalidOperationException);
    }
}
