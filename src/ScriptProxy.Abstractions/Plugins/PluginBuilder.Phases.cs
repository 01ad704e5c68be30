using System.Runtime.CompilerServices;
using ScriptProxy.Runtime;

namespace ScriptProxy.Plugins;

/// <content>The verbs of the phases that answer with a verdict or a decision, and their like; what a plugin hangs here runs for every route, before the scripts' own.</content>
public sealed partial class PluginBuilder
{
    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public PluginBuilder Rewrite(Func<RewriteContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, Place(file), line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public PluginBuilder Rewrite(Func<RewriteContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, Place(file), line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public PluginBuilder Rewrite(Func<RewriteContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, Place(file), line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public PluginBuilder Rewrite(Func<RewriteContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, Place(file), line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public PluginBuilder Rewrite(Func<RewriteContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, Place(file), line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public PluginBuilder Rewrite(Action<RewriteContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, Place(file), line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public PluginBuilder Access(Func<AccessContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Access, Handlers.Of<AccessContext, Verdict>(handler, Place(file), line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public PluginBuilder Access(Func<AccessContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Access, Handlers.Of<AccessContext, Verdict>(handler, Place(file), line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public PluginBuilder Access(Func<AccessContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Access, Handlers.Of<AccessContext, Verdict>(handler, Place(file), line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public PluginBuilder Access(Func<AccessContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Access, Handlers.Of<AccessContext, Verdict>(handler, Place(file), line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public PluginBuilder Access(Func<AccessContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Access, Handlers.Of<AccessContext, Verdict>(handler, Place(file), line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public PluginBuilder Access(Action<AccessContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Access, Handlers.Of<AccessContext, Verdict>(handler, Place(file), line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public PluginBuilder Content(Func<ContentContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Content, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public PluginBuilder Content(Func<ContentContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Content, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public PluginBuilder Content(Func<ContentContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Content, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public PluginBuilder Content(Func<ContentContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Content, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public PluginBuilder Content(Func<ContentContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Content, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public PluginBuilder Content(Action<ContentContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Content, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public PluginBuilder Lookup(Func<LookupContext, CacheDecision?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, Place(file), line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public PluginBuilder Lookup(Func<LookupContext, ValueTask<CacheDecision?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, Place(file), line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public PluginBuilder Lookup(Func<LookupContext, Task<CacheDecision?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, Place(file), line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public PluginBuilder Lookup(Func<LookupContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, Place(file), line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public PluginBuilder Lookup(Func<LookupContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, Place(file), line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public PluginBuilder Lookup(Action<LookupContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, Place(file), line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public PluginBuilder Balancer(Func<BalancerContext, Peer?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Balancer, Handlers.Of<BalancerContext, Peer>(handler, Place(file), line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public PluginBuilder Balancer(Func<BalancerContext, ValueTask<Peer?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Balancer, Handlers.Of<BalancerContext, Peer>(handler, Place(file), line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public PluginBuilder Balancer(Func<BalancerContext, Task<Peer?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Balancer, Handlers.Of<BalancerContext, Peer>(handler, Place(file), line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public PluginBuilder RequestBodyFilter(Func<RequestBodyFilterContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.RequestBodyFilter, Handlers.Of<RequestBodyFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public PluginBuilder RequestBodyFilter(Func<RequestBodyFilterContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.RequestBodyFilter, Handlers.Of<RequestBodyFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public PluginBuilder RequestBodyFilter(Action<RequestBodyFilterContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.RequestBodyFilter, Handlers.Of<RequestBodyFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public PluginBuilder UpstreamRequest(Func<UpstreamRequestContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.UpstreamRequest, Handlers.Of<UpstreamRequestContext, Nothing>(handler, Place(file), line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public PluginBuilder UpstreamRequest(Func<UpstreamRequestContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.UpstreamRequest, Handlers.Of<UpstreamRequestContext, Nothing>(handler, Place(file), line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public PluginBuilder UpstreamRequest(Action<UpstreamRequestContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.UpstreamRequest, Handlers.Of<UpstreamRequestContext, Nothing>(handler, Place(file), line));
}
