using System.Runtime.CompilerServices;
using ScriptProxy.Runtime;

namespace ScriptProxy.Plugins;

/// <content>The verbs of the phases from the answer on.</content>
public sealed partial class PluginBuilder
{
    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public PluginBuilder UpstreamResponse(Func<UpstreamResponseContext, Freshness?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, Place(file), line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public PluginBuilder UpstreamResponse(Func<UpstreamResponseContext, ValueTask<Freshness?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, Place(file), line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public PluginBuilder UpstreamResponse(Func<UpstreamResponseContext, Task<Freshness?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, Place(file), line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public PluginBuilder UpstreamResponse(Func<UpstreamResponseContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, Place(file), line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public PluginBuilder UpstreamResponse(Func<UpstreamResponseContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, Place(file), line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public PluginBuilder UpstreamResponse(Action<UpstreamResponseContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.UpstreamResponse, Handlers.Of<UpstreamResponseContext, Freshness>(handler, Place(file), line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public PluginBuilder Error(Func<ErrorContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, Place(file), line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public PluginBuilder Error(Func<ErrorContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, Place(file), line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public PluginBuilder Error(Func<ErrorContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, Place(file), line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public PluginBuilder Error(Func<ErrorContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, Place(file), line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public PluginBuilder Error(Func<ErrorContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, Place(file), line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public PluginBuilder Error(Action<ErrorContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Error, Handlers.Of<ErrorContext, Verdict>(handler, Place(file), line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public PluginBuilder HeaderFilter(Func<HeaderFilterContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.HeaderFilter, Handlers.Of<HeaderFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public PluginBuilder HeaderFilter(Func<HeaderFilterContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.HeaderFilter, Handlers.Of<HeaderFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public PluginBuilder HeaderFilter(Action<HeaderFilterContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.HeaderFilter, Handlers.Of<HeaderFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public PluginBuilder BodyFilter(Func<BodyFilterContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.BodyFilter, Handlers.Of<BodyFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public PluginBuilder BodyFilter(Func<BodyFilterContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.BodyFilter, Handlers.Of<BodyFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public PluginBuilder BodyFilter(Action<BodyFilterContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.BodyFilter, Handlers.Of<BodyFilterContext, Nothing>(handler, Place(file), line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public PluginBuilder Log(Func<LogContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Log, Handlers.Of<LogContext, Nothing>(handler, Place(file), line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public PluginBuilder Log(Func<LogContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Log, Handlers.Of<LogContext, Nothing>(handler, Place(file), line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public PluginBuilder Log(Action<LogContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(Composition.Phases.Log, Handlers.Of<LogContext, Nothing>(handler, Place(file), line));
}
