using System.Runtime.CompilerServices;
using ScriptProxy.Caching;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <summary>A route while it is composed. Verbs may be chained; handlers of one phase run in the order written.</summary>
public sealed partial class RouteBuilder
{
    private readonly PhaseSet _phases;
    private readonly Func<string, string>? _place;

    internal RouteBuilder(RouteModel model)
        : this(model, model.Phases, place: null)
    {
    }

    /// <param name="model">The route.</param>
    /// <param name="phases">Which of its handlers: those of the script, or those that a plugin puts before or behind all others.</param>
    /// <param name="place">Where a handler is written, by the path that the compiler filled in; null: there.</param>
    internal RouteBuilder(RouteModel model, PhaseSet phases, Func<string, string>? place)
    {
        Model = model;
        _phases = phases;
        _place = place;
    }

    internal RouteModel Model { get; }

    /// <summary>Forwards to an upstream (proxy_pass).</summary>
    /// <param name="upstream">A name given to Upstream(...), or the address of a single server.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder To(string upstream, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(upstream);
        Model.Upstream = (upstream, new ScriptLocation(file, line));
        return this;
    }

    /// <summary>Serves files (nginx's root, index, try_files): ranges, conditional requests, precompressed siblings; nothing outside of the folder.</summary>
    /// <param name="root">The folder, relative to proxy.csx. The route's catch-all value is the path below it.</param>
    /// <param name="fallback">Served with 200 where there is no such file, for applications that route in the browser; none unless given: then the answer is 404, or the route's upstream's.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder Files(string root, string? fallback = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(root);
        Model.Files = (root, fallback, new ScriptLocation(file, line));
        return this;
    }

    /// <summary>The most bytes that a request's body may have; a larger one is answered with 413 (client_max_body_size).</summary>
    /// <param name="bytes">0 or more. Unless given, the gateway's Limits(...).</param>
    public RouteBuilder MaxBody(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Model.MaxRequestBody = bytes;
        return this;
    }

    /// <summary>Takes a prefix off the path before it is forwarded (proxy_pass with a path).</summary>
    /// <param name="prefix">Starts with '/'; paths without it go on unchanged.</param>
    public RouteBuilder StripPrefix(string prefix)
    {
        if (string.IsNullOrEmpty(prefix) || prefix[0] != '/')
        {
            throw new ArgumentException($"A prefix starts with '/', '{prefix}' does not.", nameof(prefix));
        }

        Model.StripPrefix = prefix.TrimEnd('/');
        return this;
    }

    /// <summary>How long the upstream may take until its headers; then the answer is 504 (proxy_read_timeout).</summary>
    /// <param name="answer">Unless given, the upstream's.</param>
    public RouteBuilder Timeout(TimeSpan answer)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(answer, TimeSpan.Zero);
        Model.Timeout = answer;
        return this;
    }

    /// <summary>Puts a cache in front of the upstream. It is asked after Access, when nothing on the route has answered.</summary>
    /// <param name="cache">Decides what is answered from where; the last one given counts.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public RouteBuilder UseCache(IHttpCache cache, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(cache);
        Model.Cache = (cache, new ScriptLocation(file, line));
        return this;
    }

    private string Place(string file) => _place is null ? file : _place(file);

    private RouteBuilder With<THandler>(List<THandler> handlers, THandler handler)
    {
        handlers.Add(handler);
        return this;
    }
}
