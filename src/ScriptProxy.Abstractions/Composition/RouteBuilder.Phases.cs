using System.Runtime.CompilerServices;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <content>The verbs of the phases. Each takes every form that a C# user would write; the priorities say which one a lambda means that fits several.</content>
public sealed partial class RouteBuilder
{
    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public RouteBuilder Rewrite(Func<RewriteContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, Place(file), line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public RouteBuilder Rewrite(Func<RewriteContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, Place(file), line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public RouteBuilder Rewrite(Func<RewriteContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, Place(file), line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder Rewrite(Func<RewriteContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, Place(file), line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder Rewrite(Func<RewriteContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, Place(file), line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder Rewrite(Action<RewriteContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, Place(file), line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of RewriteContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Rewrite(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Rewrite, Handlers.File<RewriteContext, Verdict>(script, Place(file), line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public RouteBuilder Access(Func<AccessContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Access, Handlers.Of<AccessContext, Verdict>(handler, Place(file), line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public RouteBuilder Access(Func<AccessContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Access, Handlers.Of<AccessContext, Verdict>(handler, Place(file), line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public RouteBuilder Access(Func<AccessContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Access, Handlers.Of<AccessContext, Verdict>(handler, Place(file), line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder Access(Func<AccessContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Access, Handlers.Of<AccessContext, Verdict>(handler, Place(file), line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder Access(Func<AccessContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Access, Handlers.Of<AccessContext, Verdict>(handler, Place(file), line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder Access(Action<AccessContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Access, Handlers.Of<AccessContext, Verdict>(handler, Place(file), line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of AccessContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Access(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Access, Handlers.File<AccessContext, Verdict>(script, Place(file), line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public RouteBuilder Content(Func<ContentContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Content, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public RouteBuilder Content(Func<ContentContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Content, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public RouteBuilder Content(Func<ContentContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Content, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder Content(Func<ContentContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Content, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder Content(Func<ContentContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Content, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder Content(Action<ContentContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Content, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of ContentContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Content(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Content, Handlers.File<ContentContext, Verdict>(script, Place(file), line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public RouteBuilder Lookup(Func<LookupContext, CacheDecision?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, Place(file), line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public RouteBuilder Lookup(Func<LookupContext, ValueTask<CacheDecision?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, Place(file), line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public RouteBuilder Lookup(Func<LookupContext, Task<CacheDecision?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, Place(file), line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder Lookup(Func<LookupContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, Place(file), line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder Lookup(Func<LookupContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, Place(file), line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder Lookup(Action<LookupContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, Place(file), line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of LookupContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Lookup(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Lookup, Handlers.File<LookupContext, CacheDecision>(script, Place(file), line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public RouteBuilder Balancer(Func<BalancerContext, Peer?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Balancer, Handlers.Of<BalancerContext, Peer>(handler, Place(file), line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public RouteBuilder Balancer(Func<BalancerContext, ValueTask<Peer?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Balancer, Handlers.Of<BalancerContext, Peer>(handler, Place(file), line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public RouteBuilder Balancer(Func<BalancerContext, Task<Peer?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Balancer, Handlers.Of<BalancerContext, Peer>(handler, Place(file), line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of BalancerContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Balancer(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Balancer, Handlers.File<BalancerContext, Peer>(script, Place(file), line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder RequestBodyFilter(Func<RequestBodyFilterContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.RequestBodyFilter, Handlers.Of<RequestBodyFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder RequestBodyFilter(Func<RequestBodyFilterContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.RequestBodyFilter, Handlers.Of<RequestBodyFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder RequestBodyFilter(Action<RequestBodyFilterContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.RequestBodyFilter, Handlers.Of<RequestBodyFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of RequestBodyFilterContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder RequestBodyFilter(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.RequestBodyFilter, Handlers.File<RequestBodyFilterContext, Nothing>(script, Place(file), line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder UpstreamRequest(Func<UpstreamRequestContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.UpstreamRequest, Handlers.Of<UpstreamRequestContext, Nothing>(handler, Place(file), line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder UpstreamRequest(Func<UpstreamRequestContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.UpstreamRequest, Handlers.Of<UpstreamRequestContext, Nothing>(handler, Place(file), line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder UpstreamRequest(Action<UpstreamRequestContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.UpstreamRequest, Handlers.Of<UpstreamRequestContext, Nothing>(handler, Place(file), line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of UpstreamRequestContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder UpstreamRequest(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.UpstreamRequest, Handlers.File<UpstreamRequestContext, Nothing>(script, Place(file), line));
}
