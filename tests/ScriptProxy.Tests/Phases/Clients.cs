using System.Net;
using System.Net.Security;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

/// <summary>Clients for the gateway, one per protocol.</summary>
internal static class Clients
{
    /// <summary>HTTP/2, with prior knowledge on http; any certificate will do.</summary>
    internal static HttpClient Http2(TestGateway gateway, int listener = 0) => Of(gateway, HttpVersion.Version20, listener);

    internal static HttpClient Http11(TestGateway gateway, int listener = 0) => Of(gateway, HttpVersion.Version11, listener);

    private static HttpClient Of(TestGateway gateway, Version version, int listener) =>
        new(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        })
        {
            BaseAddress = new Uri(gateway.AddressOf(listener)),
            DefaultRequestVersion = version,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
}
