using System.Net;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <summary>HeaderFilter: change status and headers of every answer, before they are sent (header_filter_by_lua; may await).</summary>
public sealed class HeaderFilterContext : ExchangeContext
{
    internal HeaderFilterContext(ExchangeState exchange)
        : base(exchange)
    {
    }

    /// <summary>The peer that answered; null where the answer is the gateway's own.</summary>
    public Peer? Peer => Exchange.Peer;

    /// <summary>How many times a peer was asked.</summary>
    public int Attempts => Exchange.Attempts;

    /// <summary>What the cache did.</summary>
    public CacheOutcome CacheOutcome => Exchange.CacheOutcome;

    /// <summary>Why it did that, in a word or two, such as "no-store" or "expires"; null where the route has no cache.</summary>
    public string? CacheReason => Exchange.CacheReason;

    /// <summary>Since the request's headers were read.</summary>
    public TimeSpan Elapsed => Exchange.Elapsed;

    /// <summary>From the moment the peer was chosen to its headers; zero where none was asked.</summary>
    public TimeSpan UpstreamElapsed => Exchange.UpstreamElapsed;

    /// <summary>What failed; null where nothing did.</summary>
    public Exception? Error => Exchange.Error;

    /// <summary>Sends this body instead of the one that there is, which is dropped: a page in place of the peer's own (proxy_intercept_errors). BodyFilter still runs.</summary>
    /// <param name="text">Sent as UTF-8. Headers that speak of the old body are removed.</param>
    /// <param name="contentType">text/plain; charset=utf-8 unless given.</param>
    public void ReplaceBody(string text, string? contentType = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        Exchange.ReplaceAnswer(text, contentType ?? "text/plain; charset=utf-8");
    }
}

/// <summary>Log: look at everything after the answer was sent (log_by_lua; may await). On HTTP/1.1 the connection's next request waits for it.</summary>
public sealed class LogContext : ExchangeContext
{
    internal LogContext(ExchangeState exchange)
        : base(exchange)
    {
    }

    /// <summary>The peer of the last attempt; null where none was asked.</summary>
    public Peer? Peer => Exchange.Peer;

    /// <summary>How many times a peer was asked.</summary>
    public int Attempts => Exchange.Attempts;

    /// <summary>What the cache did.</summary>
    public CacheOutcome CacheOutcome => Exchange.CacheOutcome;

    /// <summary>Why it did that, in a word or two, such as "no-store" or "expires"; null where the route has no cache.</summary>
    public string? CacheReason => Exchange.CacheReason;

    /// <summary>From the request's headers to the end of the answer ($request_time).</summary>
    public TimeSpan Elapsed => Exchange.Elapsed;

    /// <summary>From the moment the peer was chosen to its headers; zero where none was asked ($upstream_header_time).</summary>
    public TimeSpan UpstreamElapsed => Exchange.UpstreamElapsed;

    /// <summary>What failed; null where nothing did.</summary>
    public Exception? Error => Exchange.Error;

    /// <summary>From here on ClientIp is another one, so that handlers that follow cannot write the client's own down.</summary>
    /// <param name="address">What stands in its place.</param>
    public void HideClient(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Exchange.HideClient(address);
    }

    /// <summary>Bytes of the body that were sent to the client ($body_bytes_sent).</summary>
    public long BytesSent => Exchange.BytesSent;
}
