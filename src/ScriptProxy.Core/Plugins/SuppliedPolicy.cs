namespace ScriptProxy.Core.Plugins;

/// <summary>A load balancing policy of a plugin.</summary>
/// <param name="Plugin">The plugin's name.</param>
/// <param name="IsShipped">The plugin comes with the program.</param>
/// <param name="Replaces">It stands before one that comes with the program.</param>
/// <param name="Make">Makes one for an upstream.</param>
internal sealed record SuppliedPolicy(string Plugin, bool IsShipped, bool Replaces, Func<ILoadBalancer> Make);
