using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace ScriptProxy.Runtime;

/// <summary>The services behind the static members of the script language, one instance per generation.</summary>
internal abstract class GatewayRuntime
{
    private readonly ConcurrentDictionary<Type, Lazy<object>> _perLoad = [];

    /// <summary>The generation's own: the caches of a shared one would pin the types of scripts for ever.</summary>
    internal abstract JsonSerializerOptions Json { get; }

    internal abstract IConfiguration Settings { get; }

    internal abstract HttpClient Http { get; }

    internal abstract TimeProvider Time { get; }

    internal abstract ILogger Logger { get; }

    internal abstract SharedDictionary Shared(string name, long? capacity);

    internal abstract ClusterDictionary SharedInCluster(string name);

    /// <summary>An IDatabase. By its own name every start would load the client of Redis, for whoever asks for it or not.</summary>
    internal abstract object Redis { get; }

    internal abstract void UseRedis(string configuration);

    internal abstract Caching.IHttpCacheStore CacheStore(string name, long? capacity, (string Folder, long? Capacity)? disk);

    internal abstract ValueTask<T> Once<T>(string key, TimeSpan ttl, Func<CancellationToken, ValueTask<T>> make);

    internal abstract PeerHandle Peer(string address);

    internal abstract void Schedule(TimeSpan span, bool repeat, Func<TimerContext, ValueTask> run, ScriptLocation source);

    internal T PerLoad<T>(Func<T> make)
        where T : class => (T)_perLoad.GetOrAdd(typeof(T), static (_, make) => new Lazy<object>(make), make).Value;
}
