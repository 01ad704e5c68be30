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

    /// <summary>The stored answer may be served where the origin fails.</summary>
    internal bool MayStandIn { get; init; }

    internal static Reuse Choose(IReadOnlyList<StoredResponse> stored, IHeaderDictionary request, in RequestDirectives directives, DateTimeOffset now)
    {
        if (stored.Count == 0)
        {
            return new Reuse(Use.Nothing, "uri-miss");
        }

        return Select(stored, request) is { } selected
            ? Judge(selected, in directives, now)
            : new Reuse(Use.Nothing, "vary-miss") { Known = stored[0], Forward = "vary-miss" };
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
        var forced = said.NoCache || age > said.MaxAge;
        var reuse = new Reuse(Use.Validate, "stale")
        {
            Stored = stored,
            Known = stored,
            FreshFor = left,
            Forward = left > TimeSpan.Zero ? "request" : "stale",
            MayStandIn = !stored.AlwaysValidate && !stored.ForbidsStale && !said.NoCache && -left < Ages.Max(stored.Keep, said.StaleIfError ?? TimeSpan.Zero),
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
