using System.Net;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;

namespace ScriptProxy;

/// <summary>Certificate: choose a certificate by server name, before anything of the request is known (ssl_certificate_by_lua). Null takes the listener's.</summary>
public sealed class CertificateContext
{
    internal CertificateContext(string? serverName, IPEndPoint? client, ILogger logger, TimeProvider time, CancellationToken aborted)
    {
        ServerName = serverName;
        ClientIp = client?.Address ?? IPAddress.None;
        Logger = logger;
        Time = time;
        Aborted = aborted;
    }

    /// <summary>The name that the client asked for (SNI, RFC 6066); null where it named none.</summary>
    public string? ServerName { get; }

    /// <summary>The connection's address.</summary>
    public IPAddress ClientIp { get; }

    /// <summary>Logs under the category ScriptProxy.Scripts.</summary>
    public ILogger Logger { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>Cancelled when the handshake took too long or the client went away.</summary>
    public CancellationToken Aborted { get; }

    /// <summary>The versions of TLS to offer; 1.2 and 1.3 unless set.</summary>
    public SslProtocols Protocols { get; set; } = SslProtocols.Tls12 | SslProtocols.Tls13;
}
