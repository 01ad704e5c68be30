namespace ScriptProxy.Caching.Engine;

/// <summary>
/// Whether something was stored under a key since somebody looked. By the hashes of keys, so that it takes no more room with more of them: a yes may be
/// another key's and costs a look, a no is sure.
/// </summary>
internal sealed class StoredLately
{
    private readonly long[] _last = new long[1024];
    private long _count;

    /// <summary>To be read before the store is asked.</summary>
    internal long Now => Volatile.Read(ref _count);

    /// <summary>To be called when it is in the store, and before nobody finds it elsewhere any more.</summary>
    internal void Note(string key)
    {
        var number = Interlocked.Increment(ref _count);
        ref var last = ref _last[IndexOf(key)];
        for (var before = Volatile.Read(ref last); before < number;)
        {
            var seen = Interlocked.CompareExchange(ref last, number, before);
            if (seen == before)
            {
                return;
            }

            before = seen;
        }
    }

    internal bool IsNewer(string key, long than) => Volatile.Read(ref _last[IndexOf(key)]) > than;

    private int IndexOf(string key) => (int)((uint)string.GetHashCode(key, StringComparison.Ordinal) % (uint)_last.Length);
}
