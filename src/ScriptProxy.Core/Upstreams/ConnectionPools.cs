using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ScriptProxy.Core.Http1;
using ScriptProxy.Core.Net;

namespace ScriptProxy.Core.Upstreams;

/// <summary>What distinguishes one pool of connections from another.</summary>
internal sealed record ConnectionPoolKey(string Upstream, Version Version, TimeSpan ConnectTimeout, bool AcceptAnyCertificate, string? CertificateAuthority);

/// <summary>Two ways to an upstream's servers.</summary>
/// <param name="Client">For everything.</param>
/// <param name="Plain">For plain requests over HTTP/1.1; null where the servers are not asked that way.</param>
internal sealed record ConnectionPool(HttpMessageInvoker Client, PeerPool? Plain) : IDisposable
{
    public void Dispose()
    {
        Client.Dispose();
        Plain?.Dispose();
    }
}

/// <summary>Connections to the servers, kept over reloads for as long as a generation uses them.</summary>
/// <param name="time">The clock of the connections' limits.</param>
/// <param name="way">Makes another way to the peers of the one that it would be; null: that one.</param>
internal sealed class ConnectionPools(TimeProvider time, Func<SocketsHttpHandler, ConnectionPoolKey?, HttpMessageHandler>? way = null) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ConnectionPoolKey, (ConnectionPool Pool, int Users)> _pools = [];

    internal ConnectionPool Rent(ConnectionPoolKey key)
    {
        lock (_lock)
        {
            var pool = _pools.TryGetValue(key, out var known) ? known.Pool : Create(key);
            _pools[key] = (pool, known.Users + 1);
            return pool;
        }
    }

    internal void Return(ConnectionPoolKey key)
    {
        lock (_lock)
        {
            var (pool, users) = _pools[key];
            if (users > 1)
            {
                _pools[key] = (pool, users - 1);
                return;
            }

            _pools.Remove(key);
            pool.Dispose();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var (pool, _) in _pools.Values)
            {
                pool.Dispose();
            }

            _pools.Clear();
        }
    }

    private ConnectionPool Create(ConnectionPoolKey key)
    {
        var policy = key is { AcceptAnyCertificate: false, CertificateAuthority: { } path } ? Trust(path) : null;
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
        Secure(handler.SslOptions);
        var client = new HttpMessageInvoker(way is null ? handler : way(handler, key), disposeHandler: true);
        return new ConnectionPool(client, way is null && key.Version.Major == 1 ? new PeerPool(key.ConnectTimeout, Named, time) : null);

        void Secure(SslClientAuthenticationOptions options)
        {
            if (key.AcceptAnyCertificate)
            {
                options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
            }

            options.CertificateChainPolicy = policy;
        }

        SslClientAuthenticationOptions Named(string name)
        {
            var options = new SslClientAuthenticationOptions { TargetHost = name, ApplicationProtocols = [SslApplicationProtocol.Http11] };
            Secure(options);
            return options;
        }
    }

    private static X509ChainPolicy Trust(string path)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(path);
        return policy;
    }
}
