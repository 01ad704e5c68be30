using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Caching.Engine;

internal enum Use
{
    /// <summary>As it is.</summary>
    Fresh,

    /// <summary>Stale, and allowed.</summary>
    Stale,

    /// <summary>Stale, while it is fetched again.</summary>
    StaleMeanwhile,

    /// <summary>Only once the origin was asked.</summary>
    Validate,

    /// <summary>There is nothing.</summary>
    Nothing,
}

/// <summary>When a stored answer may be served instead of the origin's.</summary>
internal enum StandIn
{
    Never,

    /// <summary>Where there is none (RFC 9111, 4.2.4).</summary>
    Disconnected,

    /// <summary>Also where it is 500, 502, 503 or 504 (RFC 9111, 4.3.3; RFC 5861, 4).</summary>
    OriginFails,
}

/// <summary>What of all that is stored may answer a request (RFC 9111, 4).</summary>
internal readonly record struct Reuse(Use Use, string Reason)
{
    /// <summary>The one that the request selects.</summary>
    internal StoredResponse? Stored { get; private init; }

    /// <summary>One of the same key, whatever it was selected by.</summary>
    internal StoredResponse? Known { get; private init; }

    /// <summary>Negative where it is stale.</summary>
    internal TimeSpan FreshFor { get; private init; }

    /// <summary>Why the origin is asked, in RFC 9211's word.</summary>
    internal string Forward { get; private init; } = "uri-miss";

    /// <summary>Whether the stored answer may be served where the origin fails.</summary>
    internal StandIn StandIn { get; private init; }

    /// <summary>When the store was asked, as <see cref="StoredLately"/> counts.</summary>
    internal long Looked { get; init; }

    internal static Reuse Choose(IReadOnlyList<StoredResponse> stored, IHeaderDictionary request, in RequestDirectives directives, DateTimeOffset now)
    {
        if (stored.Count == 0)
        {
            return new Reuse(Use.Nothing, "uri-miss");
        }

        return Select(stored, request) is not { } selected ? new Reuse(Use.Nothing, "vary-miss") { Known = stored[0], Forward = "vary-miss" }

            // What cannot be read is not there, and what is older must not take its place.
            : selected.Body.IsBroken ? new Reuse(Use.Nothing, "unreadable") { Known = selected }
            : Judge(selected, in directives, now);
    }

    /// <summary>The newest that fits.</summary>
    private static StoredResponse? Select(IReadOnlyList<StoredResponse> stored, IHeaderDictionary request)
    {
        IReadOnlyList<string>? names = null;
        var variant = "";
        for (var i = 0; i < stored.Count; i++)
        {
            var one = stored[i];
            if (one.Vary.Count == 0)
            {
                return one;
            }

            if (!ReferenceEquals(names, one.Vary) && (names is null || !names.SequenceEqual(one.Vary, StringComparer.Ordinal)))
            {
                variant = VaryFields.Select(one.Vary, request);
            }

            names = one.Vary;
            if (one.Variant.Equals(variant, StringComparison.Ordinal))
            {
                return one;
            }
        }

        return ByLanguage(stored, request);
    }

    private static StoredResponse? ByLanguage(IReadOnlyList<StoredResponse> stored, IHeaderDictionary request)
    {
        foreach (var one in stored)
        {
            if (one.Vary is ["accept-language"] && VaryFields.PrefersLanguage(request, one.Header("Content-Language")))
            {
                return one;
            }
        }

        return null;
    }

    private static Reuse Judge(StoredResponse stored, in RequestDirectives said, DateTimeOffset now)
    {
        var age = stored.Age(now);
        var left = stored.Lifetime - age;
        if (stored.SoftlyPurged && left > TimeSpan.Zero)
        {
            // The clock was set back: what was purged is not fresh again.
            left = TimeSpan.Zero;
        }

        var forced = said.NoCache || age > said.MaxAge;
        var reuse = new Reuse(Use.Validate, "stale")
        {
            Stored = stored,
            Known = stored,
            FreshFor = left,
            Forward = left > TimeSpan.Zero ? "request" : "stale",
            StandIn = stored.AlwaysValidate || stored.ForbidsStale || said.NoCache ? StandIn.Never
                : -left < said.StaleIfError ? StandIn.OriginFails
                : -left < stored.Keep ? StandIn.Disconnected
                : StandIn.Never,
        };
        if (stored.AlwaysValidate)
        {
            return reuse with { Reason = "no-cache", Forward = "stale" };
        }

        if (forced || left < said.MinFresh)
        {
            return reuse with { Reason = forced ? "request-max-age" : "request-min-fresh" };
        }

        return left > TimeSpan.Zero ? reuse with { Use = Use.Fresh, Reason = stored.Reason }
            : stored.ForbidsStale ? reuse
            : -left < stored.Grace ? reuse with { Use = Use.StaleMeanwhile, Reason = "grace" }
            : -left <= said.MaxStale ? reuse with { Use = Use.Stale, Reason = "request-max-stale" }
            : reuse;
    }
}
