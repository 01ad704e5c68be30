using System.Collections.Concurrent;
using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>The stores in memory by name. They outlive every generation and go with the process.</summary>
internal sealed class MemoryStores
{
    private const long DefaultCapacity = 256L * 1024 * 1024;

    private readonly ConcurrentDictionary<string, MemoryStore> _byName = new(StringComparer.Ordinal);

    internal IHttpCacheStore Get(string name, long? capacity)
    {
        var store = _byName.GetOrAdd(name, static (_, bytes) => new MemoryStore(bytes), capacity ?? DefaultCapacity);
        if (capacity is { } given)
        {
            store.Resize(given);
        }

        return store;
    }
}
