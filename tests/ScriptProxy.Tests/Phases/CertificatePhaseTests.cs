using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

public class CertificatePhaseTests
{
    [Fact]
    public async Task Certificate_ChoosesByServerName_NullTakesTheListeners()
    {
        await using var gateway = await TestGateway.StartAsync(
            """
            using System.Security.Cryptography.X509Certificates;
            X509Certificate2 one = null;
            Init(() => { one = X509Certificate2.CreateFromPem(Settings["One"], Settings["One"]); one = X509CertificateLoader.LoadPkcs12(one.Export(X509ContentType.Pfx), null); });
            Listen("https://127.0.0.1:0", tls => tls.Certificate("listed.example", "listed.pem"));
            Certificate(c => null);
            Certificate(async c => { await Task.Yield(); c.Logger.LogInformation($"hello {c.ServerName ?? "-"} {c.ClientIp}"); return c.ServerName == "one.example" ? one : null; });
            Certificate(c => c.ServerName == "bad.example" ? throw new FormatException("bad name") : null);
            Certificate("choose.csx");
            Route("/").Content(c => c.Text("x"));
            """,
            ("choose.csx", "if (ServerName == \"listed.example\") Logger.LogInformation(\"file saw it\");\nreturn null;"),
            ("appsettings.json", System.Text.Json.JsonSerializer.Serialize(new { One = Pem("one.example") })),
            ("listed.pem", Pem("listed.example")));
        Assert.Equal("CN=one.example", await SubjectAsync(gateway, "one.example"));
        Assert.Equal("CN=listed.example", await SubjectAsync(gateway, "listed.example"));
        Assert.Equal("CN=listed.example", await SubjectAsync(gateway, ""));
        Assert.Equal("CN=listed.example", await SubjectAsync(gateway, "unknown.example"));
        await gateway.Log.WaitForAsync("hello one.example 127.0.0.1");
        await gateway.Log.WaitForAsync("hello - 127.0.0.1");
        await gateway.Log.WaitForAsync("file saw it");
        await Assert.ThrowsAnyAsync<Exception>(() => SubjectAsync(gateway, "bad.example"));
        await gateway.Log.WaitForAsync("the Certificate handler failed for bad.example, the handshake is refused");
        Assert.Equal("CN=one.example", await SubjectAsync(gateway, "one.example"));
    }

    [Fact]
    public async Task Certificate_None_TheDevelopmentCertificateServes()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Listen("https://127.0.0.1:0");
            Route("/").Content(c => c.Text(c.Request.Protocol + c.Request.Scheme));
            """);
        using var http2 = Clients.Http2(gateway);
        Assert.Equal("HTTP/2https", await http2.GetStringAsync("/"));
        using var http1 = Clients.Http11(gateway);
        Assert.Equal("HTTP/1.1https", await http1.GetStringAsync("/"));
    }

    [Fact]
    public async Task Certificate_Protocols_LimitTheHandshake()
    {
        await using var gateway = await TestGateway.StartAsync(
            """
            using System.Security.Cryptography.X509Certificates;
            Listen("https://127.0.0.1:0");
            X509Certificate2 one = null;
            Init(() => { one = X509Certificate2.CreateFromPem(Settings["One"], Settings["One"]); one = X509CertificateLoader.LoadPkcs12(one.Export(X509ContentType.Pfx), null); });
            Certificate(c => { if (c.ServerName == "old.example") c.Protocols = System.Security.Authentication.SslProtocols.Tls12; return c.ServerName == "own.example" ? null : one; });
            Certificate(c => { c.Protocols = System.Security.Authentication.SslProtocols.Tls12; return null; });
            """,
            ("appsettings.json", System.Text.Json.JsonSerializer.Serialize(new { One = Pem("one.example") })));
        Assert.Equal(SslProtocols.Tls12, (await HandshakeAsync(gateway, "old.example")).Protocol);
        Assert.Equal(SslProtocols.Tls13, (await HandshakeAsync(gateway, "new.example")).Protocol);
        Assert.Equal(SslProtocols.Tls12, (await HandshakeAsync(gateway, "own.example")).Protocol);
    }

    private static async Task<string> SubjectAsync(TestGateway gateway, string name) => (await HandshakeAsync(gateway, name)).Subject;

    private static async Task<(string Subject, SslProtocols Protocol)> HandshakeAsync(TestGateway gateway, string name)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(gateway.Address).Port);
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = name });
        return (tls.RemoteCertificate!.Subject, tls.SslProtocol);
    }

    private static string Pem(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        return certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
    }
}
