using System.Runtime.CompilerServices;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <summary>What can be done with a body while it streams. Operators work one after the other, in the order written.</summary>
public abstract class BodyContext : ExchangeContext
{
    private protected BodyContext(ExchangeState exchange)
        : base(exchange)
    {
    }

    internal BodyOperators Operators { get; set; } = null!;

    /// <summary>Replaces every occurrence of a text, across chunk borders too. Nothing but a possible beginning of a match is held back.</summary>
    /// <param name="from">What to look for, ordinal; not empty.</param>
    /// <param name="to">What takes its place.</param>
    public BodyContext ReplaceText(string from, string to)
    {
        ArgumentException.ThrowIfNullOrEmpty(from);
        ArgumentNullException.ThrowIfNull(to);
        Operators.ReplaceText(from, to);
        return this;
    }

    /// <summary>Collects the whole body before it goes on, so that its length is known.</summary>
    /// <param name="max">The most bytes to hold; a longer body fails the request.</param>
    public BodyContext Buffer(long max)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(max);
        Operators.Buffer(max, null);
        return this;
    }

    /// <summary>Collects the whole body and rewrites it as a text.</summary>
    /// <param name="max">The most bytes to hold; a longer body fails the request.</param>
    /// <param name="rewrite">Gets the body decoded by its charset (UTF-8 unless it names one) and gives the new one.</param>
    [OverloadResolutionPriority(1)]
    public BodyContext Buffer(long max, Func<string, string> rewrite)
    {
        ArgumentNullException.ThrowIfNull(rewrite);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(max);
        Operators.Buffer(max, text => new ValueTask<string>(rewrite(text)));
        return this;
    }

    /// <summary>Collects the whole body and rewrites it as a text; may await.</summary>
    /// <param name="max">The most bytes to hold; a longer body fails the request.</param>
    /// <param name="rewrite">Gets the body and gives the new one.</param>
    public BodyContext Buffer(long max, Func<string, ValueTask<string>> rewrite)
    {
        ArgumentNullException.ThrowIfNull(rewrite);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(max);
        Operators.Buffer(max, rewrite);
        return this;
    }

    /// <summary>Rewrites the body with code of your own, while it streams and with back-pressure.</summary>
    /// <param name="transform">Reads the first stream, writes the second. When it returns early, the rest of the input is dropped; when it throws, the request fails.</param>
    public BodyContext Transform(Func<Stream, Stream, CancellationToken, Task> transform)
    {
        ArgumentNullException.ThrowIfNull(transform);
        Operators.Transform(transform);
        return this;
    }

    /// <summary>Rewrites the body line by line.</summary>
    /// <param name="rewrite">Gets a line without its end; null drops it.</param>
    public BodyContext Lines(Func<string, string?> rewrite)
    {
        ArgumentNullException.ThrowIfNull(rewrite);
        Operators.Lines(rewrite);
        return this;
    }

    /// <summary>Rewrites a stream of server-sent events (text/event-stream), each of which goes out at once. Other bodies pass untouched.</summary>
    /// <param name="rewrite">Gets an event; null drops it.</param>
    public BodyContext Events(Func<ServerSentEvent, ServerSentEvent?> rewrite)
    {
        ArgumentNullException.ThrowIfNull(rewrite);
        Operators.Events(rewrite);
        return this;
    }
}

/// <summary>BodyFilter: rewrite the answer's body while it streams (body_filter_by_lua). Length, content coding and chunk borders are taken care of.</summary>
public sealed class BodyFilterContext : BodyContext
{
    internal BodyFilterContext(ExchangeState exchange)
        : base(exchange)
    {
    }

    /// <summary>The peer that answered; null where the answer is the gateway's own.</summary>
    public Peer? Peer => Exchange.Peer;

    /// <summary>What the cache did.</summary>
    public CacheOutcome CacheOutcome => Exchange.CacheOutcome;
}

/// <summary>RequestBodyFilter: rewrite the request's body while it streams to the peer (Envoy's decodeData).</summary>
public sealed class RequestBodyFilterContext : BodyContext
{
    internal RequestBodyFilterContext(ExchangeState exchange)
        : base(exchange)
    {
    }
}
