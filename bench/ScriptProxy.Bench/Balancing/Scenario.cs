namespace ScriptProxy.Bench.Balancing;

/// <summary>A peer of a scenario: so many requests at a time, the others wait for their turn with it.</summary>
/// <param name="Workers">How many requests it works on at a time.</param>
/// <param name="Service">What a request takes it in the mean, in microseconds; exponentially distributed.</param>
internal sealed record SimulatedPeer(int Workers, double Service)
{
    /// <summary>From when to when it answers each request with a failure at once, in microseconds.</summary>
    internal (long From, long To) Fails { get; init; }

    /// <summary>From when to when it takes ten times as long, in microseconds.</summary>
    internal (long From, long To) Slow { get; init; }
}

/// <param name="Name">What is looked at.</param>
/// <param name="Gateways">Each chooses by what it sees itself.</param>
/// <param name="Rate">Requests in a second, over all gateways; at times that are exponentially distributed.</param>
/// <param name="Peers">The peers.</param>
internal sealed record Scenario(string Name, int Gateways, double Rate, IReadOnlyList<SimulatedPeer> Peers)
{
    /// <summary>From when to when three times as many requests come, in microseconds.</summary>
    internal (long From, long To) Herd { get; init; }

    private static readonly (long, long) Middle = (20_000_000, 40_000_000);

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        new("eight equal peers at 70 % of what they can do", 1, 5600, Equal(8)),
        new("a slow peer: one of eight takes ten times as long from second 20 to 40", 1, 5600, [.. Equal(7), new SimulatedPeer(10, 10_000) { Slow = Middle }]),
        new("a failing peer: one of eight fails at once from second 20 to 40", 1, 5600, [.. Equal(7), new SimulatedPeer(10, 10_000) { Fails = Middle }]),
        new("a herd: ten gateways, from second 20 to 21 three times as many requests", 10, 4000, Equal(8)) { Herd = (20_000_000, 21_000_000) },
    ];

    private static SimulatedPeer[] Equal(int count) => [.. Enumerable.Repeat(new SimulatedPeer(10, 10_000), count)];
}
