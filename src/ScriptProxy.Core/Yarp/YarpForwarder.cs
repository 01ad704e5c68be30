using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Upstreams;
using Yarp.ReverseProxy.Forwarder;

namespace ScriptProxy.Core.Yarp;

/// <summary>Forwards with YARP's forwarder: HTTP/1.1 and 2, gRPC, WebSockets. A faster client for plain HTTP/1.1 can take its place behind <see cref="IForwarder"/>.</summary>
internal sealed class YarpForwarder(IHttpForwarder forwarder) : IForwarder
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ForwardOutcome> ForwardAsync(Exchange exchange, Upstream upstream, Peer peer)
    {
        var transformer = exchange.ForwarderState as ExchangeTransformer;
        exchange.ForwarderState = transformer ??= new ExchangeTransformer(exchange);
        transformer.Begin(upstream);
        try
        {
            var forwarding = ForwardingOf(exchange, upstream);

            // The client's leave is its own business, and the exchange ends what has outlived its generation.
            var error = await forwarder.SendAsync(exchange.Http, peer.Prefix, forwarding.Client, forwarding.Config, transformer, CancellationToken.None);
            if (error == ForwarderError.None)
            {
                return transformer.RetryWanted ? new ForwardOutcome(ForwardFailure.Retry, 0, null) : ForwardOutcome.Done;
            }

            return Outcome(exchange, transformer, error);
        }
        finally
        {
            transformer.End();
        }
    }

    private static ForwardOutcome Outcome(Exchange exchange, ExchangeTransformer transformer, ForwarderError error)
    {
        var context = exchange.Http;
        var cause = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        if (transformer.HandlerFailure is { } failed)
        {
            return new ForwardOutcome(ForwardFailure.Script, StatusCodes.Status500InternalServerError, failed);
        }

        if (FilterFailures.OutcomeOf(exchange) is { } filtered)
        {
            return filtered;
        }

        return error switch
        {
            ForwarderError.RequestTimedOut or ForwarderError.UpgradeActivityTimeout =>
                new ForwardOutcome(ForwardFailure.TimedOut, StatusCodes.Status504GatewayTimeout, cause),

            // The idle limit: a client that left would be told as ResponseBodyCanceled. By now the forwarder has aborted the request itself.
            ForwarderError.ResponseBodyDestination when cause is OperationCanceledException =>
                new ForwardOutcome(ForwardFailure.TimedOut, StatusCodes.Status504GatewayTimeout, cause),
            ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.ResponseBodyCanceled
                when !context.RequestAborted.IsCancellationRequested && !exchange.Snapshot.Expired.IsCancellationRequested =>
                new ForwardOutcome(ForwardFailure.TimedOut, StatusCodes.Status504GatewayTimeout, cause),
            ForwarderError.RequestBodyClient when !context.RequestAborted.IsCancellationRequested && BadRequest(cause) is null && IsShortBody(cause) =>
                new ForwardOutcome(ForwardFailure.Script, StatusCodes.Status500InternalServerError, new InvalidOperationException(
                    "the request's body is shorter than its Content-Length: " + Exchange.KeepsBody, cause)),
            ForwarderError.RequestBodyClient =>
                new ForwardOutcome(ForwardFailure.Client, BadRequest(cause)?.StatusCode ?? Failures.ClientLeft, cause),
            ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.ResponseBodyCanceled
                or ForwarderError.UpgradeRequestCanceled or ForwarderError.UpgradeResponseCanceled
                or ForwarderError.ResponseBodyClient or ForwarderError.UpgradeRequestClient or ForwarderError.UpgradeResponseClient =>
                new ForwardOutcome(ForwardFailure.Client, Failures.ClientLeft, cause),
            ForwarderError.Request when cause is TimeoutException or HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError, InnerException: TaskCanceledException } =>
                new ForwardOutcome(ForwardFailure.TimedOut, StatusCodes.Status504GatewayTimeout, cause),

            // The peer may seem to fail first where the client leaves in the middle of an upload.
            ForwarderError.Request or ForwarderError.RequestBodyDestination when context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted =>
                new ForwardOutcome(ForwardFailure.Client, Failures.ClientLeft, cause),
            _ => new ForwardOutcome(ForwardFailure.Upstream, StatusCodes.Status502BadGateway, cause),
        };
    }

    /// <summary>The body ended by itself, too early: the forwarder complains, and no stream has failed.</summary>
    private static bool IsShortBody(Exception? error) => error switch
    {
        AggregateException several => several.InnerExceptions.Any(IsShortBody),
        InvalidOperationException { InnerException: null } => true,
        _ => error?.InnerException is { } inner && IsShortBody(inner),
    };

    private static BadHttpRequestException? BadRequest(Exception? error) => error switch
    {
        BadHttpRequestException bad => bad,
        AggregateException several => several.InnerExceptions.Select(BadRequest).FirstOrDefault(bad => bad is not null),
        _ => error?.InnerException is { } inner ? BadRequest(inner) : null,
    };

    private static Forwarding ForwardingOf(Exchange exchange, Upstream upstream)
    {
        var configs = RequestConfigs.Of(upstream, exchange.Time);
        return exchange.Pipeline.Timeout is { } answer ? configs.WithTimeout(answer) : configs.Default;
    }
}
