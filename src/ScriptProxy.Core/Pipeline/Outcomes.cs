using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Upstreams;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Pipeline;

/// <summary>Tells the policies how an attempt ended. What one throws is logged and harms nobody.</summary>
internal static partial class Outcomes
{
    internal static ValueTask TellAsync(Exchange exchange, RoutePipeline route, Upstream upstream, ForwardFailure failure)
    {
        if (!upstream.HasListeners && route.AttemptEnded is null)
        {
            return default;
        }

        exchange.Outcome = Describe(exchange, failure);
        try
        {
            upstream.Tell(exchange.BalancerContext, exchange.Outcome);
            if (route.AttemptEnded is not { } own)
            {
                return default;
            }

            var pending = own.InvokeAsync(exchange, exchange.BalancerContext);
            if (!pending.IsCompletedSuccessfully)
            {
                return AwaitAsync(exchange, upstream, pending);
            }

            _ = pending.Result;
            return default;
        }
        catch (Exception error)
        {
            LogFailed(exchange.GatewayLogger, exchange.RequestId, upstream.Name, error.Message);
            return default;
        }
    }

    private static async ValueTask AwaitAsync(Exchange exchange, Upstream upstream, ValueTask<Nothing> pending)
    {
        try
        {
            await pending;
        }
        catch (Exception error)
        {
            LogFailed(exchange.GatewayLogger, exchange.RequestId, upstream.Name, error.Message);
        }
    }

    private static AttemptOutcome Describe(Exchange exchange, ForwardFailure failure)
    {
        var time = exchange.Time;
        var answered = exchange.HeadersReceived != 0;
        return new AttemptOutcome
        {
            Peer = exchange.Peer!,
            TimeToHeaders = answered ? time.GetElapsedTime(exchange.AttemptStarted, exchange.HeadersReceived) : null,
            Elapsed = time.GetElapsedTime(exchange.AttemptStarted),
            Failed = failure is ForwardFailure.Retry or ForwardFailure.Upstream or ForwardFailure.TimedOut || (answered && exchange.UpstreamStatus is >= 500 and <= 599),
        };
    }

    [LoggerMessage(21, LogLevel.Error, "{RequestId} upstream {Upstream}: the policy's AttemptEnded failed: {Reason}")]
    private static partial void LogFailed(ILogger logger, string requestId, string upstream, string reason);
}
