using ScriptProxy.Plugins;

namespace ScriptProxy.LoadBalancing;

/// <summary>Gives the policies their names.</summary>
public sealed class LoadBalancingPlugin : IGatewayPlugin
{
    /// <inheritdoc />
    public void Register(PluginBuilder plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        foreach (var (name, make) in Policies.All)
        {
            plugin.LoadBalancer(name, make);
        }
    }
}
