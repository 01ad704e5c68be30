using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Net;
using ScriptProxy.Core.Upstreams;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Pipeline;

/// <summary>What a request needs of its generation. Immutable, replaced whole.</summary>
internal sealed record Snapshot
{
    internal required int Number { get; init; }

    internal required GatewayRuntime Runtime { get; init; }

    internal required GatewayLimits Limits { get; init; }

    internal required TrustedProxies Trusted { get; init; }

    /// <summary>Chooses the endpoint whose delegate's target is a <see cref="RoutePipeline"/>.</summary>
    internal required RequestDelegate Router { get; init; }

    /// <summary>The gateway's handlers, for answers made before, or without, a route.</summary>
    internal required RoutePipeline NoRoute { get; init; }

    internal required PhaseHandler<RewriteContext, Verdict>[]? Rewrite { get; init; }

    /// <summary>The folder of proxy.csx.</summary>
    internal required string BaseFolder { get; init; }

    internal required ILogger Logger { get; init; }

    internal required IForwarder Forwarder { get; init; }

    /// <summary>Cancelled when the generation's long requests have used up the time they are given after it was replaced.</summary>
    internal required CancellationToken Expired { get; init; }

    /// <summary>The same generation as admin listeners see it: without the gateway's handlers and believed proxies. Null on that one itself.</summary>
    internal Snapshot? Admin { get; init; }

    /// <summary>What plugins answer on admin listeners.</summary>
    internal IReadOnlyList<AdminHandler> AdminHandlers { get; init; } = [];

    internal GenerationGate Gate { get; } = new();
}

/// <summary>A plugin's answer to a method and path of the admin API.</summary>
internal sealed record AdminHandler(string Method, string Path, PhaseHandler<ContentContext, Verdict>[] Handlers);

/// <summary>The generation that new requests begin with.</summary>
internal sealed class CurrentSnapshot
{
    private volatile Snapshot? _current;

    internal Snapshot? Value => _current;

    /// <summary>One reference changes; requests under way keep theirs.</summary>
    internal Snapshot? Swap(Snapshot next) => Interlocked.Exchange(ref _current, next);

    /// <exception cref="InvalidOperationException">Nothing was loaded yet.</exception>
    internal Snapshot Enter()
    {
        while (true)
        {
            var snapshot = _current ?? throw new InvalidOperationException("no generation is loaded");
            if (snapshot.Gate.TryEnter())
            {
                return snapshot;
            }
        }
    }
}

/// <summary>Sends a request to a peer and its answer to the client.</summary>
internal interface IForwarder
{
    ValueTask<ForwardOutcome> ForwardAsync(Exchange exchange, Upstream upstream, Peer peer);
}

/// <summary>How an attempt ended.</summary>
internal readonly record struct ForwardOutcome(ForwardFailure Failure, int Status, Exception? Error)
{
    internal static ForwardOutcome Done => default;
}

internal enum ForwardFailure
{
    None,

    /// <summary>A handler asked for another attempt; nothing was sent to the client.</summary>
    Retry,

    /// <summary>The peer could not be reached, or broke off.</summary>
    Upstream,

    /// <summary>The peer took too long.</summary>
    TimedOut,

    /// <summary>The client went away or sent what it must not.</summary>
    Client,

    /// <summary>A handler of UpstreamRequest, UpstreamResponse, HeaderFilter or a body filter failed.</summary>
    Script,
}
