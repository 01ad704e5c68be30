using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>What was written and purged while not all files are known yet: each is judged when it is read. To be called by one at a time.</summary>
internal sealed class DiskMeanwhile
{
    // Every POST forgets a URL: they must not be gone through for every file.
    private readonly HashSet<string> _urls = new(StringComparer.Ordinal);
    private readonly List<Waiting> _others = [];

    /// <summary>The paths of files that were written or removed: there is nothing to get to know.</summary>
    internal HashSet<string> Settled { get; } = new(StringComparer.Ordinal);

    /// <returns>Counts what it meets from now on; null for a URL by itself, of which nobody waits for the count.</returns>
    internal Waiting? Add(CachePurge purge)
    {
        if (purge is { Soft: false, Url: { } url, Prefix: null, Tag: null })
        {
            _urls.Add(url);
            return null;
        }

        var waiting = new Waiting(purge);
        _others.Add(waiting);
        return waiting;
    }

    /// <returns>What is to become of an answer that was stored before all of them.</returns>
    internal (bool Goes, bool IsStale) Judge(string url, IReadOnlyList<string> tags)
    {
        var (goes, stale) = (_urls.Contains(url), false);
        foreach (var waiting in _others)
        {
            if (waiting.Purge.Meets(url, tags))
            {
                goes |= !waiting.Purge.Soft;
                stale = true;
                waiting.Met++;
            }
        }

        return (goes, stale);
    }

    internal sealed class Waiting(CachePurge purge)
    {
        internal CachePurge Purge => purge;

        internal long Met { get; set; }
    }
}
