using System.Runtime.CompilerServices;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <summary>
/// The script language: what proxy.csx and every script may call without a word. In an editor, <c>using static ScriptProxy.Gateway;</c> completes it.
/// </summary>
public static partial class Gateway
{
    /// <summary>The gateway's configuration: environment, appsettings.json, secrets (os.getenv).</summary>
    public static IConfiguration Settings => Runtime.Settings;

    /// <summary>A pooled client for calls to other services (lua-resty-http). It follows no proxy variables and keeps no cookies.</summary>
    public static HttpClient Http => Runtime.Http;

    /// <summary>The clock. Use it instead of DateTime.Now, so that tests can set it.</summary>
    public static TimeProvider Time => Runtime.Time;

    /// <summary>Logs under the category ScriptProxy.Scripts.</summary>
    public static ILogger Logger => Runtime.Logger;

    /// <summary>A dictionary shared by all requests, kept over reloads, bounded in bytes (lua_shared_dict).</summary>
    /// <param name="name">Made on first use.</param>
    /// <param name="capacity">In bytes; 10 MiB unless given. The largest that any script gives holds.</param>
    public static SharedDictionary Shared(string name, long? capacity = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return Runtime.Shared(name, capacity);
    }

    /// <summary>A dictionary that several gateways share over Redis, asynchronous: <c>await Shared("counters", cluster: true).IncrementAsync("visits")</c>.</summary>
    /// <param name="name">Gateways that say the same name share.</param>
    /// <param name="cluster">True; one of this gateway alone is <see cref="Shared(string, long?)"/>.</param>
    /// <exception cref="InvalidOperationException">proxy.csx names no server with <see cref="UseRedis"/>; told when the dictionary is used.</exception>
    public static ClusterDictionary Shared(string name, bool cluster)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return cluster ? Runtime.SharedInCluster(name) : throw new ArgumentException("Leave `cluster` out for a dictionary of this gateway alone.", nameof(cluster));
    }

    /// <summary>The server of <see cref="UseRedis"/> (lua-resty-redis). One connection carries the commands of all requests; nothing is to be opened or closed.</summary>
    /// <exception cref="InvalidOperationException">proxy.csx names no server with <see cref="UseRedis"/>.</exception>
    /// <exception cref="StackExchange.Redis.RedisConnectionException">There was no connection yet.</exception>
    public static StackExchange.Redis.IDatabase Redis => (StackExchange.Redis.IDatabase)Runtime.Redis;

    /// <summary>A value made once for all who ask at the same time, and kept (lua-resty-lock, mlcache).</summary>
    /// <param name="key">Names the value within the load.</param>
    /// <param name="ttl">How long it is kept.</param>
    /// <param name="make">Makes it; when it throws, all who wait get the exception, and the next who asks tries again.</param>
    [OverloadResolutionPriority(2)]
    public static ValueTask<T> Once<T>(string key, TimeSpan ttl, Func<CancellationToken, ValueTask<T>> make) => Runtime.Once(key, ttl, make);

    /// <inheritdoc cref="Once{T}(string, TimeSpan, Func{CancellationToken, ValueTask{T}})" />
    [OverloadResolutionPriority(1)]
    public static ValueTask<T> Once<T>(string key, TimeSpan ttl, Func<CancellationToken, Task<T>> make)
    {
        ArgumentNullException.ThrowIfNull(make);
        return Runtime.Once(key, ttl, stop => new ValueTask<T>(make(stop)));
    }

    /// <inheritdoc cref="Once{T}(string, TimeSpan, Func{CancellationToken, ValueTask{T}})" />
    public static ValueTask<T> Once<T>(string key, TimeSpan ttl, Func<CancellationToken, T> make)
    {
        ArgumentNullException.ThrowIfNull(make);
        return Runtime.Once(key, ttl, stop => new ValueTask<T>(make(stop)));
    }

    /// <summary>A server's state, to be changed by hand (set_peer_down).</summary>
    /// <param name="address">As written in Upstream(...).</param>
    public static PeerHandle Peer(string address)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(address);
        return Runtime.Peer(address);
    }

    /// <summary>A span of milliseconds.</summary>
    /// <param name="n">May have a fraction.</param>
    public static TimeSpan Milliseconds(double n) => TimeSpan.FromMilliseconds(n);

    /// <summary>A span of seconds.</summary>
    /// <param name="n">May have a fraction.</param>
    public static TimeSpan Seconds(double n) => TimeSpan.FromSeconds(n);

    /// <summary>A span of minutes.</summary>
    /// <param name="n">May have a fraction.</param>
    public static TimeSpan Minutes(double n) => TimeSpan.FromMinutes(n);

    /// <summary>A span of hours.</summary>
    /// <param name="n">May have a fraction.</param>
    public static TimeSpan Hours(double n) => TimeSpan.FromHours(n);

    /// <summary>A span of days.</summary>
    /// <param name="n">May have a fraction.</param>
    public static TimeSpan Days(double n) => TimeSpan.FromDays(n);

    internal static GatewayRuntime Runtime => ScriptScope.Current?.Runtime
        ?? throw new InvalidOperationException("The members of Gateway work in scripts and in what they start; here no script runs.");

    private static GatewayModel Composition => ScriptScope.Current?.Composition
        ?? throw new InvalidOperationException("Listeners, upstreams, routes and handlers are composed while proxy.csx loads, not by a handler that runs.");
}

/// <summary>Secrets among the settings.</summary>
public static class SettingsExtensions
{
    /// <summary>A setting that the load cannot do without: "Secrets:NAME", else "NAME", else the file /run/secrets/NAME.</summary>
    /// <param name="settings">The gateway's Settings.</param>
    /// <param name="name">The secret's name.</param>
    /// <exception cref="InvalidOperationException">There is none of that name; while proxy.csx loads, this fails the load.</exception>
    public static string Secret(this IConfiguration settings, string name)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (settings["Secrets:" + name] is { } secret)
        {
            return secret;
        }

        if (settings[name] is { } setting)
        {
            return setting;
        }

        var file = Path.Combine("/run/secrets", Path.GetFileName(name));
        if (File.Exists(file))
        {
            return File.ReadAllText(file).TrimEnd('\r', '\n');
        }

        throw new InvalidOperationException(
            $"the secret '{name}' is missing: set Secrets:{name} in appsettings.json or the environment (Secrets__{name}), or the file {file}");
    }
}
