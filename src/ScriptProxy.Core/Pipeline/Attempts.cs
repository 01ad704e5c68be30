using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Bodies;
using ScriptProxy.Core.Http1;
using ScriptProxy.Core.Upstreams;

namespace ScriptProxy.Core.Pipeline;

/// <summary>Asks a peer, and another one where a handler wants a retry and the body can be sent again.</summary>
internal static partial class Attempts
{
    private static readonly Meter Meter = new("ScriptProxy");
    private static readonly Counter<long> Cached = Meter.CreateCounter<long>("scriptproxy.cache.answers", description: "Requests that came to a cache, by what it did and why");

    /// <summary>From a cache where the route has one; from a peer otherwise.</summary>
    internal static ValueTask AnswerAsync(Exchange exchange, RoutePipeline route, Upstream upstream) =>
        route is { Cache: null, Lookup: null } ? RunAsync(exchange, route, upstream) : LookUpAsync(exchange, route, upstream);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal static async ValueTask RunAsync(Exchange exchange, RoutePipeline route, Upstream upstream)
    {
        if (upstream.PointsHome)
        {
            Loops.ThrowIfEndless(exchange, upstream);
        }

        exchange.RewindReadBody();
        exchange.ThrowIfBodyIsBegun();
        while (true)
        {
            exchange.Attempts++;
            var peer = await ChooseAsync(exchange, route, upstream);
            if (peer is null || !peer.TryEnter())
            {
                peer = await Admission.EnterAsync(exchange, route, upstream);
            }

            ForwardOutcome outcome;
            try
            {
                exchange.Peer = peer;
                if (exchange.Attempts == 1 && route.RequestBodyFilter is { } filters)
                {
                    await exchange.FilterRequestBodyAsync(filters);
                }

                exchange.MayRetry = exchange.Attempts < upstream.Model.MaxAttempts && exchange.CanSendBodyAgain;
                exchange.AttemptStarted = exchange.Time.GetTimestamp();
                exchange.HeadersReceived = 0;
                outcome = await exchange.Snapshot.Forwarder.ForwardAsync(exchange, upstream, peer);
            }
            finally
            {
                peer.State.Leave();
            }

            await Outcomes.TellAsync(exchange, route, upstream, outcome.Failure);
            if (outcome.Failure == ForwardFailure.None)
            {
                return;
            }

            if (outcome.Failure != ForwardFailure.Retry)
            {
                throw new ForwardFailedException(outcome, Describe(exchange, outcome, upstream, peer, route));
            }

            LogRetry(exchange.GatewayLogger, exchange.RequestId, upstream.Name, peer.Name, exchange.Attempts);
            (exchange.TriedPeers ??= []).Add(peer);
            exchange.TryTakeBack();
            exchange.RewindBody();
        }
    }

    private static async ValueTask LookUpAsync(Exchange exchange, RoutePipeline route, Upstream upstream)
    {
        if (route.Lookup is { } lookup)
        {
            exchange.CacheDecision = await Phases.FirstAsync(lookup, exchange, exchange.LookupContext, CacheDecision.Default);
        }

        if (route.Cache is not { } cache)
        {
            await RunAsync(exchange, route, upstream);
            return;
        }

        if (route.BodyFilter is not null)
        {
            // What is stored is filtered whole.
            BodyHeaders.AdjustRequest(exchange.Http.Request.Headers);
        }

        await cache.AnswerAsync(exchange.CacheContext);
        if (Cached.Enabled)
        {
            Cached.Add(1, new("outcome", exchange.CacheOutcome.ToString()), new("reason", exchange.CacheReason));
        }
    }

    internal static ValueTask<Peer?> ChooseAsync(Exchange exchange, RoutePipeline route, Upstream upstream)
    {
        if (route.Balancer is not { } handlers)
        {
            return new ValueTask<Peer?>(ByPolicy(exchange, upstream));
        }

        var pending = Phases.FirstAsync(handlers, exchange, exchange.BalancerContext, goOn: null);
        return pending.IsCompletedSuccessfully
            ? new ValueTask<Peer?>(pending.Result ?? ByPolicy(exchange, upstream))
            : AwaitAsync(pending, exchange, upstream);

        static async ValueTask<Peer?> AwaitAsync(ValueTask<Peer?> pending, Exchange exchange, Upstream upstream) =>
            await pending ?? ByPolicy(exchange, upstream);
    }

    private static Peer? ByPolicy(Exchange exchange, Upstream upstream)
    {
        var available = upstream.Available(exchange.TriedPeers);
        return upstream.Policy is { } policy && (available.Length > 0 || policy.KeepsVisitors) ? policy.Pick(exchange.BalancerContext, available) : null;
    }

    private static string Describe(Exchange exchange, ForwardOutcome outcome, Upstream upstream, Peer peer, RoutePipeline route) => outcome.Failure switch
    {
        ForwardFailure.TimedOut when exchange.HeadersReceived != 0 =>
            $"upstream {upstream.Name}: {peer.Name} fell silent in the middle of its answer (idle {upstream.Model.IdleTimeout.TotalSeconds} s)",
        ForwardFailure.TimedOut when outcome.Error is ConnectTimeoutException or HttpRequestException or OperationCanceledException { InnerException: TimeoutException } =>
            $"upstream {upstream.Name}: {peer.Name} took no connection in time (connect {upstream.Model.ConnectTimeout.TotalSeconds} s)",
        ForwardFailure.TimedOut =>
            $"upstream {upstream.Name}: {peer.Name} did not answer in time (answer {(route.Timeout ?? upstream.Model.AnswerTimeout).TotalSeconds} s)",
        ForwardFailure.Client => $"the client broke off: {Innermost(outcome.Error)}",
        ForwardFailure.Script => $"a filter of {route.Info.Pattern} failed: {Innermost(outcome.Error)}",
        _ => $"upstream {upstream.Name}: {peer.Name} failed: {Innermost(outcome.Error)}",
    };

    private static string Innermost(Exception? error) => error?.GetBaseException().Message ?? "no reason given";

    [LoggerMessage(20, LogLevel.Information, "{RequestId} upstream {Upstream}: attempt {Attempt} at {Peer} is repeated")]
    private static partial void LogRetry(ILogger logger, string requestId, string upstream, string peer, int attempt);
}
