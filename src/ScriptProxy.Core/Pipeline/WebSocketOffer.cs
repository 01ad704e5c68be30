using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebSockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ScriptProxy.Core.Pipeline;

/// <summary>Lets a Content handler accept a WebSocket by itself: <c>c.HttpContext.WebSockets</c>.</summary>
internal static class WebSocketOffer
{
    private static readonly WebSocketMiddleware Middleware = new(static _ => Task.CompletedTask, Options.Create(new WebSocketOptions()), NullLoggerFactory.Instance);

    /// <summary>Costs other requests a look at two features.</summary>
    internal static void Make(HttpContext context)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
            || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true })
        {
            // It sets the feature that accepts, and calls what is behind it: nothing.
            _ = Middleware.Invoke(context);
        }
    }
}
