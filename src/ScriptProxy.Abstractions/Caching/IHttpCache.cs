using Microsoft.AspNetCore.Http;
using ScriptProxy.Runtime;

namespace ScriptProxy.Caching;

/// <summary>Stands between a route and its upstream, and answers from what it has stored. Called by many requests at a time.</summary>
public interface IHttpCache
{
    /// <summary>Answers the request: from a store, by a <see cref="CacheContext.Fetch"/>, or by <see cref="CacheContext.PassAsync"/>.</summary>
    /// <param name="context">The request, after Lookup. Not to be used when the task has ended.</param>
    ValueTask AnswerAsync(CacheContext context);
}

/// <summary>A request that a cache is to answer.</summary>
public sealed class CacheContext : ExchangeContext
{
    internal CacheContext(ExchangeState exchange)
        : base(exchange)
    {
    }

    /// <summary>What the handlers of Lookup decided.</summary>
    public CacheDecision Decision => Exchange.CacheDecision ?? CacheDecision.Default;

    /// <summary>The key that a handler of Lookup gave; null for the one that the cache makes.</summary>
    public string? Key => Exchange.CacheKey;

    /// <summary>What handlers of Lookup added to the key; null for nothing.</summary>
    public string? Variant => Exchange.CacheVariant;

    /// <summary>What the cache does, for HeaderFilter, Log and the metrics.</summary>
    public CacheOutcome Outcome
    {
        get => Exchange.CacheOutcome;
        set => Exchange.CacheOutcome = value;
    }

    /// <summary>Why, in a word or two.</summary>
    public string? Reason
    {
        get => Exchange.CacheReason;
        set => Exchange.CacheReason = value;
    }

    /// <summary>Forwards the request and its answer as if there were no cache: nothing can be stored of it.</summary>
    /// <param name="answered">Called with the peer's status and headers, before HeaderFilter, which waits for it; null for nobody. It must not throw.</param>
    public ValueTask PassAsync(Func<int, IHeaderDictionary, ValueTask>? answered = null)
    {
        Exchange.Answered = answered;
        return Exchange.PassAsync();
    }

    /// <summary>Asks the upstream for the same target without a body. It begins at once, with a state of its own, and outlives this request.</summary>
    /// <param name="method">GET or HEAD.</param>
    /// <param name="headers">The whole of the request's headers; kept. Hop-by-hop fields and Host are seen to.</param>
    public CacheFetch Fetch(string method, IHeaderDictionary headers) => Exchange.Fetch(method, headers);

    /// <summary>Makes a fetch's peer, attempts and times those of this request, for HeaderFilter and Log.</summary>
    /// <param name="fetch">One that has started, or failed to.</param>
    public void Adopt(CacheFetch fetch)
    {
        ArgumentNullException.ThrowIfNull(fetch);
        fetch.ReportTo(Exchange);
    }

    /// <summary>To be called when status and headers of <see cref="ExchangeContext.Response"/> stand, before its body is written: runs HeaderFilter.</summary>
    public ValueTask BeginAnswerAsync() => Exchange.BeginAnswerAsync();

    /// <summary>Writes a part of a stored body as what comes next of the answer. What lies in memory is sent from there, not copied, where the connection allows it.</summary>
    /// <param name="body">Of something stored.</param>
    /// <param name="first">The first byte.</param>
    /// <param name="count">How many.</param>
    public ValueTask WriteAsync(StoredBody body, long first, long count)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Exchange.WriteAsync(body, first, count);
    }
}

/// <summary>What a cache asked of the upstream: Balancer, UpstreamRequest, retries and UpstreamResponse have their turn as for any request.</summary>
public abstract class CacheFetch : IAsyncDisposable
{
    private protected CacheFetch()
    {
    }

    /// <summary>Ends when status and headers are there; throws when no peer gave an answer, and then that is what the client's request may fail with.</summary>
    public abstract Task Started { get; }

    /// <summary>Valid when it has started.</summary>
    public abstract int StatusCode { get; }

    /// <summary>Valid when it has started, until the fetch is disposed of.</summary>
    public abstract IHeaderDictionary Headers { get; }

    /// <summary>What handlers of UpstreamResponse decided; null for nothing. Valid when it has started.</summary>
    public abstract Freshness? Freshness { get; }

    /// <summary>The body as it comes. Reading throws where it breaks off; its end is its true end.</summary>
    public abstract Stream Body { get; }

    internal abstract void ReportTo(ExchangeState exchange);

    /// <summary>Gives the rest up, where it has not ended.</summary>
    public abstract ValueTask DisposeAsync();
}
