using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>The last purges, for answers that were asked for before one and come after it. Not safe for several threads, but for its count.</summary>
internal sealed class PurgeLog
{
    /// <summary>An answer that is older than this many purges is not stored: whether one met it nobody knows.</summary>
    private const int Kept = 1000;

    private readonly CachePurge[] _last = new CachePurge[Kept];
    private long _count;

    internal long Count => Volatile.Read(ref _count);

    internal void Add(CachePurge purge)
    {
        _last[_count % Kept] = purge;
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>Whether a purge since then means this answer.</summary>
    internal bool Met(StoredResponse response, long since)
    {
        if (_count - since > Kept)
        {
            return true;
        }

        for (var number = since; number < _count; number++)
        {
            if (_last[number % Kept].Meets(response))
            {
                return true;
            }
        }

        return false;
    }
}
