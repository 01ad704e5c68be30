using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ScriptProxy.Core.Pipeline;

/// <summary>Refuses what two servers could take for different requests (RFC 9112, 6.1, 6.3 and 11.2), and tunnels, before any handler sees them.</summary>
internal static class Framing
{
    /// <exception cref="BadHttpRequestException">The client is to be told, and the connection closes: nobody knows where the next request begins.</exception>
    internal static void ThrowIfRefused(HttpContext context)
    {
        var request = context.Request;

        // A WebSocket over HTTP/2 is an extended CONNECT (RFC 8441); a plain one asks for a tunnel, whose bytes are no requests.
        if (HttpMethods.IsConnect(request.Method) && context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true })
        {
            throw Refused(context, StatusCodes.Status501NotImplemented, "CONNECT: this is no forward proxy");
        }

        var codings = request.Headers.TransferEncoding;
        if (codings.Count == 0)
        {
            return;
        }

        if (!HttpProtocol.IsHttp11(request.Protocol))
        {
            throw Refused(context, StatusCodes.Status400BadRequest, $"{request.Protocol} has no Transfer-Encoding");
        }

        // The server gives a length beside chunks this name.
        if (request.Headers.ContainsKey("X-Content-Length"))
        {
            throw Refused(context, StatusCodes.Status400BadRequest, "both Content-Length and Transfer-Encoding");
        }

        // The server undoes the chunks only; the peer would take what is left for the body.
        if (codings is not [{ } coding] || !coding.Equals("chunked", StringComparison.OrdinalIgnoreCase))
        {
            throw Refused(context, StatusCodes.Status501NotImplemented, $"Transfer-Encoding: {codings}");
        }
    }

    private static BadHttpRequestException Refused(HttpContext context, int status, string reason)
    {
        if (HttpProtocol.IsHttp11(context.Request.Protocol) || HttpProtocol.IsHttp10(context.Request.Protocol))
        {
            // Whatever the answer becomes.
            context.Response.OnStarting(
                static state =>
                {
                    ((HttpContext)state).Response.Headers.Connection = "close";
                    return Task.CompletedTask;
                },
                context);
        }

        return new BadHttpRequestException(reason, status);
    }
}
