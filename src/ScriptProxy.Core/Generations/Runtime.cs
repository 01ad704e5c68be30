using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using ScriptProxy.Caching;
using ScriptProxy.Core.Caching;
using ScriptProxy.Core.Caching.Redis;
using ScriptProxy.Core.Redis;
using ScriptProxy.Core.Sharing;
using ScriptProxy.Core.Sharing.Cluster;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>The services of one generation, behind the static members of the script language.</summary>
/// <param name="shared">What all generations share.</param>
/// <param name="settings">The load's.</param>
/// <param name="logger">The scripts'.</param>
/// <param name="once">The load's.</param>
/// <param name="timers">The load's.</param>
/// <param name="baseFolder">What paths are relative to.</param>
/// <param name="serves">False for a check, which opens no folder of stored answers: the gateway that it is made for may have it open.</param>
internal sealed class Runtime(SharedState shared, IConfiguration settings, ILogger logger, OnceStore once, Timers timers, string baseFolder, bool serves) : GatewayRuntime, IDisposable
{
    private RedisConnections.Lease? _redis;

    // With a resolver of its own: options that are alike share what they know of types, and the next generation would hold those of this one.
    internal override JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        IncludeFields = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),

        // As ASP.NET answers: nobody reads it as HTML, so letters beyond ASCII, quotes and & stay as they are.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new IPAddressConverter() },
    };

    internal override IConfiguration Settings => settings;

    internal override HttpClient Http { get; } = new ScriptHttpClient(shared.HttpHandler);

    internal override TimeProvider Time => shared.Time;

    internal override ILogger Logger => logger;

    internal override SharedDictionary Shared(string name, long? capacity) => shared.Dictionaries.Get(name, capacity);

    internal override ClusterDictionary SharedInCluster(string name) => new RedisDictionary(name, () => NamedRedis().Database);

    internal override object Redis => NamedRedis().Database;

    internal override void UseRedis(string configuration)
    {
        var before = _redis;
        _redis = shared.Redis.Rent(configuration, logger);
        before?.Dispose();
    }

    internal override IHttpCacheStore CacheStore(string name, long? capacity, (string Folder, long? Capacity)? disk)
    {
        if (!serves || disk is not var (folder, diskCapacity))
        {
            return new ChosenStore(shared.Caches.Memory(name, capacity), Level, note: null);
        }

        folder = Path.GetFullPath(folder, baseFolder);
        return new ChosenStore(shared.Caches.MemoryOverDisk(name, capacity, folder, diskCapacity, logger), Level, Path.Combine(folder, "purges"));

        // The script may name its Redis after the plugin was registered.
        IHttpCacheStore Level(IHttpCacheStore own, string? note) => _redis is { Connection: var connection }
            ? connection.Own(own, () => new RedisLevel(own, connection, shared.Time, logger, note))
            : own;
    }

    public void Dispose() => _redis?.Dispose();

    private RedisConnection NamedRedis() => _redis?.Connection ?? throw new InvalidOperationException("proxy.csx names no Redis: add UseRedis(\"localhost:6379\");");

    internal override ValueTask<T> Once<T>(string key, TimeSpan ttl, Func<CancellationToken, ValueTask<T>> make) => once.Once(key, ttl, make, timers.Stopping);

    internal override PeerHandle Peer(string address)
    {
        var uri = new Uri(address);
        return new PeerHandle(change =>
        {
            if (ScriptScope.Current?.Composition is { } composition)
            {
                // Its upstream may not be composed yet, and a load that fails changes nothing.
                composition.PeersByHand.Add((uri, change));
            }
            else
            {
                shared.Peers.Change(uri, change);
            }
        });
    }

    internal override void Schedule(TimeSpan span, bool repeat, Func<TimerContext, ValueTask> run, ScriptLocation source) =>
        timers.Add(this, span, repeat, run, source);

    /// <summary>The load's own, so that what a script sets of it ends with the load; the connections behind it are everyone's.</summary>
    private sealed class ScriptHttpClient(HttpMessageHandler handler) : HttpClient(handler, disposeHandler: false)
    {
        /// <summary>Does nothing: a handler that disposes of it would end it for all others.</summary>
        protected override void Dispose(bool disposing)
        {
        }
    }
}
