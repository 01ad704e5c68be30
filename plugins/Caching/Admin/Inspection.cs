using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching.Engine;

namespace ScriptProxy.Caching.Admin;

/// <summary>What is known of a URL.</summary>
/// <param name="Url">In the spelling of the keys.</param>
/// <param name="Now">The gateway's time.</param>
/// <param name="Get">What becomes of a plain GET, one without any header, right now: hit, stale-while-revalidate, validate or miss; lookup where a handler of Lookup decides.</param>
/// <param name="Why">Why.</param>
/// <param name="Fetching">It is being fetched right now, and others wait for it.</param>
/// <param name="Alone">It was for one client alone when it was last fetched: for two minutes requests do not wait for one another.</param>
/// <param name="Stored">All variants, the newest first.</param>
internal sealed record Inspection(string Url, DateTimeOffset Now, string Get, string Why, bool Fetching, bool Alone, IReadOnlyList<InspectedAnswer> Stored)
{
    internal static Inspection Of(string url, IReadOnlyList<(string? Key, StoredResponse Stored)> stored, CacheHub hub, DateTimeOffset now)
    {
        List<StoredResponse> own = [.. stored.Where(s => s.Key is null).Select(s => s.Stored)];
        var chosen = Reuse.Choose(own, new HeaderDictionary(), default, now);
        var (get, why) = chosen switch
        {
            _ when own.Count == 0 && stored.Count > 0 => ("lookup", "what is stored is under keys that a handler of Lookup gave"),
            { Stored: { } selected } => Explain.Use(chosen, selected),
            { Known: { } known } => ("miss", $"no stored variant is for a request without {string.Join(", ", known.Vary)}"),
            _ => ("miss", "nothing is stored"),
        };
        return new Inspection(
            url,
            now,
            get,
            why,
            hub.Flights.Values.Any(f => f.Question.Url.Equals(url, StringComparison.Ordinal)),
            hub.GoesAlone(url) || stored.Any(s => s.Key is { } key && hub.GoesAlone(key)),
            [.. stored.Select(s => InspectedAnswer.Of(s.Key, s.Stored, now))]);
    }
}

/// <summary>A stored answer. All spans are in seconds.</summary>
internal sealed record InspectedAnswer
{
    /// <summary>What a handler of Lookup made of it; null where it is under the URL's own.</summary>
    public required string? Key { get; init; }

    public required int Status { get; init; }

    /// <summary>What the request says in the fields that Vary names, by field; null where it does not have it.</summary>
    public required IReadOnlyDictionary<string, string?> Vary { get; init; }

    /// <summary>fresh, grace (stale, served while it is fetched again), keep (stale, stands in for an origin that fails) or stale.</summary>
    public required string State { get; init; }

    public required DateTimeOffset Received { get; init; }

    public required double Age { get; init; }

    public required double Lifetime { get; init; }

    /// <summary>Such as max-age, expires, ttl, script, heuristic, validator: as in Cache-Status.</summary>
    public required string Reason { get; init; }

    /// <summary>The same for people.</summary>
    public required string LifetimeFrom { get; init; }

    /// <summary>Negative: it has been stale for so long.</summary>
    public required double FreshFor { get; init; }

    public required double Grace { get; init; }

    public required double Keep { get; init; }

    /// <summary>The origin is asked each time (no-cache).</summary>
    public required bool MustValidate { get; init; }

    /// <summary>Never served stale (must-revalidate, proxy-revalidate, s-maxage).</summary>
    public required bool ForbidsStale { get; init; }

    public required string? ETag { get; init; }

    public required string? LastModified { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Of the body, in bytes.</summary>
    public required long Body { get; init; }

    /// <summary>What it takes in memory, with everything around it; 0 where it is not there.</summary>
    public required long Size { get; init; }

    /// <summary>What becomes of a GET that selects it, and has no Cache-Control, right now.</summary>
    public required string Get { get; init; }

    public required string Why { get; init; }

    internal static InspectedAnswer Of(string? key, StoredResponse stored, DateTimeOffset now)
    {
        // Whatever selects it: without Vary everything does.
        var chosen = Reuse.Choose([stored with { Vary = [] }], new HeaderDictionary(), default, now);
        var (get, why) = Explain.Use(chosen, stored);
        return new InspectedAnswer
        {
            Key = key,
            Status = stored.StatusCode,
            Vary = Fields(stored.Variant),
            State = StateOf(stored, chosen.FreshFor),
            Received = stored.Received,
            Age = stored.Age(now).TotalSeconds,
            Lifetime = stored.Lifetime.TotalSeconds,
            Reason = stored.Reason,
            LifetimeFrom = Explain.Lifetime(stored),
            FreshFor = chosen.FreshFor.TotalSeconds,
            Grace = stored.Grace.TotalSeconds,
            Keep = stored.Keep.TotalSeconds,
            MustValidate = stored.AlwaysValidate,
            ForbidsStale = stored.ForbidsStale,
            ETag = Header(stored, "ETag"),
            LastModified = Header(stored, "Last-Modified"),
            Tags = stored.Tags,
            Body = stored.Body.Length,
            Size = stored.Size,
            Get = get,
            Why = why,
        };
    }

    private static string StateOf(StoredResponse stored, TimeSpan freshFor) =>
        freshFor > TimeSpan.Zero ? "fresh"
        : stored.ForbidsStale || stored.AlwaysValidate ? "stale"
        : -freshFor < stored.Grace ? "grace"
        : -freshFor < stored.Keep ? "keep"
        : "stale";

    private static Dictionary<string, string?> Fields(string variant) => variant
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split('=', 2))
        .ToDictionary(parts => parts[0], parts => parts.Length == 2 ? parts[1] : null, StringComparer.Ordinal);

    private static string? Header(StoredResponse stored, string name) => stored.Header(name) is { Count: > 0 } value ? value.ToString() : null;
}
