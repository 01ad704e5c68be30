using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace ScriptProxy.Core.Tls;

/// <summary>What a client says before a certificate is chosen.</summary>
/// <param name="ServerName">SNI; null where the client sent none, as browsers do for IP addresses. Internationalised names are in Unicode.</param>
/// <param name="Protocols">The TLS versions offered.</param>
/// <param name="Connection">Addresses and features; over QUIC it has no transport.</param>
internal readonly record struct TlsHello(string? ServerName, SslProtocols Protocols, ConnectionContext Connection);

/// <summary>What the server answers.</summary>
/// <param name="Certificate">Null refuses the handshake.</param>
/// <param name="ClientCertificates">Whether the client is asked for a certificate of its own.</param>
/// <param name="ClientTrust">Which client certificates are believed; null: those that the machine trusts.</param>
internal readonly record struct TlsAnswer(
    SslStreamCertificateContext? Certificate,
    ClientCertificateMode ClientCertificates = ClientCertificateMode.NoCertificate,
    X509ChainPolicy? ClientTrust = null)
{
    /// <summary>The versions to offer.</summary>
    public SslProtocols Protocols { get; init; } = ServerTls.Versions;
}

/// <summary>Kestrel's side of a TLS handshake, the same for TCP and QUIC.</summary>
internal static class ServerTls
{
    /// <summary>RFC 8996: older versions are not to be used.</summary>
    internal const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;

    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Asks <paramref name="select"/> at every handshake; one that throws ends that connection only.</summary>
    /// <remarks>The protocols offered by ALPN are those of the listener's <c>ListenOptions.Protocols</c>.</remarks>
    public static TlsHandshakeCallbackOptions Options(Func<TlsHello, CancellationToken, ValueTask<TlsAnswer>> select) => new()
    {
        HandshakeTimeout = HandshakeTimeout,
        OnConnection = context => AnswerAsync(context, select),
    };

    private static async ValueTask<SslServerAuthenticationOptions> AnswerAsync(
        TlsHandshakeCallbackContext context,
        Func<TlsHello, CancellationToken, ValueTask<TlsAnswer>> select)
    {
        string? serverName = context.ClientHelloInfo.ServerName is { Length: > 0 } name ? name : null;
        TlsAnswer answer;
        try
        {
            answer = await select(new TlsHello(serverName, context.ClientHelloInfo.SslProtocols, context.Connection), context.CancellationToken);
        }
        catch (Exception e) when (e is not (OperationCanceledException or AuthenticationException))
        {
            // Any other type would pass Kestrel's handshake code and be reported as a fault of the server.
            throw new AuthenticationException($"Choosing the certificate for {Describe(serverName)} failed: {e.Message}", e);
        }

        if (answer.Certificate is null)
            throw new AuthenticationException($"There is no certificate for {Describe(serverName)}");

        bool delayed = answer.ClientCertificates == ClientCertificateMode.DelayCertificate;
        context.AllowDelayedClientCertificateNegotation = delayed;

        // New for every handshake, and without ApplicationProtocols: Kestrel writes the transport's own into it (h2 and http/1.1, or h3).
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = answer.Certificate,
            EnabledSslProtocols = answer.Protocols,
            AllowRenegotiation = delayed,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            ClientCertificateRequired = answer.ClientCertificates is ClientCertificateMode.AllowCertificate or ClientCertificateMode.RequireCertificate,
            CertificateChainPolicy = answer.ClientTrust,
            RemoteCertificateValidationCallback = answer.ClientCertificates switch
            {
                ClientCertificateMode.NoCertificate => null,
                ClientCertificateMode.RequireCertificate => static (_, certificate, _, errors) => certificate is not null && errors == SslPolicyErrors.None,
                _ => static (_, certificate, _, errors) => certificate is null || errors == SslPolicyErrors.None,
            },
        };
    }

    private static string Describe(string? serverName) => serverName ?? "a client that names no server";
}
