using ScriptProxy.Core.Net;
using ScriptProxy.Core.Upstreams;

namespace ScriptProxy.Core.Pipeline;

/// <summary>Who sent a request on.</summary>
/// <param name="Peer">Who is connected.</param>
/// <param name="Client">Who is believed to have asked.</param>
/// <param name="Options">What the upstream is told of them.</param>
internal readonly record struct Hops(ForwardedHop Peer, ForwardedHop Client, ForwardedHeadersOptions Options)
{
    internal static Hops Of(Exchange exchange, Upstream upstream)
    {
        var request = exchange.Http.Request;
        var remote = exchange.Http.Connection.RemoteIpAddress;
        var peer = new ForwardedHop(exchange.RemoteAddress, request.Scheme, request.Host.Value ?? "");
        var trusted = exchange.Snapshot.Trusted;
        return trusted.IsEmpty
            ? new Hops(peer, peer, upstream.Forwarded.Of(byTrusted: false))
            : new Hops(peer, peer with { Address = ForwardedHop.Write(exchange.ClientIp) }, upstream.Forwarded.Of(trusted.Contains(remote)));
    }
}
