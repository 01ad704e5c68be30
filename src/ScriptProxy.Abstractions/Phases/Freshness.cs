namespace ScriptProxy;

/// <summary>What a handler of UpstreamResponse decides: whether and how long the answer may be stored, or that the attempt is repeated.</summary>
public sealed class Freshness
{
    internal enum Kind
    {
        Default,
        Store,
        Skip,
        Retry,
    }

    private Freshness(Kind kind) => What = kind;

    /// <summary>What the peer's own headers say (RFC 9111). The same as answering null.</summary>
    public static Freshness Default { get; } = new(Kind.Default);

    internal static Freshness Skip { get; } = new(Kind.Skip);

    internal static Freshness Retry { get; } = new(Kind.Retry);

    internal Kind What { get; }

    /// <summary>False where the handler said that the answer is not to be stored.</summary>
    public bool MayStore => What is Kind.Default or Kind.Store;

    /// <summary>How long the answer is fresh; null where the peer's headers decide.</summary>
    public TimeSpan? Ttl { get; private init; }

    /// <summary>How long after that it may be served stale while it is fetched again.</summary>
    public TimeSpan Grace { get; private init; }

    /// <summary>How long after that it may stand in for a peer that fails.</summary>
    public TimeSpan Keep { get; private init; }

    /// <summary>For purging by tag.</summary>
    public IReadOnlyList<string> Tags { get; private init; } = [];

    /// <summary>The answer may be stored though it has Set-Cookie, says private, or the request had Authorization.</summary>
    public bool ForEveryone { get; private init; }

    internal static Freshness Store(TimeSpan ttl, TimeSpan grace, TimeSpan keep, IReadOnlyList<string>? tags, bool forEveryone)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ttl, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(grace, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, TimeSpan.Zero);
        return new Freshness(Kind.Store) { Ttl = ttl, Grace = grace, Keep = keep, Tags = tags ?? [], ForEveryone = forEveryone };
    }
}
