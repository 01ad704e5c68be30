namespace ScriptProxy.Plugins;

/// <summary>
/// A plugin: the folder <c>plugins/NAME</c> beside proxy.csx, with NAME.dll, what that depends on, and in NAME.dll exactly one public class
/// with a parameterless constructor that implements this.
/// </summary>
/// <remarks>
/// Each load of the gateway makes its own instance, from the code that lies in the folder then: constructor, <see cref="Register"/>, the
/// scripts' composition, <see cref="StartAsync"/>, requests; when the load is replaced and its last request has ended <see cref="DrainAsync"/>
/// and <c>DisposeAsync</c>, then the code is unloaded. What throws before requests come makes the load fail, and the last good one goes on.
/// Each call is given up after a minute at a start, after 10 seconds at an end.
/// </remarks>
public interface IGatewayPlugin : IAsyncDisposable
{
    /// <summary>Says what the plugin supplies. Must start nothing: a check registers too, and never starts.</summary>
    /// <param name="plugin">Good until this returns.</param>
    void Register(PluginBuilder plugin);

    /// <summary>Starts what runs beside the requests, once everything was found to be good and before the first request; nothing unless written.</summary>
    /// <param name="stop">Cancelled when the load is given up.</param>
    ValueTask StartAsync(CancellationToken stop) => default;

    /// <summary>Ends what is under way, such as writing out a queue, after the last request; not called where StartAsync was not. Nothing unless written.</summary>
    /// <param name="stop">Cancelled when its time is up.</param>
    ValueTask DrainAsync(CancellationToken stop) => default;

    /// <summary>Lets go of everything. What still refers to the plugin afterwards (a static event, a task without end) keeps its code in memory.</summary>
    ValueTask IAsyncDisposable.DisposeAsync() => default;
}
