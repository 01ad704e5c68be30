using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Upstreams;

namespace ScriptProxy.Core.Generations;

/// <summary>What a gateway meets that is not its own. Tests put something else in its place; what is null is the real thing.</summary>
internal sealed record Outside
{
    /// <summary>Where clients come from, instead of sockets.</summary>
    internal IConnectionListenerFactory? Transport { get; init; }

    /// <summary>What stands between the pipeline and the server.</summary>
    internal Func<IHttpApplication<Exchange>, IHttpApplication<Exchange>>? Application { get; init; }

    /// <summary>The way to the peers of an upstream; gets the handler that it would be. The key is null for the client of scripts.</summary>
    internal Func<SocketsHttpHandler, ConnectionPoolKey?, HttpMessageHandler>? Way { get; init; }

    /// <summary>Settings that come before all others.</summary>
    internal IReadOnlyDictionary<string, string?>? Settings { get; init; }

    /// <summary>Told what script code runs.</summary>
    internal ITrace? Trace { get; init; }
}
