using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Upstreams;

namespace ScriptProxy.Core.Forwarding;

/// <summary>Forwards plain requests with the gateway's own HTTP/1.1 client; HTTP/2, gRPC and WebSockets go the other way.</summary>
/// <param name="other">For what is more than a request and its answer, and for upstreams that are not asked over HTTP/1.1.</param>
internal sealed class Http1Forwarder(IForwarder other) : IForwarder
{
    public ValueTask<ForwardOutcome> ForwardAsync(Exchange exchange, Upstream upstream, Peer peer)
    {
        if (upstream.Connections is null || IsTunnel(exchange.Http))
        {
            return other.ForwardAsync(exchange, upstream, peer);
        }

        var trip = exchange.ForwarderState as Http1Trip;
        exchange.ForwarderState = trip ??= new Http1Trip(exchange);
        return trip.RunAsync(upstream, peer);
    }

    private static bool IsTunnel(HttpContext context) =>
        (context.Request.Headers.Upgrade.Count > 0 && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true })
        || (HttpMethods.IsConnect(context.Request.Method) && context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true });
}
