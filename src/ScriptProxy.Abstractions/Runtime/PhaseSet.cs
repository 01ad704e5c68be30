namespace ScriptProxy.Runtime;

/// <summary>The handlers of the gateway or of a route, in the order written.</summary>
internal sealed class PhaseSet
{
    internal List<Handler<RewriteContext, Verdict>> Rewrite { get; } = [];

    internal List<Handler<AccessContext, Verdict>> Access { get; } = [];

    internal List<Handler<ContentContext, Verdict>> Content { get; } = [];

    internal List<Handler<LookupContext, CacheDecision>> Lookup { get; } = [];

    internal List<Handler<BalancerContext, Peer>> Balancer { get; } = [];

    internal List<Handler<RequestBodyFilterContext, Nothing>> RequestBodyFilter { get; } = [];

    internal List<Handler<UpstreamRequestContext, Nothing>> UpstreamRequest { get; } = [];

    internal List<Handler<UpstreamResponseContext, Freshness>> UpstreamResponse { get; } = [];

    internal List<Handler<HeaderFilterContext, Nothing>> HeaderFilter { get; } = [];

    internal List<Handler<BodyFilterContext, Nothing>> BodyFilter { get; } = [];

    internal List<Handler<ErrorContext, Verdict>> Error { get; } = [];

    internal List<Handler<LogContext, Nothing>> Log { get; } = [];

    /// <summary>Every phase with its handlers, in the order a request meets them.</summary>
    internal IEnumerable<(string Phase, IReadOnlyList<Handler> Handlers)> All()
    {
        yield return (nameof(Rewrite), Rewrite);
        yield return (nameof(Access), Access);
        yield return (nameof(Content), Content);
        yield return (nameof(Lookup), Lookup);
        yield return (nameof(Balancer), Balancer);
        yield return (nameof(RequestBodyFilter), RequestBodyFilter);
        yield return (nameof(UpstreamRequest), UpstreamRequest);
        yield return (nameof(UpstreamResponse), UpstreamResponse);
        yield return (nameof(HeaderFilter), HeaderFilter);
        yield return (nameof(BodyFilter), BodyFilter);
        yield return (nameof(Error), Error);
        yield return (nameof(Log), Log);
    }
}
