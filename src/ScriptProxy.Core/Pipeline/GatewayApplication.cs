using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace ScriptProxy.Core.Pipeline;

/// <summary>What Kestrel calls for every request, on every listener. The exchange stays with its connection.</summary>
internal sealed class GatewayApplication(CurrentSnapshot current, TimeProvider time, IServiceScopeFactory services) : IHttpApplication<Exchange>
{
    public Exchange CreateContext(IFeatureCollection contextFeatures) => CreateContext(contextFeatures, current.Enter());

    internal Exchange CreateContext(IFeatureCollection contextFeatures, Snapshot leased)
    {
        Exchange exchange;
        if (contextFeatures is IHostContextContainer<Exchange> container)
        {
            exchange = container.HostContext ??= new Exchange(time, services);
        }
        else
        {
            exchange = new Exchange(time, services);
        }

        exchange.Start(contextFeatures, leased, depth: 0);
        return exchange;
    }

    public Task ProcessRequestAsync(Exchange context)
    {
        context.Scope.Activate();
        return RequestPipeline.RunAsync(context);
    }

    public void DisposeContext(Exchange context, Exception? exception)
    {
        var features = context.Http.Features;
        if (!context.Finish() && features is IHostContextContainer<Exchange> container)
        {
            container.HostContext = null;
        }
    }
}
