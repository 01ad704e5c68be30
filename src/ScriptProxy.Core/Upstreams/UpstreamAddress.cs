using ScriptProxy.Core.Http1;

namespace ScriptProxy.Core.Upstreams;

/// <summary>A peer's address in the parts that each request to it needs.</summary>
internal sealed class UpstreamAddress(Uri address)
{
    private readonly PeerAddress _plain = PeerAddress.Of(address, hostHeader: null);

    /// <summary>As in Host, unless something else is to be sent.</summary>
    internal string Authority { get; } = address.Authority;

    /// <summary>What all paths are put below; empty where that is the root.</summary>
    internal string BasePath { get; } = address.AbsolutePath.TrimEnd('/');

    /// <param name="host">The Host header; null or empty for the address's own.</param>
    internal PeerAddress For(string? host) => _plain.TlsName.Length == 0 ? _plain : PeerAddress.Of(address, host);
}
