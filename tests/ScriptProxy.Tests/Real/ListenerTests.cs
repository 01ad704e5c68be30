using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using ScriptProxy.Core.Tls;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Tls;

namespace ScriptProxy.Tests.Real;

public class ListenerTests
{
    private const string Hello = """Route("/hello").Content(c => c.Text($"{c.Request.Protocol} {c.ClientIp}\n"));""";

    [Fact]
    public async Task Listener_Ipv6_Answers()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "this machine has no IPv6");
        await using var gateway = await TestGateway.StartAsync(Hello + """Listen("http://[::1]:0");""");
        Assert.StartsWith("http://[::1]:", gateway.Address);
        Assert.Equal("HTTP/1.1 ::1\n", await gateway.Client.GetStringAsync("/hello"));
    }

    [Fact]
    public async Task Listener_UnixSocket_Answers()
    {
        using var folder = new TestFolder();
        var path = folder.PathOf("gateway.sock");
        await using var gateway = await TestGateway.StartAsync(Hello + $"Listen(\"http://127.0.0.1:0\");Listen(\"unix:{path}\");");
        using var client = await RawClient.ConnectAsync(new UnixDomainSocketEndPoint(path), ProtocolType.Unspecified);
        await client.SendAsync("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("HTTP/1.1 255.255.255.255\n", (await client.ReadAnswerAsync()).Body);
    }

    [Fact]
    public async Task Listener_UnixSocketOfAGatewayThatWasKilled_IsTakenOver()
    {
        using var folder = new TestFolder();
        var path = folder.PathOf("gateway.sock");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(path));
            File.Move(path, path + ".left");
        }

        // Closing removes the file by its first name only: what is left looks like the socket of a process that was killed.
        File.Move(path + ".left", path);
        await using var gateway = await TestGateway.StartAsync(Hello + $"Listen(\"http://127.0.0.1:0\");Listen(\"unix:{path}\");");
        using var client = await RawClient.ConnectAsync(new UnixDomainSocketEndPoint(path), ProtocolType.Unspecified);
        await client.SendAsync("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Contains(" 200 ", (await client.ReadAnswerAsync()).Head);
    }

    [Fact]
    public async Task Listener_UnixSocketInUse_IsRefusedAndLeftAlone()
    {
        using var folder = new TestFolder();
        folder.Write("notes.txt", "mine");
        var path = folder.PathOf("gateway.sock");
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(path));
        other.Listen();

        var used = Assert.Single(await TestGateway.FailAsync($"Listen(\"unix:{path}\");"));
        Assert.Contains("gateway.sock: another program listens on it", used.Message);
        var file = Assert.Single(await TestGateway.FailAsync($"Listen(\"unix:{folder.PathOf("notes.txt")}\");"));
        Assert.Contains("notes.txt is a file and no socket", file.Message);
        Assert.True(File.Exists(path));
        Assert.Equal("mine", await File.ReadAllTextAsync(folder.PathOf("notes.txt")));
    }

    [Theory]
    [InlineData("Optional", false, "200 no")]
    [InlineData("Optional", true, "refused")]
    [InlineData("Required", false, "refused")]
    [InlineData("Required", true, "refused")]
    public async Task ClientCertificate_OfAnUnknownAuthority_IsNeverTakenForGood(string mode, bool shown, string outcome)
    {
        using var authority = new TestAuthority();
        await using var gateway = await TestGateway.StartAsync(
            $$"""
            Listen("https://127.0.0.1:0", tls => tls.ClientCertificates(ClientCertificates.{{mode}}));
            Route("/who").Content(async c => c.Text(await c.HttpContext.Connection.GetClientCertificateAsync() is { } own ? own.Subject : "no"));
            """);
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        if (shown)
        {
            handler.SslOptions.ClientCertificates = [authority.WriteBoth("alice", "alice")];
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, certificates, _, _) => certificates[0];
        }

        using var client = new HttpClient(handler);
        string seen;
        try
        {
            using var answer = await client.GetAsync(gateway.Address + "/who");
            seen = $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}";
        }
        catch (HttpRequestException)
        {
            seen = "refused";
        }

        Assert.Equal(outcome, seen);
    }

    [Fact]
    public async Task Listener_TlsByDefault_SpeaksBothVersions()
    {
        await using var gateway = await TestGateway.StartAsync(Hello + """Listen("https://127.0.0.1:0");""");
        foreach (var (protocol, expected) in new[] { (SslApplicationProtocol.Http11, "http/1.1"), (SslApplicationProtocol.Http2, "h2") })
        {
            using var raw = await RawClient.ConnectAsync(gateway.Address);
            using var tls = new SslStream(raw.Stream);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ApplicationProtocols = [protocol],
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            });
            Assert.Equal(expected, tls.NegotiatedApplicationProtocol.ToString());
        }
    }

    [Fact]
    public async Task Http3_WherePlatformLacksIt_IsLeftOutOfAListenerAndRefusedAlone()
    {
        Assert.SkipWhen(Http3.IsSupported, "this machine speaks HTTP/3");
        await using (var gateway = await TestGateway.StartAsync(Hello + """Listen("https://127.0.0.1:0").Http1().Http3();"""))
        {
            using var handler = new SocketsHttpHandler();
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
            using var client = new HttpClient(handler);
            using var answer = await client.GetAsync(gateway.Address + "/hello");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.False(answer.Headers.Contains("Alt-Svc"));
        }

        var error = Assert.Single(await TestGateway.FailAsync(Hello + "\n" + """Listen("https://127.0.0.1:0").Http3();"""));
        Assert.Equal(2, error.Line);
        Assert.Contains("HTTP/3 is off: ", error.Message);
    }
}
