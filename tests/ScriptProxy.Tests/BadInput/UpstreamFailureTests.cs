using System.Net;
using System.Net.Sockets;
using System.Text;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Phases;

namespace ScriptProxy.Tests.BadInput;

/// <summary>What upstreams do wrong: the client's answer, the log's reason, and nothing left behind.</summary>
public class UpstreamFailureTests
{
    private const string Logged = """
        Log(l => l.Logger.LogInformation($"logged {l.Request.Path} {l.Response.StatusCode} {l.Error?.GetType().Name}"));

        """;

    public static TheoryData<string> Filters => ["", ".BodyFilter(b => b.ReplaceText(\"x\", \"y\"))", ".BodyFilter(b => b.Buffer(1000))", ".BodyFilter(b => b.Lines(l => l))"];

    [Theory]
    [MemberData(nameof(Filters))]
    public async Task Peer_ResetsBeforeItsHead_502(string filter)
    {
        using var origin = new RawOrigin(async (stream, _) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            stream.Socket.Close(0);
        });
        await AnswersAsync($"Route(\"/\"){filter}.To(\"{origin.Address}\");", HttpStatusCode.BadGateway, "Connection reset by peer");
    }

    [Theory]
    [InlineData("garbage\r\n\r\n", "it did not answer with HTTP/1.1: garbage")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "its answer has a header line without a name")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "")]
    [InlineData("HTTP/1.1 999999 Much\r\n\r\n", "it did not answer with HTTP/1.1: HTTP/1.1 999999 Much")]
    [InlineData("\x16\x03\x01\x02", "")]
    public async Task Peer_AnswersGarbage_502(string bytes, string told)
    {
        using var origin = Origin(bytes);
        await AnswersAsync($"Route(\"/\").To(\"{origin.Address}\");", HttpStatusCode.BadGateway, told);
    }

    [Fact]
    public async Task Peer_HeadersTooLarge_502()
    {
        using var origin = Origin("HTTP/1.1 200 OK\r\nX-Long: " + new string('x', 100_000) + "\r\nContent-Length: 0\r\n\r\n");
        await AnswersAsync($"Route(\"/\").To(\"{origin.Address}\");", HttpStatusCode.BadGateway, "is longer than 65536 bytes");
    }

    [Theory]
    [InlineData(204, "")]
    [InlineData(204, "Log(l => { });")]
    [InlineData(205, "")]
    public async Task Peer_SaysALengthOfABodyThatCannotBe_TheAnswerHasNone(int status, string verbs)
    {
        using var origin = Origin($"HTTP/1.1 {status} No\r\nContent-Length: 2\r\nX-Peer: 1\r\n\r\n");
        await using var gateway = await TestGateway.StartAsync($"{verbs} HeaderFilter(h => h.Response.Headers[\"X-Filter\"] = \"1\"); Route(\"/\").To(\"{origin.Address}\");");
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.True(answer.Headers.Contains("X-Peer") && answer.Headers.Contains("X-Filter"));
        Assert.Equal("", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("gzip", "no gzip at all, and longer than a head")]
    [InlineData("gzip", "")]
    [InlineData("br", "no brotli at all")]
    [InlineData("deflate", "x")]
    public async Task Peer_BreaksTheCodingOfItsBody_502(string coding, string body)
    {
        // An empty body is in every coding.
        using var origin = Origin($"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        await using var gateway = await TestGateway.StartAsync($"Route(\"/\").BodyFilter(b => b.ReplaceText(\"a\", \"b\")).To(\"{origin.Address}\");");
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal(body.Length == 0 ? HttpStatusCode.OK : HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains("handler at", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Peer_NameDoesNotResolve_502() =>
        await AnswersAsync("Upstream(\"gone\", \"http://no-such-host.invalid\"); Route(\"/\").To(\"gone\");", HttpStatusCode.BadGateway, "upstream gone: no-such-host.invalid");

    [Fact]
    public async Task Peer_SpeaksNoTls_502()
    {
        await using var origin = await Harness.Origin.StartAsync("plain");
        await AnswersAsync($"Route(\"/\").To(\"{origin.Address.Replace("http:", "https:", StringComparison.Ordinal)}\");", HttpStatusCode.BadGateway, " failed: ");
    }

    [Fact]
    public async Task Peer_SpeaksTlsOnPlainPort_502()
    {
        await using var tls = await TestGateway.StartAsync("""Listen("https://127.0.0.1:0"); Route("/").Content(c => c.Text("tls"));""");
        await AnswersAsync($"Route(\"/\").To(\"{tls.Address.Replace("https:", "http:", StringComparison.Ordinal)}\");", HttpStatusCode.BadGateway, " failed: ");
    }

    [Fact]
    public async Task Peer_CertificateOfAnUnknownAuthority_502AndSaysSo()
    {
        await using var tls = await TestGateway.StartAsync("""Listen("https://127.0.0.1:0"); Route("/").Content(c => c.Text("tls"));""");
        await AnswersAsync($"Route(\"/\").To(\"{tls.Address}\");", HttpStatusCode.BadGateway, "certificate is invalid");
    }

    [Theory]
    [MemberData(nameof(Filters))]
    public async Task Peer_NeverAnswers_504AndTheTimeOutIsNamed(string filter)
    {
        var never = new TaskCompletionSource();
        using var origin = new RawOrigin((_, _) => never.Task);
        await AnswersAsync($"Upstream(\"o\", \"{origin.Address}\").Timeouts(answer: Milliseconds(200)); Route(\"/\"){filter}.To(\"o\");", HttpStatusCode.GatewayTimeout, "did not answer in time (answer 0.2 s)");
        never.SetResult();
    }

    [Fact]
    public async Task Peer_TakesNoConnection_504AndTheTimeOutIsNamed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere a full queue of connections refuses");
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        var port = ((IPEndPoint)full.LocalEndPoint!).Port;
        using var first = new TcpClient();
        await first.ConnectAsync(IPAddress.Loopback, port);
        await AnswersAsync($"Upstream(\"o\", \"http://127.0.0.1:{port}\").Timeouts(connect: Milliseconds(200)); Route(\"/\").To(\"o\");", HttpStatusCode.GatewayTimeout, "took no connection in time (connect 0.2 s)");
    }

    [Theory]
    [MemberData(nameof(Filters))]
    public async Task Peer_ClosesMidBody_IsNeverAWholeAnswer(string filter)
    {
        using var declared = Origin("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nabc\n");
        using var chunked = Origin("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nabc\n");
        using var between = Origin("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabc\n\r\n");
        using var badChunk = Origin("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\n\r\n");
        var origins = new[] { declared, chunked, between, badChunk };
        await using var gateway = await TestGateway.StartAsync(Logged + string.Concat(origins.Select((o, i) => $"Route(\"/{i}\"){filter}.To(\"{o.Address}\");\n")));
        foreach (var client in new[] { Clients.Http11(gateway), Clients.Http2(gateway) })
        {
            for (var i = 0; i < origins.Length; i++)
            {
                await NeverWholeAsync(client, $"/{i}");
            }

            client.Dispose();
        }

        await gateway.Log.WaitForAsync("127.0.0.1:" + new Uri(declared.Address).Port + " failed: ");
        await TestGateway.WaitAsync(() => gateway.Log.All.Count(l => l.StartsWith("logged /", StringComparison.Ordinal)) == 8);
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains("handler at", StringComparison.Ordinal));
        await NothingLeftAsync(gateway);
    }

    [Theory]
    [MemberData(nameof(Filters))]
    public async Task Peer_FallsSilentMidBody_IsTheUpstreamsTimeOut(string filter)
    {
        var never = new TaskCompletionSource();
        using var origin = new RawOrigin(async (stream, _) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nabc\n"u8.ToArray());
            await never.Task;
        });
        await using var gateway = await TestGateway.StartAsync(Logged + $"""
            Upstream("o", "{origin.Address}").Timeouts(answer: Milliseconds(300), idle: Milliseconds(300));
            Route("/"){filter}.To("o");
            """);
        using var http11 = Clients.Http11(gateway);
        await NeverWholeAsync(http11, "/");
        using var http2 = Clients.Http2(gateway);
        await NeverWholeAsync(http2, "/");
        never.SetResult();
        await TestGateway.WaitAsync(() => gateway.Log.All.Count(l => l.StartsWith("logged /", StringComparison.Ordinal)) == 2);
        Assert.True(gateway.Log.Has(": 504, upstream o: "), string.Join("\n", gateway.Log.All));
        await gateway.Log.WaitForAsync("fell silent in the middle of its answer (idle 0.3 s)");
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains(": 499, ", StringComparison.Ordinal));
        await NothingLeftAsync(gateway);
    }

    private static RawOrigin Origin(string answer) => new(async (stream, _) =>
    {
        await RawOrigin.ReadHeadAsync(stream);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(answer));
    });

    private static async Task AnswersAsync(string proxy, HttpStatusCode status, string told)
    {
        await using var gateway = await TestGateway.StartAsync(Logged + "HeaderFilter(h => h.Response.Headers[\"X-Filter\"] = \"seen\");\n" + proxy);
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal("seen", answer.Headers.GetValues("X-Filter").Single());
        Assert.StartsWith($"{(int)status} ", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await gateway.Log.WaitForAsync($"logged / {(int)status} ForwardFailedException");
        var line = Assert.Single(gateway.Log.All, l => l.Contains($" GET /: {(int)status}, upstream ", StringComparison.Ordinal));
        Assert.True(line.Contains(told, StringComparison.OrdinalIgnoreCase), line);
        await NothingLeftAsync(gateway);
    }

    private static async Task NeverWholeAsync(HttpClient client, string path)
    {
        try
        {
            using var answer = await client.GetAsync(path);

            // Held back by a filter, the failure can still be told.
            Assert.True(answer.StatusCode is HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout, $"a whole answer to {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
        catch (HttpRequestException)
        {
            // Cut off, as it must be.
        }
    }

    private static Task NothingLeftAsync(TestGateway gateway) => TestGateway.WaitAsync(() =>
        gateway.Host.Current!.Snapshot.Gate.Leases == 1 && gateway.Host.Current.Upstreams.All(u => u.Peers.All(p => p.InFlight == 0)));
}
