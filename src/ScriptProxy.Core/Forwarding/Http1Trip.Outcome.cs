using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Pipeline;

namespace ScriptProxy.Core.Forwarding;

/// <content>Whose fault it was.</content>
internal sealed partial class Http1Trip
{
    private ForwardOutcome Outcome(Exception error)
    {
        if (error is HandlerFailedException)
        {
            return new ForwardOutcome(ForwardFailure.Script, StatusCodes.Status500InternalServerError, error);
        }

        if (FilterFailures.OutcomeOf(_exchange) is { } filtered)
        {
            return filtered;
        }

        if (Context.RequestAborted.IsCancellationRequested && !_isLate)
        {
            return new ForwardOutcome(ForwardFailure.Client, Failures.ClientLeft, error);
        }

        if (_isLate && _clientIsLate)
        {
            return new ForwardOutcome(
                ForwardFailure.Client,
                StatusCodes.Status408RequestTimeout,
                new TimeoutException($"it sent nothing more of its body for {_upstream.Model.IdleTimeout.TotalSeconds} s", error));
        }

        if (_isLate)
        {
            return new ForwardOutcome(ForwardFailure.TimedOut, StatusCodes.Status504GatewayTimeout, new TimeoutException("the peer took too long", error));
        }

        return _upload?.ClientFailure switch
        {
            BadHttpRequestException bad => new ForwardOutcome(ForwardFailure.Client, bad.StatusCode, bad),
            RequestBodyLengthException length => new ForwardOutcome(
                ForwardFailure.Script, StatusCodes.Status500InternalServerError, new InvalidOperationException($"{length.Message}: {Exchange.KeepsBody}", length)),
            { } failure and not OperationCanceledException => new ForwardOutcome(ForwardFailure.Client, Failures.ClientLeft, failure),
            _ => error switch
            {
                TimeoutException => new ForwardOutcome(ForwardFailure.TimedOut, StatusCodes.Status504GatewayTimeout, error),
                SocketException { SocketErrorCode: SocketError.TimedOut } => new ForwardOutcome(ForwardFailure.TimedOut, StatusCodes.Status504GatewayTimeout, error),
                ArgumentException or UriFormatException => new ForwardOutcome(ForwardFailure.Script, StatusCodes.Status500InternalServerError, error),
                _ => new ForwardOutcome(ForwardFailure.Upstream, StatusCodes.Status502BadGateway, error),
            },
        };
    }
}
