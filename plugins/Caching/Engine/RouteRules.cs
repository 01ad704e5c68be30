using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Caching.Engine;

/// <summary>What one <c>.Cache(...)</c> says.</summary>
internal sealed record RouteRules
{
    internal StorePolicy Policy { get; init; } = new();

    /// <summary>The script said for how long stored answers stand in for an origin that fails.</summary>
    internal bool KeepIsGiven { get; init; }

    /// <summary>The largest body that is stored.</summary>
    internal long MaxObject { get; init; }

    /// <summary>Cache-Control of requests is honoured.</summary>
    internal bool ClientControl { get; init; }

    /// <summary>Cache-Status is sent.</summary>
    internal bool SendStatus { get; init; }

    /// <summary>From which request on an answer is stored.</summary>
    internal int MinUses { get; init; } = 1;

    /// <summary>Who may send PURGE; null where it is a method like any other.</summary>
    internal Func<ExchangeContext, bool>? MayPurge { get; init; }

    /// <summary>What nobody waits for any more is fetched to its end where at most this share of it is missing; 1 is always, also where nobody knows how much that is.</summary>
    internal double Finish { get; init; } = 0.5;

    internal bool GoesOn(GrowingBody body) => Finish >= 1 || (body.Remaining is { } left && left <= Finish * (left + body.Length));
}
