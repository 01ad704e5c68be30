using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Core.Pipeline;

/// <summary>Whose fault it is where a filter of a body ended an attempt, whichever way it was forwarded.</summary>
internal static class FilterFailures
{
    /// <returns>Null where no filter has failed.</returns>
    internal static ForwardOutcome? OutcomeOf(Exchange exchange)
    {
        if (exchange.RequestBodyFailure is { } filter and not OperationCanceledException)
        {
            return filter switch
            {
                BodyTooLargeException => new ForwardOutcome(ForwardFailure.Client, StatusCodes.Status413PayloadTooLarge, filter),
                BodyBrokenException => new ForwardOutcome(ForwardFailure.Client, StatusCodes.Status400BadRequest, filter),
                _ => new ForwardOutcome(ForwardFailure.Script, StatusCodes.Status500InternalServerError, filter),
            };
        }

        if (exchange.BodyFailure is { } body and not OperationCanceledException)
        {
            return body is BodyNotFilterableException or BodyTooLargeException or BodyBrokenException
                ? new ForwardOutcome(ForwardFailure.Upstream, StatusCodes.Status502BadGateway, body)
                : new ForwardOutcome(ForwardFailure.Script, StatusCodes.Status500InternalServerError, body);
        }

        return null;
    }
}
