using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ScriptProxy.Caching;

namespace ScriptProxy.Runtime;

/// <summary>One request on its way through the phases, as the contexts see it. Core derives, pools and drives it.</summary>
internal abstract class ExchangeState
{
    private readonly List<(object Key, object Box)> _state = new(4);

    internal HttpContext Http { get; set; } = null!;

    internal RouteInfo Route { get; set; } = RouteInfo.None;

    internal Peer? Peer { get; set; }

    internal int Attempts { get; set; }

    internal CacheOutcome CacheOutcome { get; set; }

    internal CacheDecision? CacheDecision { get; set; }

    internal string? CacheKey { get; set; }

    /// <summary>What a handler of Lookup added to the key.</summary>
    internal string? CacheVariant { get; set; }

    /// <summary>Why the cache did what it did.</summary>
    internal string? CacheReason { get; set; }

    /// <summary>Told of an answer that passes the cache by, before any filter.</summary>
    internal Func<int, IHeaderDictionary, ValueTask>? Answered { get; set; }

    internal Freshness? Freshness { get; set; }

    internal Exception? Error { get; set; }

    internal ErrorSource ErrorSource { get; set; }

    /// <summary>A handler is about to look at the answer, and may write to it.</summary>
    internal virtual void MayWrite()
    {
    }

    internal abstract IPAddress ClientIp { get; }

    internal abstract string RequestId { get; }

    internal abstract ILogger Logger { get; }

    internal abstract TimeProvider Time { get; }

    internal abstract TimeSpan Elapsed { get; }

    internal abstract TimeSpan UpstreamElapsed { get; }

    internal abstract long BytesSent { get; }

    /// <summary>The peers that may be picked; in the Balancer phase only.</summary>
    internal abstract IReadOnlyList<Peer> AvailablePeers { get; }

    /// <summary>All peers of the upstream, in the order written.</summary>
    internal abstract IReadOnlyList<Peer> AllPeers { get; }

    internal abstract Peer? Pick(string policy, IReadOnlyList<Peer> among);

    internal abstract ValueTask<SubrequestResult> SubrequestAsync(SubrequestOptions options);

    internal abstract ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync(long max);

    internal abstract void ReplaceBody(Stream body, long? length);

    internal abstract void ReplaceAnswer(string text, string contentType);

    internal abstract void HideClient(IPAddress address);

    internal abstract string? SerializeJson(object? value);

    internal abstract T? DeserializeJson<T>(ReadOnlySpan<byte> json);

    /// <summary>Forwards the request as if there were no cache.</summary>
    internal abstract ValueTask PassAsync();

    /// <summary>Asks the upstream for something of its own, which goes on when this request has ended.</summary>
    internal abstract CacheFetch Fetch(string method, IHeaderDictionary headers);

    /// <summary>Status and headers stand: HeaderFilter has its turn.</summary>
    internal abstract ValueTask BeginAnswerAsync();

    /// <summary>A part of a stored body goes to the client.</summary>
    internal abstract ValueTask WriteAsync(StoredBody body, long first, long count);

    internal void CopyStateTo(ExchangeState other) => other._state.AddRange(_state);

    /// <summary>Takes over what another exchange has made since it was given a copy of this one's state.</summary>
    internal void Merge(IReadOnlyList<(object Key, object Box)> made)
    {
        foreach (var (key, box) in made)
        {
            if (!_state.Exists(s => ReferenceEquals(s.Key, key)))
            {
                _state.Add((key, box));
            }
        }
    }

    internal IReadOnlyList<(object Key, object Box)> StateSoFar() => [.. _state];

    internal ref T Slot<T>(ExchangeKey<T> key)
    {
        for (var i = 0; i < _state.Count; i++)
        {
            var (k, box) = _state[i];

            // Each phase file is compiled by itself, so that the key that several of them load is one object in each.
            if (ReferenceEquals(k, key) || (k is ExchangeKey<T> other && other.Name == key.Name))
            {
                return ref Unsafe.As<StrongBox<T>>(box).Value!;
            }

            // And so is the type that they load: its value moves over, whole, to the file that asks.
            if (k is IExchangeKey loaded && loaded.Name == key.Name && loaded.Type.ToString() == typeof(T).ToString())
            {
                var moved = new StrongBox<T>(DeserializeJson<T>(Encoding.UTF8.GetBytes(SerializeJson(loaded.Value(box))!))!);
                _state[i] = (key, moved);
                return ref moved.Value!;
            }
        }

        var made = new StrongBox<T>(key.Initial);
        _state.Add((key, made));
        return ref made.Value!;
    }

    /// <summary>Forgets everything of the request, so that a pooled exchange pins no generation and leaks nothing into the next request.</summary>
    protected void ClearState()
    {
        _state.Clear();
        Http = null!;
        Route = RouteInfo.None;
        Peer = null;
        Attempts = 0;
        CacheOutcome = CacheOutcome.None;
        CacheDecision = null;
        CacheKey = null;
        CacheVariant = null;
        CacheReason = null;
        Answered = null;
        Freshness = null;
        Error = null;
        ErrorSource = default;
    }
}
