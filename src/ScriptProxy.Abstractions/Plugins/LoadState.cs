namespace ScriptProxy.Plugins;

/// <summary>What the verbs of a plugin, its handlers and its Register share in one load of the gateway.</summary>
/// <remarks>A static field will not do: the code of a plugin may serve several loads, and several gateways of one process.</remarks>
public static class LoadState
{
    /// <summary>The one of that type in this load, made on first use. It goes with the load.</summary>
    /// <typeparam name="T">A type of the plugin's own.</typeparam>
    /// <param name="make">Called once in each load.</param>
    /// <exception cref="InvalidOperationException">Called neither while a load is composed nor from a handler or timer.</exception>
    public static T Get<T>(Func<T> make)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(make);
        return Gateway.Runtime.PerLoad(make);
    }
}
