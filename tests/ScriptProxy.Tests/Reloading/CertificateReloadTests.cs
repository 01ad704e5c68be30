using System.Net.Sockets;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Reloading;

public class CertificateReloadTests
{
    [Fact]
    public async Task Certificate_Renewed_NewConnectionsSeeIt_OpenOnesGoOn()
    {
        var folder = new TestFolder();
        Write(folder, "first.example");
        folder.Write("proxy.csx", """
            Listen("https://127.0.0.1:0", tls => tls.Certificate("shop.example", "shop.pem", "shop.key"));
            Route("/").Content(c => c.Text("hi"));
            """);
        await using var gateway = await TestGateway.StartAsync(folder, "proxy.csx", TimeProvider.System);
        using var open = await HandshakeAsync(gateway);
        Assert.Equal("CN=first.example", open.RemoteCertificate!.Subject);

        // Two files, written one after the other, as renewers do: the pair is taken when it fits.
        Write(folder, "second.example");
        await TestGateway.WaitAsync(() => gateway.Host.Current!.Number > 1);
        using var next = await HandshakeAsync(gateway);
        Assert.Equal("CN=second.example", next.RemoteCertificate!.Subject);
        await open.WriteAsync("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n"u8.ToArray());
        Assert.StartsWith("HTTP/1.1 200", await RawOrigin.ReadHeadAsync(open), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificate_ThatDoesNotFitItsKey_IsToldAndNotTaken()
    {
        var folder = new TestFolder();
        Write(folder, "first.example");
        var key = await File.ReadAllTextAsync(folder.PathOf("shop.key"));
        folder.Write("proxy.csx", """
            Listen("https://127.0.0.1:0", tls => tls.Certificate("shop.example", "shop.pem", "shop.key"));
            """);
        await using var gateway = await TestGateway.StartAsync(folder, "proxy.csx", TimeProvider.System);
        Write(folder, "second.example");
        folder.Write("shop.key", key);
        await TestGateway.WaitAsync(() => gateway.Log.Refused.Any());
        Assert.Contains("proxy.csx(1,1): error SP1024", gateway.Log.Refused.Last(), StringComparison.Ordinal);
        using var stream = await HandshakeAsync(gateway);
        Assert.Equal("CN=first.example", stream.RemoteCertificate!.Subject);
    }

    private static void Write(TestFolder folder, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(30));
        folder.Write("shop.pem", certificate.ExportCertificatePem());
        folder.Write("shop.key", key.ExportPkcs8PrivateKeyPem());
    }

    private static async Task<SslStream> HandshakeAsync(TestGateway gateway)
    {
        var url = new Uri(gateway.Address);
        var client = new TcpClient();
        await client.ConnectAsync(url.Host, url.Port);
        var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "shop.example", RemoteCertificateValidationCallback = (_, _, _, _) => true });
        return stream;
    }
}
