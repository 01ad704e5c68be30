using System.Net.Security;
using ScriptProxy.Core.Caching;
using ScriptProxy.Core.Plugins;
using ScriptProxy.Core.Redis;
using ScriptProxy.Core.Sharing;
using ScriptProxy.Core.Tls;
using ScriptProxy.Core.Upstreams;

namespace ScriptProxy.Core.Generations;

/// <summary>What outlives every generation: peers' health and counts, connections, shared dictionaries, the client of scripts.</summary>
internal sealed class SharedState : IDisposable
{
    private readonly Lock _certificateLock = new();
    private SslStreamCertificateContext? _certificate;
    private long _certificateMade;

    internal SharedState(TimeProvider time, Outside? outside = null)
    {
        Time = time;
        Peers = new PeerStates(time);
        Dictionaries = new SharedDictionaries(time);
        Caches = new CacheStores(time);
        Redis = new RedisConnections(time);
        var way = outside?.Way;
        Pools = new ConnectionPools(time, way);
        var services = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ConnectTimeout = TimeSpan.FromSeconds(15),
        };
        HttpHandler = way is null ? services : way(services, null);
    }

    internal TimeProvider Time { get; }

    internal PeerStates Peers { get; }

    internal ConnectionPools Pools { get; }

    internal SharedDictionaries Dictionaries { get; }

    internal CacheStores Caches { get; }

    internal RedisConnections Redis { get; }

    /// <summary>What is behind the client of scripts.</summary>
    internal HttpMessageHandler HttpHandler { get; }

    internal PluginCopies PluginCopies { get; } = new();

    /// <summary>For https listeners without a certificate: the same over reloads, so that a browser need accept it once. Made anew after two weeks.</summary>
    internal SslStreamCertificateContext DevelopmentCertificate()
    {
        lock (_certificateLock)
        {
            if (_certificate is null || Time.GetElapsedTime(_certificateMade) > TimeSpan.FromDays(14))
            {
                _certificate = SelfSigned.Create([], Time);
                _certificateMade = Time.GetTimestamp();
            }

            return _certificate;
        }
    }

    public void Dispose()
    {
        HttpHandler.Dispose();
        Pools.Dispose();
        Dictionaries.Dispose();
        Redis.Dispose();
        Caches.Dispose();
        PluginCopies.Dispose();
    }
}
