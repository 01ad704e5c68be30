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
    /// <returns>Whether the request can become a WebSocket.</returns>
    internal static bool Make(HttpContext context)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true }
            && context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true })
        {
            return false;
        }

        // It sets the feature that accepts, and calls what is behind it: nothing.
        _ = Middleware.Invoke(context);
        return context.WebSockets.IsWebSocketRequest;
    }
}
