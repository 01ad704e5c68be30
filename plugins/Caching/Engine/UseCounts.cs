using System.Collections.Concurrent;

namespace ScriptProxy.Caching.Engine;

/// <summary>How often keys were asked for lately, that are not stored yet.</summary>
internal sealed class UseCounts
{
    private const int Most = 100_000;

    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>Counts one more.</summary>
    internal int Count(string key)
    {
        if (_counts.Count >= Most)
        {
            // What is asked for often is soon there again.
            _counts.Clear();
        }

        return _counts.AddOrUpdate(key, 1, static (_, count) => count + 1);
    }
}
