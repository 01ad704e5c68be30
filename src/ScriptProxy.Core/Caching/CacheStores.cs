using Microsoft.Extensions.Logging;
using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>The stores of the process by name and folder. They outlive every generation and go with the process.</summary>
internal sealed class CacheStores(TimeProvider time) : IDisposable
{
    private const long MemoryCapacity = 256L * 1024 * 1024;
    private const long DiskCapacity = 10L * 1024 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, MemoryStore> _memory = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DiskStore> _disks = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Name, string Folder), LayeredStore> _layered = [];

    internal IHttpCacheStore Memory(string name, long? capacity)
    {
        lock (_gate)
        {
            if (!_memory.TryGetValue(name, out var store))
            {
                _memory[name] = store = new MemoryStore(capacity ?? MemoryCapacity, time);
            }

            if (capacity is { } given)
            {
                store.Resize(given);
            }

            return store;
        }
    }

    /// <exception cref="IOException">The folder cannot be written to, or another gateway uses it.</exception>
    internal IHttpCacheStore MemoryOverDisk(string name, long? capacity, string folder, long? diskCapacity, ILogger logger)
    {
        var memory = Memory(name, capacity);
        lock (_gate)
        {
            folder = Path.GetFullPath(folder);
            if (!_disks.TryGetValue(folder, out var disk))
            {
                _disks[folder] = disk = new DiskStore(folder, diskCapacity ?? DiskCapacity, time, logger);
            }

            if (diskCapacity is { } given)
            {
                disk.Resize(given);
            }

            if (!_layered.TryGetValue((name, folder), out var layered))
            {
                _layered[(name, folder)] = layered = new LayeredStore(memory, disk);
            }

            return layered;
        }
    }

    public void Dispose()
    {
        foreach (var disk in _disks.Values)
        {
            disk.Dispose();
        }
    }
}
