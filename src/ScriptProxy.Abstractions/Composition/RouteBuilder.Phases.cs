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
        With(Model.Phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, file, line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public RouteBuilder Rewrite(Func<RewriteContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, file, line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public RouteBuilder Rewrite(Func<RewriteContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, file, line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder Rewrite(Func<RewriteContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, file, line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder Rewrite(Func<RewriteContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, file, line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="handler">Called for each request.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder Rewrite(Action<RewriteContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Rewrite, Handlers.Of<RewriteContext, Verdict>(handler, file, line));

    /// <summary>Rewrite: On the gateway before a route is chosen, on a route after: change method, path, query and headers (rewrite_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of RewriteContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Rewrite(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Rewrite, Handlers.File<RewriteContext, Verdict>(script, file, line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public RouteBuilder Access(Func<AccessContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Access, Handlers.Of<AccessContext, Verdict>(handler, file, line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public RouteBuilder Access(Func<AccessContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Access, Handlers.Of<AccessContext, Verdict>(handler, file, line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public RouteBuilder Access(Func<AccessContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Access, Handlers.Of<AccessContext, Verdict>(handler, file, line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder Access(Func<AccessContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Access, Handlers.Of<AccessContext, Verdict>(handler, file, line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder Access(Func<AccessContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Access, Handlers.Of<AccessContext, Verdict>(handler, file, line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder Access(Action<AccessContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Access, Handlers.Of<AccessContext, Verdict>(handler, file, line));

    /// <summary>Access: Let in, refuse, redirect (access_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of AccessContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Access(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Access, Handlers.File<AccessContext, Verdict>(script, file, line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public RouteBuilder Content(Func<ContentContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Content, Handlers.Of<ContentContext, Verdict>(handler, file, line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public RouteBuilder Content(Func<ContentContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Content, Handlers.Of<ContentContext, Verdict>(handler, file, line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public RouteBuilder Content(Func<ContentContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Content, Handlers.Of<ContentContext, Verdict>(handler, file, line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder Content(Func<ContentContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Content, Handlers.Of<ContentContext, Verdict>(handler, file, line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder Content(Func<ContentContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Content, Handlers.Of<ContentContext, Verdict>(handler, file, line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder Content(Action<ContentContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Content, Handlers.Of<ContentContext, Verdict>(handler, file, line));

    /// <summary>Content: Write the answer; nothing is proxied (content_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of ContentContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Content(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Content, Handlers.File<ContentContext, Verdict>(script, file, line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public RouteBuilder Lookup(Func<LookupContext, CacheDecision?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, file, line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public RouteBuilder Lookup(Func<LookupContext, ValueTask<CacheDecision?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, file, line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public RouteBuilder Lookup(Func<LookupContext, Task<CacheDecision?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, file, line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder Lookup(Func<LookupContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, file, line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder Lookup(Func<LookupContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, file, line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder Lookup(Action<LookupContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Lookup, Handlers.Of<LookupContext, CacheDecision>(handler, file, line));

    /// <summary>Lookup: Shape the cache key, pass the cache by (proxy_cache_key, proxy_cache_bypass).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of LookupContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Lookup(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Lookup, Handlers.File<LookupContext, CacheDecision>(script, file, line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public RouteBuilder UpstreamResponse(Func<UpstreamResponseContext, Freshness?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, file, line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public RouteBuilder UpstreamResponse(Func<UpstreamResponseContext, ValueTask<Freshness?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, file, line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public RouteBuilder UpstreamResponse(Func<UpstreamResponseContext, Task<Freshness?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, file, line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder UpstreamResponse(Func<UpstreamResponseContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, file, line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder UpstreamResponse(Func<UpstreamResponseContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, file, line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder UpstreamResponse(Action<UpstreamResponseContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, file, line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of UpstreamResponseContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder UpstreamResponse(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.UpstreamResponse, Handlers.File<UpstreamResponseContext, Freshness>(script, file, line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public RouteBuilder Error(Func<ErrorContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, file, line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public RouteBuilder Error(Func<ErrorContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, file, line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public RouteBuilder Error(Func<ErrorContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, file, line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder Error(Func<ErrorContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, file, line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder Error(Func<ErrorContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, file, line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder Error(Action<ErrorContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, file, line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of ErrorContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Error(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Error, Handlers.File<ErrorContext, Verdict>(script, file, line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public RouteBuilder Balancer(Func<BalancerContext, Peer?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Balancer, Handlers.Of<BalancerContext, Peer>(handler, file, line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public RouteBuilder Balancer(Func<BalancerContext, ValueTask<Peer?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Balancer, Handlers.Of<BalancerContext, Peer>(handler, file, line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public RouteBuilder Balancer(Func<BalancerContext, Task<Peer?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Balancer, Handlers.Of<BalancerContext, Peer>(handler, file, line));

    /// <summary>Balancer: Choose a peer, on every attempt; null lets the policy choose (balancer_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of BalancerContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Balancer(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Balancer, Handlers.File<BalancerContext, Peer>(script, file, line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder RequestBodyFilter(Func<RequestBodyFilterContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.RequestBodyFilter, Handlers.Of<RequestBodyFilterContext, Nothing>(handler, file, line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder RequestBodyFilter(Func<RequestBodyFilterContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.RequestBodyFilter, Handlers.Of<RequestBodyFilterContext, Nothing>(handler, file, line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder RequestBodyFilter(Action<RequestBodyFilterContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.RequestBodyFilter, Handlers.Of<RequestBodyFilterContext, Nothing>(handler, file, line));

    /// <summary>RequestBodyFilter: Rewrite the request's body while it streams.</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of RequestBodyFilterContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder RequestBodyFilter(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.RequestBodyFilter, Handlers.File<RequestBodyFilterContext, Nothing>(script, file, line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder UpstreamRequest(Func<UpstreamRequestContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.UpstreamRequest, Handlers.Of<UpstreamRequestContext, Nothing>(handler, file, line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder UpstreamRequest(Func<UpstreamRequestContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.UpstreamRequest, Handlers.Of<UpstreamRequestContext, Nothing>(handler, file, line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder UpstreamRequest(Action<UpstreamRequestContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.UpstreamRequest, Handlers.Of<UpstreamRequestContext, Nothing>(handler, file, line));

    /// <summary>UpstreamRequest: Change what is sent to the peer, on every attempt (proxy_set_header).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of UpstreamRequestContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder UpstreamRequest(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.UpstreamRequest, Handlers.File<UpstreamRequestContext, Nothing>(script, file, line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder HeaderFilter(Func<HeaderFilterContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.HeaderFilter, Handlers.Of<HeaderFilterContext, Nothing>(handler, file, line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder HeaderFilter(Func<HeaderFilterContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.HeaderFilter, Handlers.Of<HeaderFilterContext, Nothing>(handler, file, line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder HeaderFilter(Action<HeaderFilterContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.HeaderFilter, Handlers.Of<HeaderFilterContext, Nothing>(handler, file, line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of HeaderFilterContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder HeaderFilter(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.HeaderFilter, Handlers.File<HeaderFilterContext, Nothing>(script, file, line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder BodyFilter(Func<BodyFilterContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.BodyFilter, Handlers.Of<BodyFilterContext, Nothing>(handler, file, line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder BodyFilter(Func<BodyFilterContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.BodyFilter, Handlers.Of<BodyFilterContext, Nothing>(handler, file, line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder BodyFilter(Action<BodyFilterContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.BodyFilter, Handlers.Of<BodyFilterContext, Nothing>(handler, file, line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of BodyFilterContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder BodyFilter(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.BodyFilter, Handlers.File<BodyFilterContext, Nothing>(script, file, line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder Log(Func<LogContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Log, Handlers.Of<LogContext, Nothing>(handler, file, line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder Log(Func<LogContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Log, Handlers.Of<LogContext, Nothing>(handler, file, line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder Log(Action<LogContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Log, Handlers.Of<LogContext, Nothing>(handler, file, line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of LogContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Log(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Model.Phases.Log, Handlers.File<LogContext, Nothing>(script, file, line));
}
