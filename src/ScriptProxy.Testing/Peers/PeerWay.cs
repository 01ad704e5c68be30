using System.Net.Sockets;
using ScriptProxy.Core.Upstreams;
using ScriptProxy.Runtime;
using ScriptProxy.Testing.Clock;
using ScriptProxy.Testing.Memory;

namespace ScriptProxy.Testing.Peers;

/// <summary>The gateway's own client, with connections in memory: to the test's servers, or to the gateway's own listeners.</summary>
internal sealed class PeerWay(TestPeers peers, PeerHost host, MemoryTransport own, Stillness stillness)
{
    private static readonly HttpRequestOptionsKey<string> Scheme = new("ScriptProxy.Testing.Scheme");

    internal HttpMessageHandler Make(SocketsHttpHandler handler, ConnectionPoolKey? _)
    {
        handler.ConnectTimeout = Timeout.InfiniteTimeSpan;
        handler.ConnectCallback = (context, _) => new ValueTask<Stream>(Connect(context));
        return new Way(handler, stillness);
    }

    private Stream Connect(SocketsHttpConnectionContext context)
    {
        var (server, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var authority = TestPeers.Authority($"{(server.Contains(':', StringComparison.Ordinal) ? $"[{server.Trim('[', ']')}]" : server)}:{port}");
        if (peers.IsDown(authority))
        {
            throw new SocketException((int)SocketError.ConnectionRefused);
        }

        if (!peers.Knows(authority) && own.Find(server, port) is { } listener)
        {
            return own.Connect(listener, new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 3));
        }

        var scheme = context.InitialRequestMessage.Options.TryGetValue(Scheme, out var written) ? written : "http";
        return host.Connect(new Uri($"{scheme}://{authority}").GetLeftPart(UriPartial.Authority));
    }

    /// <remarks>Https goes without TLS in memory, on the port that it would have had.</remarks>
    private sealed class Way(HttpMessageHandler inner, Stillness stillness) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri is { Scheme: "https" } uri)
            {
                request.Options.Set(Scheme, uri.Scheme);
                request.Headers.Host ??= uri.Authority;
                request.RequestUri = new Uri($"http://{uri.Host}:{uri.Port}{uri.PathAndQuery}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
            }

            // Script code under way is counted where it begins; what is left are health checks.
            if (ScriptScope.Current is not null)
            {
                return await base.SendAsync(request, cancellationToken);
            }

            stillness.Begin();
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            finally
            {
                stillness.End();
            }
        }
    }
}
