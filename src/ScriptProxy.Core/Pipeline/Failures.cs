using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Bodies;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Core.Pipeline;

/// <summary>The gateway cannot go on with a request, through no fault of a peer or a script.</summary>
internal sealed class GatewayFailedException(string message, int status = StatusCodes.Status500InternalServerError, Exception? inner = null) : Exception(message, inner)
{
    internal int Status { get; } = status;
}

/// <summary>An attempt failed in a way that ends the request.</summary>
internal sealed class ForwardFailedException(ForwardOutcome outcome, string message) : Exception(message, outcome.Error)
{
    internal ForwardOutcome Outcome { get; } = outcome;
}

/// <summary>What becomes of a request that failed: a line in the log, the Error phase, an answer, or, too late for one, a broken connection.</summary>
internal static partial class Failures
{
    /// <summary>nginx's status of a client that went away: nobody gets it, the logs tell it.</summary>
    internal const int ClientLeft = 499;

    internal static async ValueTask AnswerAsync(Exchange exchange, Exception error)
    {
        var context = exchange.Http;
        var (source, status) = Classify(exchange, error);
        var cutOff = status == ClientLeft && exchange.Snapshot.Expired.IsCancellationRequested;
        if (cutOff)
        {
            // The gateway broke off, not the client.
            error = new GatewayFailedException(
                $"cut off: its load was replaced more than {exchange.Snapshot.Limits.OldRequests?.TotalSeconds} s ago (OldRequests)", StatusCodes.Status503ServiceUnavailable, error);
            (source, status) = (ErrorSource.Gateway, StatusCodes.Status503ServiceUnavailable);
        }

        exchange.Error = Cause(error);
        exchange.ErrorSource = source;
        Log(exchange, error, source, status);
        if ((cutOff || source == ErrorSource.Client) && context.RequestAborted.IsCancellationRequested)
        {
            Answers.TellStatus(exchange, status);
            return;
        }

        exchange.Spare(error, again: false);
        if (!exchange.TryTakeBack())
        {
            // Headers are out: only a broken connection tells the client that the rest is missing.
            context.Abort();
            return;
        }

        Verdict? told = null;
        try
        {
            context.Response.StatusCode = status;
            told = await ErrorPhaseAsync(exchange);
            if (told is null && exchange.HasBegun)
            {
                // A handler has written the answer by itself.
                await exchange.FinishAnswerAsync();
                return;
            }

            // A handler may have set another status.
            var verdict = told ?? Verdict.Respond(context.Response.StatusCode, Answers.Reason(context.Response.StatusCode), contentType: null);
            if (verdict.What == Verdict.Kind.Exec)
            {
                verdict = await RequestPipeline.RunAgainAsync(exchange, verdict);
            }
            else
            {
                await Answers.WriteAsync(exchange, verdict);
            }

            if (verdict is not { What: Verdict.Kind.Drop })
            {
                await exchange.FinishAnswerAsync();
            }
        }
        catch (Exception again)
        {
            LogAgain(exchange.GatewayLogger, exchange.RequestId, Describe(exchange, Cause(again)));
            exchange.Spare(again, again: true);
            await LastResortAsync(exchange, told, status);
        }
    }

    private static async ValueTask<Verdict?> ErrorPhaseAsync(Exchange exchange)
    {
        if (exchange.Pipeline.Error is not { } handlers)
        {
            return null;
        }

        var verdict = await Phases.FirstAsync(handlers, exchange, exchange.ErrorContext, Verdict.Next);
        return verdict is not { What: Verdict.Kind.Exec } || exchange.CanSendBodyAgain
            ? verdict
            : throw new GatewayFailedException($"Exec({verdict.Payload}) in the Error phase: the request's body is gone; read it before (ReadBodyAsync) to keep it");
    }

    /// <summary>A filter or Error failed as well: what Error said, or else the plain answer, past the filters that failed.</summary>
    private static async ValueTask LastResortAsync(Exchange exchange, Verdict? told, int status)
    {
        var plain = Verdict.Respond(status, Answers.Reason(status), contentType: null);
        Verdict[] left = told is { What: Verdict.Kind.Respond or Verdict.Kind.Redirect } ? [told, plain, plain] : [plain, plain];
        for (var i = 0; i < left.Length; i++)
        {
            if (!exchange.TryTakeBack())
            {
                break;
            }

            exchange.PassBody();

            // The last time past all filters.
            exchange.Filtered = i == left.Length - 1;
            try
            {
                await Answers.WriteAsync(exchange, left[i]);
                await exchange.FinishAnswerAsync();
                return;
            }
            catch (Exception worse)
            {
                exchange.Spare(worse, again: true);

                // It cannot be sent at all, such as a content type that is no header: the next one can, or nothing.
            }
        }

        exchange.Http.Abort();
    }

    private static (ErrorSource Source, int Status) Classify(Exchange exchange, Exception error) => error switch
    {
        HandlerFailedException { InnerException: BadHttpRequestException bad } => (ErrorSource.Client, bad.StatusCode),
        HandlerFailedException { InnerException: OperationCanceledException } when exchange.Http.RequestAborted.IsCancellationRequested => (ErrorSource.Client, ClientLeft),
        HandlerFailedException => (ErrorSource.Script, StatusCodes.Status500InternalServerError),
        ForwardFailedException { Outcome: var outcome } => outcome.Failure switch
        {
            ForwardFailure.Client => (ErrorSource.Client, outcome.Status),
            ForwardFailure.Script => (ErrorSource.Script, StatusCodes.Status500InternalServerError),
            _ => (ErrorSource.Upstream, outcome.Status),
        },
        BadHttpRequestException bad => (ErrorSource.Client, bad.StatusCode),
        BodyNotFilterableException => (ErrorSource.Upstream, StatusCodes.Status502BadGateway),
        BodyBrokenException when ReferenceEquals(error, exchange.BodyFailure) => (ErrorSource.Upstream, StatusCodes.Status502BadGateway),
        BodyTooLargeException => (ErrorSource.Upstream, StatusCodes.Status502BadGateway),
        _ when ReferenceEquals(error, exchange.BodyFailure) && !exchange.Http.RequestAborted.IsCancellationRequested =>
            (ErrorSource.Script, StatusCodes.Status500InternalServerError),
        OperationCanceledException when exchange.Http.RequestAborted.IsCancellationRequested => (ErrorSource.Client, ClientLeft),
        GatewayFailedException failed => (ErrorSource.Gateway, failed.Status),
        _ => (ErrorSource.Gateway, StatusCodes.Status500InternalServerError),
    };

    /// <summary>What the Error and Log phases see: the script's own exception rather than our wrapping of it.</summary>
    private static Exception Cause(Exception error) => error switch
    {
        ForwardFailedException { Outcome: { Failure: ForwardFailure.Script, Error: { } failed } } => Cause(failed),
        HandlerFailedException { InnerException: { } inner } => inner,
        _ => error,
    };

    private static void Log(Exchange exchange, Exception error, ErrorSource source, int status)
    {
        var logger = exchange.GatewayLogger;
        var request = exchange.Http.Request;
        switch (source)
        {
            case ErrorSource.Client:
                LogClient(logger, exchange.RequestId, request.Method, request.Path, status, error.GetBaseException().Message);
                break;
            case ErrorSource.Upstream:
                LogUpstream(logger, exchange.RequestId, request.Method, request.Path, status, error.Message);
                break;
            case ErrorSource.Script:
                var failed = error as HandlerFailedException ?? error.InnerException as HandlerFailedException;
                if (failed is null && exchange is { BodyFailure: null, RequestBodyFailure: null })
                {
                    // What a handler did before is found out only now.
                    LogGateway(logger, exchange.RequestId, request.Method, request.Path, status, $"{exchange.Route.Pattern} at {exchange.Route.Source}: {(error.InnerException ?? error).Message}");
                    break;
                }

                LogScript(
                    logger,
                    exchange.RequestId,
                    request.Method,
                    request.Path,
                    status,
                    failed?.Phase ?? (exchange.BodyFailure is null ? "RequestBodyFilter" : "BodyFilter"),
                    failed is null ? exchange.Route.Source : ScriptPaths.Display(failed.Handler, exchange.Snapshot.BaseFolder),
                    Describe(exchange, failed?.InnerException ?? error.InnerException ?? error));
                break;
            default:
                LogGateway(logger, exchange.RequestId, request.Method, request.Path, status, error is GatewayFailedException ? error.Message : error.ToString());
                break;
        }
    }

    private static string Describe(Exchange exchange, Exception error) => ScriptErrors.Describe(error, exchange.Snapshot.BaseFolder).ToString();

    [LoggerMessage(10, LogLevel.Debug, "{RequestId} {Method} {Path}: {Status}, the client: {Reason}")]
    private static partial void LogClient(ILogger logger, string requestId, string method, string path, int status, string reason);

    [LoggerMessage(11, LogLevel.Warning, "{RequestId} {Method} {Path}: {Status}, {Reason}")]
    private static partial void LogUpstream(ILogger logger, string requestId, string method, string path, int status, string reason);

    [LoggerMessage(12, LogLevel.Error, "{RequestId} {Method} {Path}: {Status}, the {Phase} handler at {Handler} failed: {Reason}")]
    private static partial void LogScript(
        ILogger logger, string requestId, string method, string path, int status, string phase, string handler, string reason);

    [LoggerMessage(13, LogLevel.Error, "{RequestId} {Method} {Path}: {Status}, {Reason}")]
    private static partial void LogGateway(ILogger logger, string requestId, string method, string path, int status, string reason);

    [LoggerMessage(14, LogLevel.Error, "{RequestId} while the failure was answered: {Reason}")]
    private static partial void LogAgain(ILogger logger, string requestId, string reason);
}
