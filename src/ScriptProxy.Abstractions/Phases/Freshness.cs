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

    internal TimeSpan Ttl { get; private init; }

    internal TimeSpan Grace { get; private init; }

    internal IReadOnlyList<string> Tags { get; private init; } = [];

    internal static Freshness Store(TimeSpan ttl, TimeSpan grace, IReadOnlyList<string>? tags)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ttl, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(grace, TimeSpan.Zero);
        return new Freshness(Kind.Store) { Ttl = ttl, Grace = grace, Tags = tags ?? [] };
    }
}
