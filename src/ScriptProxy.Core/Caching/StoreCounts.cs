namespace ScriptProxy.Core.Caching;

/// <summary>
/// How often something was stored, for groups of keys. What a lower level held before must not be raised over what was stored since.
/// </summary>
internal sealed class StoreCounts
{
    private const int Groups = 1024;

    private readonly long[] _counts = new long[Groups];

    internal void Next(string key) => Interlocked.Increment(ref Group(key));

    internal long Of(string key) => Volatile.Read(ref Group(key));

    private ref long Group(string key) => ref _counts[(uint)key.GetHashCode(StringComparison.Ordinal) % Groups];
}
