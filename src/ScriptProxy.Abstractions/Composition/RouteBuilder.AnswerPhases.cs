using System.Runtime.CompilerServices;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <content>The verbs of the phases that an answer meets.</content>
public sealed partial class RouteBuilder
{
    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public RouteBuilder UpstreamResponse(Func<UpstreamResponseContext, Freshness?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, Place(file), line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public RouteBuilder UpstreamResponse(Func<UpstreamResponseContext, ValueTask<Freshness?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, Place(file), line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public RouteBuilder UpstreamResponse(Func<UpstreamResponseContext, Task<Freshness?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, Place(file), line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder UpstreamResponse(Func<UpstreamResponseContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, Place(file), line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder UpstreamResponse(Func<UpstreamResponseContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, Place(file), line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder UpstreamResponse(Action<UpstreamResponseContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, Place(file), line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of UpstreamResponseContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder UpstreamResponse(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.UpstreamResponse, Handlers.File<UpstreamResponseContext, Freshness>(script, Place(file), line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public RouteBuilder Error(Func<ErrorContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, Place(file), line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public RouteBuilder Error(Func<ErrorContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, Place(file), line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public RouteBuilder Error(Func<ErrorContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, Place(file), line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder Error(Func<ErrorContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, Place(file), line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder Error(Func<ErrorContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, Place(file), line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder Error(Action<ErrorContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, Place(file), line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of ErrorContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Error(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Error, Handlers.File<ErrorContext, Verdict>(script, Place(file), line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder HeaderFilter(Func<HeaderFilterContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.HeaderFilter, Handlers.Of<HeaderFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder HeaderFilter(Func<HeaderFilterContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.HeaderFilter, Handlers.Of<HeaderFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder HeaderFilter(Action<HeaderFilterContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.HeaderFilter, Handlers.Of<HeaderFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of HeaderFilterContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder HeaderFilter(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.HeaderFilter, Handlers.File<HeaderFilterContext, Nothing>(script, Place(file), line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder BodyFilter(Func<BodyFilterContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.BodyFilter, Handlers.Of<BodyFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder BodyFilter(Func<BodyFilterContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.BodyFilter, Handlers.Of<BodyFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder BodyFilter(Action<BodyFilterContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.BodyFilter, Handlers.Of<BodyFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of BodyFilterContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder BodyFilter(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.BodyFilter, Handlers.File<BodyFilterContext, Nothing>(script, Place(file), line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public RouteBuilder Log(Func<LogContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Log, Handlers.Of<LogContext, Nothing>(handler, Place(file), line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public RouteBuilder Log(Func<LogContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Log, Handlers.Of<LogContext, Nothing>(handler, Place(file), line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public RouteBuilder Log(Action<LogContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Log, Handlers.Of<LogContext, Nothing>(handler, Place(file), line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of LogContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Log(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(_phases.Log, Handlers.File<LogContext, Nothing>(script, Place(file), line));
}
