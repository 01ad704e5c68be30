using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ScriptProxy.Core.Net;

namespace ScriptProxy.Core.Upstreams;

/// <summary>What distinguishes one pool of connections from another.</summary>
internal sealed record ConnectionPoolKey(string Upstream, Version Version, TimeSpan ConnectTimeout, bool AcceptAnyCertificate, string? CertificateAuthority);

/// <summary>Connections to the servers, kept over reloads for as long as a generation uses them.</summary>
/// <param name="way">Makes another way to the peers of the one that it would be; null: that one.</param>
internal sealed class ConnectionPools(Func<SocketsHttpHandler, ConnectionPoolKey?, HttpMessageHandler>? way = null) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ConnectionPoolKey, (HttpMessageInvoker Client, int Users)> _pools = [];

    internal HttpMessageInvoker Rent(ConnectionPoolKey key)
    {
        lock (_lock)
        {
            var client = _pools.TryGetValue(key, out var pool) ? pool.Client : Create(key);
            _pools[key] = (client, pool.Users + 1);
            return client;
        }
    }

    internal void Return(ConnectionPoolKey key)
    {
        lock (_lock)
        {
            var (client, users) = _pools[key];
            if (users > 1)
            {
                _pools[key] = (client, users - 1);
                return;
            }

            _pools.Remove(key);
            client.Dispose();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var (client, _) in _pools.Values)
            {
                client.Dispose();
            }

            _pools.Clear();
        }
    }

    private HttpMessageInvoker Create(ConnectionPoolKey key)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            EnableMultipleHttp2Connections = true,
            ActivityHeadersPropagator = null,
            ConnectTimeout = key.ConnectTimeout,

            // As clients' headers are read; without it a client's letter beyond ASCII would fail the request.
            RequestHeaderEncodingSelector = static (header, _) => EntityTags.AreIn(header) ? Encoding.Latin1 : Encoding.UTF8,

            // Names are resolved again when a connection is that old.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
        };
        if (key.AcceptAnyCertificate)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        }
        else if (key.CertificateAuthority is { } path)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPemFile(path);
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        return new HttpMessageInvoker(way is null ? handler : way(handler, key), disposeHandler: true);
    }
}
