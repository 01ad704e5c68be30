using System.Runtime.CompilerServices;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <summary>A listener while it is composed. Unless told otherwise it speaks HTTP/1.1 and HTTP/2, on https also HTTP/3 where the platform has it.</summary>
public sealed class ListenerBuilder
{
    private readonly ListenerModel _model;

    internal ListenerBuilder(ListenerModel model) => _model = model;

    /// <summary>Speaks HTTP/1.1; combines with the others.</summary>
    public ListenerBuilder Http1() => With(ListenerProtocols.Http1);

    /// <summary>Speaks HTTP/2; combines with the others. On http with prior knowledge (h2c): a connection that begins with the preface of RFC 9113, 3.4.</summary>
    public ListenerBuilder Http2() => With(ListenerProtocols.Http2);

    /// <summary>Speaks HTTP/3 (https only); combines with the others.</summary>
    public ListenerBuilder Http3() => With(ListenerProtocols.Http3);

    private ListenerBuilder With(ListenerProtocols protocol)
    {
        _model.Protocols = _model.Protocols is { } others ? others | protocol : protocol;
        return this;
    }
}

/// <summary>Whether clients are asked for a certificate (ssl_verify_client).</summary>
public enum ClientCertificates
{
    /// <summary>Not asked for.</summary>
    None,

    /// <summary>Asked for; a request without one goes on.</summary>
    Optional,

    /// <summary>Without a valid one the handshake fails.</summary>
    Required,
}

/// <summary>The TLS side of an https listener.</summary>
public sealed class TlsBuilder
{
    private readonly TlsModel _model;

    internal TlsBuilder(TlsModel model) => _model = model;

    /// <summary>Shows a certificate to clients that ask for a host (SNI). The first one also serves those that name none, or one that has none.</summary>
    /// <param name="host">A name, or "*.example.org".</param>
    /// <param name="certificate">A PEM file with the whole chain, or a PFX; relative to proxy.csx.</param>
    /// <param name="key">The PEM file of the key; null where it is in the first file.</param>
    /// <param name="password">Of an encrypted key or PFX.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public TlsBuilder Certificate(
        string host,
        string certificate,
        string? key = null,
        string? password = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(host);
        ArgumentException.ThrowIfNullOrWhiteSpace(certificate);
        _model.Certificates.Add((host, certificate, key, password, new ScriptLocation(file, line)));
        return this;
    }

    /// <summary>Asks clients for a certificate.</summary>
    /// <param name="mode">None unless called.</param>
    public TlsBuilder ClientCertificates(ClientCertificates mode)
    {
        _model.ClientCertificates = mode;
        return this;
    }
}
