using System.Buffers;
using System.Runtime.CompilerServices;
using ScriptProxy.Runtime;

namespace ScriptProxy.Plugins;

/// <content>What a plugin adds to the admin API.</content>
public sealed partial class PluginBuilder
{
    private static readonly SearchValues<char> NotInPaths = SearchValues.Create("?#{}*%\\ \t\r\n");

    /// <summary>Answers requests to <c>/plugins/NAME/path</c> on the admin listener (<see cref="Gateway.Admin"/>), and nowhere else.</summary>
    /// <remarks>The gateway has checked host and token by then; none of its handlers, filters and limits of routes apply.</remarks>
    /// <param name="method">Such as "GET", which answers HEAD too, or "POST". What changes something must not be GET.</param>
    /// <param name="path">Such as "/purge"; parameters come in the query or the body.</param>
    /// <param name="handler">Answers as a Content handler does; Exec is no answer here.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="ArgumentException">Method or path are none, or the plugin has supplied them already.</exception>
    [OverloadResolutionPriority(6)]
    public PluginBuilder Admin(string method, string path, Func<ContentContext, Verdict?> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(method, path, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <inheritdoc cref="Admin(string, string, Func{ContentContext, Verdict}, string, int)" />
    [OverloadResolutionPriority(5)]
    public PluginBuilder Admin(string method, string path, Func<ContentContext, ValueTask<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(method, path, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <inheritdoc cref="Admin(string, string, Func{ContentContext, Verdict}, string, int)" />
    [OverloadResolutionPriority(4)]
    public PluginBuilder Admin(string method, string path, Func<ContentContext, Task<Verdict?>> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(method, path, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <inheritdoc cref="Admin(string, string, Func{ContentContext, Verdict}, string, int)" />
    [OverloadResolutionPriority(3)]
    public PluginBuilder Admin(string method, string path, Func<ContentContext, ValueTask> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(method, path, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <inheritdoc cref="Admin(string, string, Func{ContentContext, Verdict}, string, int)" />
    [OverloadResolutionPriority(2)]
    public PluginBuilder Admin(string method, string path, Func<ContentContext, Task> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(method, path, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    /// <inheritdoc cref="Admin(string, string, Func{ContentContext, Verdict}, string, int)" />
    [OverloadResolutionPriority(1)]
    public PluginBuilder Admin(string method, string path, Action<ContentContext> handler, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        With(method, path, Handlers.Of<ContentContext, Verdict>(handler, Place(file), line));

    private PluginBuilder With(string method, string path, Handler<ContentContext, Verdict> handler)
    {
        ArgumentException.ThrowIfNullOrEmpty(method);
        ArgumentException.ThrowIfNullOrEmpty(path);
        _ = Composition;
        if (!method.All(char.IsAsciiLetterUpper) || method == "HEAD")
        {
            throw new ArgumentException($"'{method}' is no method to answer: write it in capitals; HEAD is answered by GET", nameof(method));
        }

        if (path[0] != '/' || path.AsSpan().ContainsAny(NotInPaths))
        {
            throw new ArgumentException($"'{path}' is no path of its own: write it as \"/purge\"; parameters come in the query or the body", nameof(path));
        }

        if (!Supplies.Add($"admin {method} {path}"))
        {
            throw new ArgumentException($"{method} {path} is supplied already", nameof(path));
        }

        AdminHandlers.Add((method, path, handler));
        return this;
    }
}
