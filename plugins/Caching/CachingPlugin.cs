using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ScriptProxy.Caching.Engine;
using ScriptProxy.Plugins;

namespace ScriptProxy.Caching;

/// <summary>The HTTP cache as a plugin.</summary>
public sealed class CachingPlugin : IGatewayPlugin
{
    private const string StoreName = "http";

    private static CacheHub? _hub;

    /// <summary>One for each load: the plugin's code, and so this field, belongs to one.</summary>
    internal static CacheHub Hub => _hub ??= Make(HttpCacheStores.Memory(StoreName), TimeProvider.System, NullLogger.Instance);

    /// <inheritdoc />
    public void Register(PluginBuilder plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        var options = plugin.Options<CachingOptions>();
        _hub = Make(HttpCacheStores.Memory(StoreName, options.MemoryMegabytes * 1024L * 1024), plugin.Time, plugin.Logger);
    }

    private static CacheHub Make(IHttpCacheStore store, TimeProvider time, ILogger logger) => new(store, time, logger);
}
