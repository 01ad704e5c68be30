namespace ScriptProxy.Caching;

/// <summary>Where answers are kept. Knows nothing of HTTP: what may be used, and when, is the cache's business.</summary>
public interface IHttpCacheStore
{
    /// <summary>How many purges there were. To be read before the upstream is asked, and given to <see cref="StoreAsync"/>.</summary>
    long Purges { get; }

    /// <summary>All that is stored under a key, the newest first; empty where there is nothing. What cannot be read is not there.</summary>
    /// <param name="key">The key.</param>
    /// <param name="stop">Gives up.</param>
    ValueTask<IReadOnlyList<StoredResponse>> FindAsync(string key, CancellationToken stop);

    /// <summary>Under which keys answers to a URL are stored beside its own one, as far as the store knows. For inspection: it may take its time.</summary>
    /// <param name="url">Scheme, host, path and query, as the client asks for it.</param>
    /// <param name="stop">Gives up.</param>
    ValueTask<IReadOnlyList<string>> OtherKeysAsync(string url, CancellationToken stop) => new([]);

    /// <summary>Stores an answer in place of the one of the same variant.</summary>
    /// <param name="key">The key.</param>
    /// <param name="response">Immutable, whole.</param>
    /// <param name="purges">What <see cref="Purges"/> was before the upstream was asked.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>False where it was not stored: it is too large, or a purge since then would have met it.</returns>
    ValueTask<bool> StoreAsync(string key, StoredResponse response, long purges, CancellationToken stop);

    /// <summary>Removes what a purge meets, or makes it stale; what is being fetched meanwhile as well.</summary>
    /// <param name="purge">What is to go.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>How many answers it met.</returns>
    ValueTask<long> PurgeAsync(CachePurge purge, CancellationToken stop);
}

/// <summary>Where a plugin finds the gateway's own store.</summary>
public static class HttpCacheStores
{
    /// <summary>The answers in memory of that name, kept over reloads. To be called where a script or a plugin composes.</summary>
    /// <param name="name">Case-sensitive.</param>
    /// <param name="capacity">In bytes, all overhead counted; 256 MiB unless given. The last one given counts.</param>
    /// <exception cref="InvalidOperationException">Called from elsewhere.</exception>
    public static IHttpCacheStore Memory(string name, long? capacity = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return Gateway.Runtime.CacheStore(name, capacity, disk: null);
    }

    /// <summary>The same over a folder: answers survive a restart. Also kept over reloads.</summary>
    /// <param name="name">Of the answers in memory.</param>
    /// <param name="folder">Relative to the folder of proxy.csx; made where it is not there. One gateway at a time may use it.</param>
    /// <param name="capacity">Of the memory, in bytes; 256 MiB unless given.</param>
    /// <param name="diskCapacity">Of the folder, in bytes; 10 GiB unless given.</param>
    /// <exception cref="IOException">The folder cannot be written to, or another gateway uses it.</exception>
    /// <exception cref="InvalidOperationException">Called from elsewhere.</exception>
    public static IHttpCacheStore MemoryOverDisk(string name, string folder, long? capacity = null, long? diskCapacity = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Gateway.Runtime.CacheStore(name, capacity, (folder, diskCapacity));
    }
}
