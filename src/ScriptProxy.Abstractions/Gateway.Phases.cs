using System.Runtime.CompilerServices;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <content>The verbs of the phases; here they are the gateway's and run for every route, before the route's own.</content>
public static partial class Gateway
{
    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public static void Rewrite(Func<RewriteContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Rewrite.Add(Handlers.Of<RewriteContext, Verdict>(handler, file, line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public static void Rewrite(Func<RewriteContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Rewrite.Add(Handlers.Of<RewriteContext, Verdict>(handler, file, line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public static void Rewrite(Func<RewriteContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Rewrite.Add(Handlers.Of<RewriteContext, Verdict>(handler, file, line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public static void Rewrite(Func<RewriteContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Rewrite.Add(Handlers.Of<RewriteContext, Verdict>(handler, file, line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void Rewrite(Func<RewriteContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Rewrite.Add(Handlers.Of<RewriteContext, Verdict>(handler, file, line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public static void Rewrite(Action<RewriteContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Rewrite.Add(Handlers.Of<RewriteContext, Verdict>(handler, file, line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of RewriteContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Rewrite(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Rewrite.Add(Handlers.File<RewriteContext, Verdict>(script, file, line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public static void Access(Func<AccessContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Access.Add(Handlers.Of<AccessContext, Verdict>(handler, file, line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public static void Access(Func<AccessContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Access.Add(Handlers.Of<AccessContext, Verdict>(handler, file, line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public static void Access(Func<AccessContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Access.Add(Handlers.Of<AccessContext, Verdict>(handler, file, line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public static void Access(Func<AccessContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Access.Add(Handlers.Of<AccessContext, Verdict>(handler, file, line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void Access(Func<AccessContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Access.Add(Handlers.Of<AccessContext, Verdict>(handler, file, line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public static void Access(Action<AccessContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Access.Add(Handlers.Of<AccessContext, Verdict>(handler, file, line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of AccessContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Access(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Access.Add(Handlers.File<AccessContext, Verdict>(script, file, line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public static void Content(Func<ContentContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Content.Add(Handlers.Of<ContentContext, Verdict>(handler, file, line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public static void Content(Func<ContentContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Content.Add(Handlers.Of<ContentContext, Verdict>(handler, file, line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public static void Content(Func<ContentContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Content.Add(Handlers.Of<ContentContext, Verdict>(handler, file, line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public static void Content(Func<ContentContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Content.Add(Handlers.Of<ContentContext, Verdict>(handler, file, line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void Content(Func<ContentContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Content.Add(Handlers.Of<ContentContext, Verdict>(handler, file, line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public static void Content(Action<ContentContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Content.Add(Handlers.Of<ContentContext, Verdict>(handler, file, line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of ContentContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Content(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Content.Add(Handlers.File<ContentContext, Verdict>(script, file, line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public static void Lookup(Func<LookupContext, CacheDecision?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Lookup.Add(Handlers.Of<LookupContext, CacheDecision>(handler, file, line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public static void Lookup(Func<LookupContext, ValueTask<CacheDecision?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Lookup.Add(Handlers.Of<LookupContext, CacheDecision>(handler, file, line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public static void Lookup(Func<LookupContext, Task<CacheDecision?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Lookup.Add(Handlers.Of<LookupContext, CacheDecision>(handler, file, line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public static void Lookup(Func<LookupContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Lookup.Add(Handlers.Of<LookupContext, CacheDecision>(handler, file, line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void Lookup(Func<LookupContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Lookup.Add(Handlers.Of<LookupContext, CacheDecision>(handler, file, line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public static void Lookup(Action<LookupContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Lookup.Add(Handlers.Of<LookupContext, CacheDecision>(handler, file, line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of LookupContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Lookup(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Lookup.Add(Handlers.File<LookupContext, CacheDecision>(script, file, line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public static void Balancer(Func<BalancerContext, Peer?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Balancer.Add(Handlers.Of<BalancerContext, Peer>(handler, file, line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public static void Balancer(Func<BalancerContext, ValueTask<Peer?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Balancer.Add(Handlers.Of<BalancerContext, Peer>(handler, file, line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public static void Balancer(Func<BalancerContext, Task<Peer?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Balancer.Add(Handlers.Of<BalancerContext, Peer>(handler, file, line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of BalancerContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Balancer(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Balancer.Add(Handlers.File<BalancerContext, Peer>(script, file, line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public static void RequestBodyFilter(Func<RequestBodyFilterContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.RequestBodyFilter.Add(Handlers.Of<RequestBodyFilterContext, Nothing>(handler, file, line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void RequestBodyFilter(Func<RequestBodyFilterContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.RequestBodyFilter.Add(Handlers.Of<RequestBodyFilterContext, Nothing>(handler, file, line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public static void RequestBodyFilter(Action<RequestBodyFilterContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.RequestBodyFilter.Add(Handlers.Of<RequestBodyFilterContext, Nothing>(handler, file, line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of RequestBodyFilterContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void RequestBodyFilter(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.RequestBodyFilter.Add(Handlers.File<RequestBodyFilterContext, Nothing>(script, file, line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public static void UpstreamRequest(Func<UpstreamRequestContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.UpstreamRequest.Add(Handlers.Of<UpstreamRequestContext, Nothing>(handler, file, line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void UpstreamRequest(Func<UpstreamRequestContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.UpstreamRequest.Add(Handlers.Of<UpstreamRequestContext, Nothing>(handler, file, line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public static void UpstreamRequest(Action<UpstreamRequestContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.UpstreamRequest.Add(Handlers.Of<UpstreamRequestContext, Nothing>(handler, file, line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of UpstreamRequestContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void UpstreamRequest(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.UpstreamRequest.Add(Handlers.File<UpstreamRequestContext, Nothing>(script, file, line));
}
