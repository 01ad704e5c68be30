using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ScriptProxy.Core.Pipeline;

/// <summary>What handlers, and a cache, make of a peer's answer before its body is sent on: UpstreamResponse, then HeaderFilter.</summary>
internal static class UpstreamAnswer
{
    internal enum Fate
    {
        Send,

        /// <summary>A handler made it one that has no body.</summary>
        WithoutBody,

        /// <summary>A handler wants another attempt.</summary>
        Retry,
    }

    /// <param name="exchange">The response has the peer's status and header already.</param>
    internal static ValueTask<Fate> FilterAsync(Exchange exchange) =>
        exchange is { Answered: null, Pipeline: { UpstreamResponse: null, HeaderFilter: null } } ? new ValueTask<Fate>(Fate.Send) : RunAsync(exchange);

    /// <summary>Names the gateway in the answer, where the upstream's Via says so.</summary>
    /// <param name="exchange">The response has the peer's header already.</param>
    /// <param name="via">The upstream's choice.</param>
    /// <param name="version">The peer's HTTP: 1.1.</param>
    internal static void AddVia(Exchange exchange, ForwardedMode via, string version)
    {
        if (via is ForwardedMode.Set or ForwardedMode.Append or ForwardedMode.Default)
        {
            exchange.Http.Response.Headers.Append("Via", $"{version} scriptproxy");
        }
    }

    private static async ValueTask<Fate> RunAsync(Exchange exchange)
    {
        var response = exchange.Http.Response;
        var peers = response.StatusCode;
        if (exchange.Pipeline.UpstreamResponse is { } handlers)
        {
            var context = exchange.UpstreamResponseContext;
            context.Headers = response.Headers;
            context.StatusCode = response.StatusCode;
            exchange.Freshness = await Phases.FirstAsync(handlers, exchange, context, Freshness.Default);
            if (exchange is { MayRetry: true, Freshness.What: Freshness.Kind.Retry })
            {
                return Fate.Retry;
            }

            response.StatusCode = context.StatusCode;
        }

        if (exchange.Answered is { } answered)
        {
            await answered(response.StatusCode, response.Headers);
        }

        await exchange.BeginAnswerAsync();
        return response.StatusCode == peers || KeepsBody(exchange.Http) ? Fate.Send : Fate.WithoutBody;
    }

    /// <summary>A handler changed the status: the peer's words for its own go, and so does its body where the new one has none.</summary>
    private static bool KeepsBody(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = null;
        if (!Answers.HasNoBody(context.Response.StatusCode))
        {
            return true;
        }

        context.Response.ContentLength = null;
        return false;
    }
}
