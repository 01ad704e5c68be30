using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ScriptProxy.Caching.Admin;
using ScriptProxy.Caching.Engine;
using ScriptProxy.Plugins;

namespace ScriptProxy.Caching;

/// <summary>The HTTP cache as a plugin.</summary>
public sealed class CachingPlugin : IGatewayPlugin
{
    private const string StoreName = "http";

    private const long OneMebibyte = 1024 * 1024;

    /// <summary>That of the load that asks.</summary>
    internal static CacheHub Hub => LoadState.Get(() => Make(new CachingOptions(), TimeProvider.System, NullLogger.Instance));

    /// <inheritdoc />
    public void Register(PluginBuilder plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        var options = plugin.Options<CachingOptions>();
        CacheAdmin.Add(plugin, LoadState.Get(() => Make(options, plugin.Time, plugin.Logger)));
    }

    private static CacheHub Make(CachingOptions options, TimeProvider time, ILogger logger) =>
        new(Store(options), time, logger, options.UnderWayMegabytes * OneMebibyte);

    private static IHttpCacheStore Store(CachingOptions options) => options.DiskFolder is { Length: > 0 } folder
        ? HttpCacheStores.MemoryOverDisk(StoreName, folder, options.MemoryMegabytes * OneMebibyte, options.DiskMegabytes * OneMebibyte)
        : HttpCacheStores.Memory(StoreName, options.MemoryMegabytes * OneMebibyte);
}
