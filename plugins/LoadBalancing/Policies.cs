using System.Collections.Frozen;

namespace ScriptProxy.LoadBalancing;

/// <summary>The policies that need nothing but a name, as in Balance("least-time") and b.Pick("least-time").</summary>
public static class Policies
{
    /// <summary>By name, what makes one for an upstream.</summary>
    public static IReadOnlyDictionary<string, Func<ILoadBalancer>> All { get; } = new Dictionary<string, Func<ILoadBalancer>>(StringComparer.Ordinal)
    {
        ["round-robin"] = () => new RoundRobinBalancer(),
        ["random"] = () => new RandomBalancer(new Chance()),
        ["power-of-two"] = () => new PowerOfTwoBalancer(new Chance()),
        ["least-requests"] = () => new LeastRequestsBalancer(),
        ["least-time"] = () => new LeastTimeBalancer(),
        ["hash"] = () => new HashBalancer(Keys.Target),
        ["ip-hash"] = () => new HashBalancer(Keys.ClientAddress),
        ["first"] = () => new FirstBalancer(),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <exception cref="ArgumentException">There is no such policy.</exception>
    internal static ILoadBalancer Create(string name) => All.TryGetValue(name, out var make)
        ? make()
        : throw new ArgumentException($"there is no policy '{name}'; there are: {string.Join(", ", All.Keys.Order(StringComparer.Ordinal))}", nameof(name));
}
