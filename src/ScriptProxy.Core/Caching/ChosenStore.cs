using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>A cache's store before it is known what it stands on: that is decided by its first use, when everything is composed.</summary>
internal sealed class ChosenStore(IHttpCacheStore own, Func<IHttpCacheStore, string?, IHttpCacheStore> choose, string? note) : IHttpCacheStore
{
    private readonly Lazy<IHttpCacheStore> _chosen = new(() => choose(own, note));

    public long Purges => _chosen.Value.Purges;

    public ValueTask<IReadOnlyList<StoredResponse>> FindAsync(string key, CancellationToken stop) => _chosen.Value.FindAsync(key, stop);

    public ValueTask<IReadOnlyList<string>> OtherKeysAsync(string url, CancellationToken stop) => _chosen.Value.OtherKeysAsync(url, stop);

    public ValueTask<bool> StoreAsync(string key, StoredResponse response, long purges, CancellationToken stop) => _chosen.Value.StoreAsync(key, response, purges, stop);

    public ValueTask<long> PurgeAsync(CachePurge purge, CancellationToken stop) => _chosen.Value.PurgeAsync(purge, stop);
}
