using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Caching.Semantics;

/// <summary>What a client asks of caches (RFC 9111, 5.2.1).</summary>
internal readonly struct RequestDirectives
{
    internal bool NoStore { get; private init; }

    internal bool NoCache { get; private init; }

    internal bool OnlyIfCached { get; private init; }

    internal TimeSpan? MaxAge { get; private init; }

    internal TimeSpan? MinFresh { get; private init; }

    /// <summary>How much staleness it takes; null where it takes none.</summary>
    internal TimeSpan? MaxStale { get; private init; }

    internal TimeSpan? StaleIfError { get; private init; }

    internal static RequestDirectives Read(IHeaderDictionary headers)
    {
        var lines = headers.CacheControl;
        if (lines.Count == 0)
        {
            // It speaks only where Cache-Control does not (RFC 9111, 5.4).
            return headers.Pragma.Count > 0 && SaysNoCache(headers) ? new RequestDirectives { NoCache = true } : default;
        }

        var read = default(RequestDirectives);
        var d = new Directives(lines);
        while (d.Next())
        {
            read = Take(in read, in d);
        }

        return read;
    }

    private static RequestDirectives Take(in RequestDirectives read, in Directives d)
    {
        if (d.IsMalformed)
        {
            return read;
        }

        if (d.Is("no-store"))
        {
            return read with { NoStore = true };
        }

        if (d.Is("no-cache"))
        {
            return read with { NoCache = true };
        }

        if (d.Is("only-if-cached"))
        {
            return read with { OnlyIfCached = true };
        }

        if (d.Is("max-stale") && !d.HasValue)
        {
            return read with { MaxStale = read.MaxStale ?? TimeSpan.MaxValue };
        }

        if (!DeltaSeconds.TryParse(d.Value, out var span))
        {
            return read;
        }

        return d.Is("max-age") ? read with { MaxAge = read.MaxAge ?? span }
            : d.Is("min-fresh") ? read with { MinFresh = read.MinFresh ?? span }
            : d.Is("max-stale") ? read with { MaxStale = read.MaxStale ?? span }
            : d.Is("stale-if-error") ? read with { StaleIfError = read.StaleIfError ?? span }
            : read;
    }

    private static bool SaysNoCache(IHeaderDictionary headers)
    {
        var d = new Directives(headers.Pragma);
        while (d.Next())
        {
            if (d.Is("no-cache"))
            {
                return true;
            }
        }

        return false;
    }
}
