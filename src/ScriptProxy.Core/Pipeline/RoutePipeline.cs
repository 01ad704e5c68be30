using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching;
using ScriptProxy.Core.Files;
using ScriptProxy.Core.Upstreams;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Pipeline;

/// <summary>A route folded together: of each phase the gateway's handlers and then its own, null where there are none.</summary>
internal sealed class RoutePipeline
{
    private RoutePipeline? _forFetches;

    internal required RouteInfo Info { get; init; }

    internal PhaseHandler<RewriteContext, Verdict>[]? Rewrite { get; init; }

    internal PhaseHandler<AccessContext, Verdict>[]? Access { get; init; }

    internal PhaseHandler<ContentContext, Verdict>[]? Content { get; init; }

    internal PhaseHandler<LookupContext, CacheDecision>[]? Lookup { get; init; }

    internal PhaseHandler<BalancerContext, Peer>[]? Balancer { get; init; }

    /// <summary>A policy that a script brought, where it wants to hear how attempts end; called under the guard like its other half.</summary>
    internal PhaseHandler<BalancerContext, Nothing>? AttemptEnded { get; init; }

    internal PhaseHandler<RequestBodyFilterContext, Nothing>[]? RequestBodyFilter { get; init; }

    internal PhaseHandler<UpstreamRequestContext, Nothing>[]? UpstreamRequest { get; init; }

    internal PhaseHandler<UpstreamResponseContext, Freshness>[]? UpstreamResponse { get; init; }

    internal PhaseHandler<HeaderFilterContext, Nothing>[]? HeaderFilter { get; init; }

    internal PhaseHandler<BodyFilterContext, Nothing>[]? BodyFilter { get; init; }

    internal PhaseHandler<ErrorContext, Verdict>[]? Error { get; init; }

    internal PhaseHandler<LogContext, Nothing>[]? Log { get; init; }

    /// <summary>Gives, for a line of the log, what changes its texts; null where they are written as they are.</summary>
    internal Func<ExchangeContext, Func<string, string>>? RedactLogs { get; init; }

    internal Upstream? Upstream { get; init; }

    internal StaticFiles? Files { get; init; }

    /// <summary>Stands in front of the upstream; null where there is none.</summary>
    internal IHttpCache? Cache { get; init; }

    /// <summary>The way to a peer and back alone, for what a cache asks by itself: the other phases are the client's answer's.</summary>
    internal RoutePipeline ForFetches => _forFetches ??= new RoutePipeline
    {
        Info = Info,
        Balancer = Balancer,
        AttemptEnded = AttemptEnded,
        UpstreamRequest = UpstreamRequest,
        UpstreamResponse = UpstreamResponse,
        RedactLogs = RedactLogs,
        Upstream = Upstream,
        StripPrefix = StripPrefix,
        Timeout = Timeout,
    };

    /// <summary>The name of the pattern's catch-all; null where it has none.</summary>
    internal string? CatchAll { get; init; }

    internal long? MaxRequestBody { get; init; }

    internal string? StripPrefix { get; init; }

    internal TimeSpan? Timeout { get; init; }

    /// <summary>The answer's body must pass through our hands: to be filtered, or to be counted for the log.</summary>
    internal bool TapsBody => BodyFilter is not null || Log is not null;

    /// <summary>The endpoint's delegate. Never called: its target is how the router's choice is read, for the price of a field.</summary>
    internal Task Marker(HttpContext context) => throw new InvalidOperationException($"the route {Info.Pattern} is run by the gateway's pipeline");
}
