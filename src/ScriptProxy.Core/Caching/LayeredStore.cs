using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>A fast store over a large one: what is asked for comes up, what is stored goes down as well.</summary>
internal sealed class LayeredStore(IHttpCacheStore upper, IHttpCacheStore lower) : IHttpCacheStore
{
    private readonly Lock _gate = new();
    private readonly PurgeLog _log = new();
    private readonly StoreCounts _begun = new();

    public long Purges => _log.Count;

    internal IHttpCacheStore Lower => lower;

    public ValueTask<IReadOnlyList<StoredResponse>> FindAsync(string key, CancellationToken stop)
    {
        var found = upper.FindAsync(key, stop);
        return found is { IsCompletedSuccessfully: true, Result.Count: > 0 } ? found : BelowAsync(key, found, stop);
    }

    public async ValueTask<IReadOnlyList<string>> OtherKeysAsync(string url, CancellationToken stop) =>
        [.. (await upper.OtherKeysAsync(url, stop)).Union(await lower.OtherKeysAsync(url, stop), StringComparer.Ordinal)];

    public async ValueTask<bool> StoreAsync(string key, StoredResponse response, long purges, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(response);
        if (response.Vary.Count > 0)
        {
            // Its other variants come up first, or they would be hidden by this one.
            await FindAsync(key, stop);
        }

        // From here on what lies below is old.
        _begun.Next(key);

        // In this order a purge in between is seen here, or by the stores themselves.
        var (above, below) = (upper.Purges, lower.Purges);
        lock (_gate)
        {
            if (_log.Met(response, purges))
            {
                return false;
            }
        }

        var stored = await upper.StoreAsync(key, response, above, stop);
        return await lower.StoreAsync(key, response, below, stop) || stored;
    }

    public async ValueTask<long> PurgeAsync(CachePurge purge, CancellationToken stop)
    {
        lock (_gate)
        {
            _log.Add(purge);
        }

        // From below: what comes up meanwhile is met above.
        var met = await lower.PurgeAsync(purge, stop);
        return Math.Max(met, await upper.PurgeAsync(purge, stop));
    }

    private async ValueTask<IReadOnlyList<StoredResponse>> BelowAsync(string key, ValueTask<IReadOnlyList<StoredResponse>> above, CancellationToken stop)
    {
        var purges = upper.Purges;
        if (await above is { Count: > 0 } found)
        {
            return found;
        }

        var begun = _begun.Of(key);
        var below = await lower.FindAsync(key, stop);
        for (var i = below.Count - 1; i >= 0 && _begun.Of(key) == begun; i--)
        {
            // Too large for the upper store, or purged right now, it stays where it is.
            await upper.StoreAsync(key, below[i], purges, stop);
        }

        return below;
    }
}
