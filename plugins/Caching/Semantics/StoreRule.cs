using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Caching.Semantics;

/// <summary>What the script says where the origin says nothing.</summary>
internal sealed record StorePolicy
{
    /// <summary>How long answers without a word on it are fresh; null: by the heuristics of RFC 9111.</summary>
    internal TimeSpan? Ttl { get; init; }

    /// <summary>How long after that they may be served while they are fetched again, where the origin does not say.</summary>
    internal TimeSpan Grace { get; init; }

    /// <summary>How long after that they may stand in for an origin that fails, where the origin does not say.</summary>
    internal TimeSpan Keep { get; init; }

    /// <summary>Answers with Set-Cookie, and to requests with Authorization, may be stored on the script's word.</summary>
    internal bool ForEveryone { get; init; }
}

/// <summary>An answer, and the request that it came to.</summary>
internal readonly ref struct Answer
{
    internal required int Status { get; init; }

    internal required IHeaderDictionary Headers { get; init; }

    internal required IHeaderDictionary Request { get; init; }

    internal required DateTimeOffset Requested { get; init; }

    internal required DateTimeOffset Received { get; init; }

    /// <summary>What a handler of UpstreamResponse decided.</summary>
    internal Freshness? Script { get; init; }
}

/// <summary>Whether an answer may be stored, how long it is then fresh, and why.</summary>
internal sealed record Judgement(bool MayStore, string Reason)
{
    internal TimeSpan Lifetime { get; init; }

    internal TimeSpan InitialAge { get; init; }

    internal TimeSpan Grace { get; init; }

    internal TimeSpan Keep { get; init; }

    internal bool AlwaysValidate { get; init; }

    internal bool ForbidsStale { get; init; }

    /// <remarks>An array, as all that goes into a store: a list that the compiler makes up would be of a type of the plugin, and keep its code.</remarks>
    internal string[] Vary { get; init; } = [];

    /// <summary>Fields that are not stored though the answer is.</summary>
    internal IReadOnlyList<string> Without { get; init; } = [];

    internal string[] Tags { get; init; } = [];
}

/// <summary>Storing answers in caches (RFC 9111, 3) and how long they are fresh (RFC 9111, 4.2).</summary>
internal static class StoreRule
{
    /// <summary>A tenth of the time since it was last changed (RFC 9111, 4.2.2), and never longer than a day.</summary>
    private static readonly TimeSpan HeuristicLimit = TimeSpan.FromDays(1);

    internal static Judgement Judge(in Answer answer, StorePolicy policy)
    {
        var script = answer.Script;
        if (script is { MayStore: false })
        {
            return No("skip");
        }

        var said = TargetedControl.Read(answer.Headers);
        var forEveryone = policy.ForEveryone || script is { ForEveryone: true };
        if (Forbidden(in answer, said, script, forEveryone) is { } reason)
        {
            return No(reason);
        }

        if (VaryFields.Read(answer.Headers.Vary) is not { } vary)
        {
            return No("vary-star");
        }

        var (lifetime, source) = Lifetime(in answer, said, policy);
        if (lifetime is null && !said.Public)
        {
            return No("no-freshness");
        }

        if (!forEveryone && answer.Headers.SetCookie.Count > 0 && source is not ("max-age" or "s-maxage" or "expires"))
        {
            return No("set-cookie");
        }

        var byScript = script?.Ttl is not null;
        var judgement = new Judgement(true, source)
        {
            Lifetime = lifetime ?? TimeSpan.Zero,
            Grace = byScript ? script!.Grace : said.StaleWhileRevalidate ?? policy.Grace,
            Keep = byScript ? Ages.Max(script!.Keep, policy.Keep) : said.StaleIfError ?? policy.Keep,
            AlwaysValidate = said.NoCache && !byScript,
            ForbidsStale = said.ForbidsStale && !byScript,
            Vary = vary,
            Without = said.Fields ?? [],
            Tags = [.. script?.Tags ?? [], .. TagsOf(answer.Headers)],
        };
        return WithAge(judgement, in answer, byScript);
    }

    private static Judgement WithAge(Judgement judgement, in Answer answer, bool byScript)
    {
        // The script's ttl counts from now: the origin's idea of age does not come into it.
        TimeSpan? age = byScript ? Ages.Max(TimeSpan.Zero, answer.Received - answer.Requested) : Ages.Initial(answer.Headers, answer.Requested, answer.Received);
        judgement = age is { } known ? judgement with { InitialAge = known } : judgement with { Lifetime = TimeSpan.Zero, Reason = "unreadable-age" };
        var usable = judgement.Lifetime - judgement.InitialAge;
        return usable <= TimeSpan.Zero || judgement.AlwaysValidate
            ? OnlyIfOfUse(judgement, answer.Headers, usable)
            : judgement;
    }

    /// <summary>What is stale from the start is worth its room only where it can be validated, or may be served stale.</summary>
    private static Judgement OnlyIfOfUse(Judgement judgement, IHeaderDictionary headers, TimeSpan usable)
    {
        var servedStale = !judgement.AlwaysValidate && !judgement.ForbidsStale && usable + Ages.Max(judgement.Grace, judgement.Keep) > TimeSpan.Zero;
        return headers.ETag.Count > 0 || headers.LastModified.Count > 0 || servedStale
            ? judgement
            : No(judgement.AlwaysValidate ? "no-cache" : "stale");
    }

    /// <returns>Why it must not be stored; null where nothing forbids it.</returns>
    private static string? Forbidden(in Answer answer, ResponseDirectives said, Freshness? script, bool forEveryone)
    {
        var byScript = script?.Ttl is not null;
        if (answer.Status is 206 or 304 or < 200)
        {
            return "status";
        }

        if (said.MustUnderstand && !Statuses.IsUnderstood(answer.Status))
        {
            return "must-understand";
        }

        // One who understands the status may forget the no-store that is meant for others (RFC 9111, 5.2.2.3).
        if (said.NoStore && !said.MustUnderstand && !byScript)
        {
            return "no-store";
        }

        if (said.Private && !(byScript && forEveryone))
        {
            return "private";
        }

        return answer.Request.Authorization.Count > 0 && !forEveryone && !said.Public && !said.MustRevalidate && said.SharedMaxAge is null
            ? "authorization"
            : null;
    }

    private static (TimeSpan? Lifetime, string Source) Lifetime(in Answer answer, ResponseDirectives said, StorePolicy policy)
    {
        if (answer.Script?.Ttl is { } scripted)
        {
            return (scripted, "script");
        }

        if (said.Lifetime is { } lifetime)
        {
            return (lifetime, said.SharedMaxAge is null ? "max-age" : "s-maxage");
        }

        var headers = answer.Headers;
        var targeted = said.Source is TargetedControl.OwnField or TargetedControl.CdnField;
        var date = HttpDates.TryParse(headers.Date.Count > 0 ? headers.Date[0] : "", answer.Received, out var dated) ? dated : answer.Received;
        if (headers.Expires.Count > 0 && !targeted)
        {
            // What is no date, "0" above all, lies in the past (RFC 9111, 5.3).
            return (HttpDates.TryParse(headers.Expires[0], answer.Received, out var expires) ? Ages.Max(expires - date, TimeSpan.Zero) : TimeSpan.Zero, "expires");
        }

        if (policy.Ttl is { } ttl && (Statuses.IsForTtl(answer.Status) || said.Public))
        {
            return (ttl, "ttl");
        }

        if ((Statuses.IsHeuristicallyCacheable(answer.Status) || said.Public)
            && headers.LastModified.Count > 0
            && HttpDates.TryParse(headers.LastModified[0], answer.Received, out var modified))
        {
            var tenth = Ages.Max((date - modified) / 10, TimeSpan.Zero);
            return (tenth < HeuristicLimit ? tenth : HeuristicLimit, "heuristic");
        }

        // Never fresh, but worth keeping where the origin can confirm it.
        return headers.ETag.Count > 0 && (Statuses.IsHeuristicallyCacheable(answer.Status) || said.NoCache) || said.NoCache ? (TimeSpan.Zero, "validator") : (null, "none");
    }

    private static IEnumerable<string> TagsOf(IHeaderDictionary headers) =>
        Split(headers["Surrogate-Key"].ToString(), ' ').Concat(Split(headers["Cache-Tag"].ToString(), ','));

    private static string[] Split(string tags, char at) => tags.Length == 0 ? [] : tags.Split(at, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static Judgement No(string reason) => new(false, reason);
}
