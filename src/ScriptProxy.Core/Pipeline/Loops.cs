using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Upstreams;

namespace ScriptProxy.Core.Pipeline;

/// <summary>Ends requests that the gateway sends to itself again and again (CDN-Loop, RFC 8586), before they use up its connections.</summary>
internal static class Loops
{
    internal const string Header = "CDN-Loop";

    internal const string Name = "scriptproxy";

    private const int Most = 10;

    /// <exception cref="GatewayFailedException">The request came round too often: 508.</exception>
    internal static void ThrowIfEndless(Exchange exchange, Upstream upstream)
    {
        var rounds = 0;
        foreach (var line in exchange.Http.Request.Headers[Header])
        {
            rounds += line.AsSpan().Count(Name);
        }

        if (rounds >= Most)
        {
            throw new GatewayFailedException(
                $"the request came round {Most} times: upstream {upstream.Name} is this gateway itself, and {exchange.Route.Pattern} sends it there again",
                StatusCodes.Status508LoopDetected);
        }
    }
}
