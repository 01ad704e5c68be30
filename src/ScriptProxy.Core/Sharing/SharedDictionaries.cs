using System.Collections.Concurrent;

namespace ScriptProxy.Core.Sharing;

internal sealed record SharedDictionarySnapshot(string Name, int Count, long BytesUsed, long Capacity, long Evictions);

/// <summary>The shared dictionaries of the process by name. They outlive every generation and go with the process.</summary>
internal sealed class SharedDictionaries : IDisposable
{
    /// <summary>A script that makes a name per user would otherwise grow without bound: names are for kinds, keys are for things.</summary>
    internal const int MaxDictionaries = 1000;

    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, MemoryDictionary> _byName = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly ITimer _sweeper;

    internal SharedDictionaries(TimeProvider time)
    {
        _time = time;
        _sweeper = time.CreateTimer(static self => ((SharedDictionaries)self!).Sweep(), this, SweepEvery, SweepEvery);
    }

    /// <summary>
    /// The dictionary of that name, made on its first use. Where several ask for a capacity, the largest wins, also over reloads; it shrinks only with a
    /// new process. Null takes what is there, or 10 MiB.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is below 8 KiB.</exception>
    /// <exception cref="InvalidOperationException">There are 1000 dictionaries already.</exception>
    internal SharedDictionary Get(string name, long? capacity = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var dictionary = _byName.TryGetValue(name, out var found) ? found : Make(name, capacity);
        if (capacity is { } bytes && bytes != dictionary.Capacity)
        {
            dictionary.Grow(bytes);
        }

        return dictionary;
    }

    /// <summary>What each dictionary holds now, by name.</summary>
    internal IReadOnlyList<SharedDictionarySnapshot> Snapshot() =>
        [.. _byName.Values.OrderBy(d => d.Name, StringComparer.Ordinal).Select(d => new SharedDictionarySnapshot(d.Name, d.Count, d.BytesUsed, d.Capacity, d.Evictions))];

    public void Dispose()
    {
        _sweeper.Dispose();
        _byName.Clear();
    }

    private MemoryDictionary Make(string name, long? capacity)
    {
        lock (_gate)
        {
            if (_byName.TryGetValue(name, out var found))
            {
                return found;
            }

            if (_byName.Count >= MaxDictionaries)
            {
                throw new InvalidOperationException($"Shared(\"{name}\"): there are {MaxDictionaries} shared dictionaries already; use few names, and keys in them");
            }

            var made = new MemoryDictionary(name, _time, capacity ?? MemoryDictionary.DefaultCapacity);
            _byName[name] = made;
            return made;
        }
    }

    private void Sweep()
    {
        foreach (var dictionary in _byName.Values)
        {
            dictionary.Sweep();
        }
    }
}
