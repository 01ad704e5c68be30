using System.Runtime.CompilerServices;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <content>The verbs of the phases that an answer meets.</content>
public static partial class Gateway
{
    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public static void UpstreamResponse(Func<UpstreamResponseContext, Freshness?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.UpstreamResponse.Add(Handlers.Of<UpstreamResponseContext, Freshness>(handler, file, line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public static void UpstreamResponse(Func<UpstreamResponseContext, ValueTask<Freshness?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.UpstreamResponse.Add(Handlers.Of<UpstreamResponseContext, Freshness>(handler, file, line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public static void UpstreamResponse(Func<UpstreamResponseContext, Task<Freshness?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.UpstreamResponse.Add(Handlers.Of<UpstreamResponseContext, Freshness>(handler, file, line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public static void UpstreamResponse(Func<UpstreamResponseContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.UpstreamResponse.Add(Handlers.Of<UpstreamResponseContext, Freshness>(handler, file, line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void UpstreamResponse(Func<UpstreamResponseContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.UpstreamResponse.Add(Handlers.Of<UpstreamResponseContext, Freshness>(handler, file, line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public static void UpstreamResponse(Action<UpstreamResponseContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.UpstreamResponse.Add(Handlers.Of<UpstreamResponseContext, Freshness>(handler, file, line));

    /// <summary>UpstreamResponse: Change what came back from the peer, decide freshness, ask for a retry.</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of UpstreamResponseContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void UpstreamResponse(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.UpstreamResponse.Add(Handlers.File<UpstreamResponseContext, Freshness>(script, file, line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(6)]
    public static void Error(Func<ErrorContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Error.Add(Handlers.Of<ErrorContext, Verdict>(handler, file, line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(5)]
    public static void Error(Func<ErrorContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Error.Add(Handlers.Of<ErrorContext, Verdict>(handler, file, line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(4)]
    public static void Error(Func<ErrorContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Error.Add(Handlers.Of<ErrorContext, Verdict>(handler, file, line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public static void Error(Func<ErrorContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Error.Add(Handlers.Of<ErrorContext, Verdict>(handler, file, line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void Error(Func<ErrorContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Error.Add(Handlers.Of<ErrorContext, Verdict>(handler, file, line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public static void Error(Action<ErrorContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Error.Add(Handlers.Of<ErrorContext, Verdict>(handler, file, line));

    /// <summary>Error: Replace the answer when something failed (error_page).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of ErrorContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Error(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Error.Add(Handlers.File<ErrorContext, Verdict>(script, file, line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public static void HeaderFilter(Func<HeaderFilterContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.HeaderFilter.Add(Handlers.Of<HeaderFilterContext, Nothing>(handler, file, line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void HeaderFilter(Func<HeaderFilterContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.HeaderFilter.Add(Handlers.Of<HeaderFilterContext, Nothing>(handler, file, line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public static void HeaderFilter(Action<HeaderFilterContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.HeaderFilter.Add(Handlers.Of<HeaderFilterContext, Nothing>(handler, file, line));

    /// <summary>HeaderFilter: Change status and headers of every answer (header_filter_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of HeaderFilterContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void HeaderFilter(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.HeaderFilter.Add(Handlers.File<HeaderFilterContext, Nothing>(script, file, line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public static void BodyFilter(Func<BodyFilterContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.BodyFilter.Add(Handlers.Of<BodyFilterContext, Nothing>(handler, file, line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void BodyFilter(Func<BodyFilterContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.BodyFilter.Add(Handlers.Of<BodyFilterContext, Nothing>(handler, file, line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public static void BodyFilter(Action<BodyFilterContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.BodyFilter.Add(Handlers.Of<BodyFilterContext, Nothing>(handler, file, line));

    /// <summary>BodyFilter: Rewrite the answer's body while it streams (body_filter_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of BodyFilterContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void BodyFilter(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.BodyFilter.Add(Handlers.File<BodyFilterContext, Nothing>(script, file, line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(3)]
    public static void Log(Func<LogContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Log.Add(Handlers.Of<LogContext, Nothing>(handler, file, line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void Log(Func<LogContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Log.Add(Handlers.Of<LogContext, Nothing>(handler, file, line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="handler">Called for each request that comes so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(1)]
    public static void Log(Action<LogContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Log.Add(Handlers.Of<LogContext, Nothing>(handler, file, line));

    /// <summary>Log: Look at everything after the answer was sent (log_by_lua).</summary>
    /// <param name="script">A phase file, relative to the folder of proxy.csx: its body runs for every request, the members of LogContext are its globals.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Log(string script, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Phases.Log.Add(Handlers.File<LogContext, Nothing>(script, file, line));
}
