using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Core.Pipeline;

/// <summary>
/// The order of phases:
/// gateway Rewrite, route, Rewrite, Access, Content | Files | Lookup, Balancer, UpstreamRequest, forward, UpstreamResponse,
/// HeaderFilter, BodyFilter, Log.
/// </summary>
internal static class RequestPipeline
{
    internal static async Task RunAsync(Exchange exchange)
    {
        try
        {
            if (exchange.Depth == 0)
            {
                Framing.ThrowIfRefused(exchange.Http);
            }

            var verdict = await DecideAsync(exchange);
            if (verdict is { What: Verdict.Kind.Exec })
            {
                verdict = await FollowAsync(exchange, verdict);
            }

            if (verdict is not null)
            {
                await Answers.WriteAsync(exchange, verdict);
            }
            else if (exchange.ForwardTo is { } upstream)
            {
                // Here and not where it was decided: while the peer is waited for, every method in between would be kept on the heap.
                await Attempts.AnswerAsync(exchange, exchange.Pipeline, upstream);
            }

            if (verdict is not { What: Verdict.Kind.Drop })
            {
                await exchange.FinishAnswerAsync();
            }
        }
        catch (Exception error)
        {
            await Failures.AnswerAsync(exchange, error);
        }

        if (exchange.Pipeline.Log is { } log)
        {
            await Logs.RunAsync(exchange, log);
        }
    }

    /// <summary>After a failure, nothing of which was sent: answers by another path. What fails here fails for good.</summary>
    /// <returns>The verdict answered with; null where there was none.</returns>
    internal static async ValueTask<Verdict?> RunAgainAsync(Exchange exchange, Verdict exec)
    {
        exchange.BeginAgain();
        var verdict = await FollowAsync(exchange, exec);
        if (verdict is not null)
        {
            await Answers.WriteAsync(exchange, verdict);
        }
        else if (exchange.ForwardTo is { } upstream)
        {
            await Attempts.RunAsync(exchange, exchange.Pipeline, upstream);
        }

        return verdict;
    }

    private static async ValueTask<Verdict?> FollowAsync(Exchange exchange, Verdict? verdict)
    {
        for (var loops = 1; verdict is { What: Verdict.Kind.Exec }; loops++)
        {
            if (loops > exchange.Snapshot.Limits.ExecLoops)
            {
                throw new GatewayFailedException($"Exec was called more than {exchange.Snapshot.Limits.ExecLoops} times, last for {verdict.Payload}");
            }

            exchange.Redirect((string)verdict.Payload!);
            verdict = await DecideRouteAsync(exchange);
        }

        return verdict;
    }

    /// <returns>The verdict to answer with; null when the answer is done, or is to come from <see cref="Exchange.ForwardTo"/>.</returns>
    private static ValueTask<Verdict?> DecideAsync(Exchange exchange)
    {
        if (exchange.Snapshot.Rewrite is not { } handlers)
        {
            return DecideRouteAsync(exchange);
        }

        exchange.WatchBody();
        var pending = Phases.FirstAsync(handlers, exchange, exchange.RewriteContext, Verdict.Next);
        return !pending.IsCompletedSuccessfully
            ? AwaitAsync(exchange, pending)
            : pending.Result is { } verdict ? new ValueTask<Verdict?>(verdict) : exchange.HasBegun ? default : DecideRouteAsync(exchange);

        static async ValueTask<Verdict?> AwaitAsync(Exchange exchange, ValueTask<Verdict?> pending) =>
            await pending is { } verdict ? verdict : exchange.HasBegun ? null : await DecideRouteAsync(exchange);
    }

    private static async ValueTask<Verdict?> DecideRouteAsync(Exchange exchange)
    {
        var context = exchange.Http;
        if (!context.Request.Path.HasValue && exchange.UntouchedTarget is "*")
        {
            // OPTIONS * asks whether the server is there, not for a resource (RFC 9110, 9.3.7), and for a client the gateway is the server.
            exchange.Enter(exchange.Snapshot.NoRoute);
            return Verdict.Respond(StatusCodes.Status200OK, payload: null, contentType: null);
        }

        await exchange.Snapshot.Router(context);
        if (context.GetEndpoint() is not { RequestDelegate: { } chosen })
        {
            exchange.Enter(exchange.Snapshot.NoRoute);
            return await NoRouteAsync(exchange);
        }

        if (chosen.Target is not RoutePipeline route)
        {
            // The router's own answer: 405 with the methods that there are.
            exchange.Enter(exchange.Snapshot.NoRoute);
            await chosen(context);
            return Verdict.Respond(context.Response.StatusCode, Answers.Reason(context.Response.StatusCode), contentType: null);
        }

        exchange.Enter(route);
        Verdict? verdict;
        if (route.Rewrite is { } rewrite
            && ((verdict = await Phases.FirstAsync(rewrite, exchange, exchange.RewriteContext, Verdict.Next)) is not null || exchange.HasBegun))
        {
            return verdict;
        }

        if (route.Access is { } access
            && ((verdict = await Phases.FirstAsync(access, exchange, exchange.AccessContext, Verdict.Next)) is not null || exchange.HasBegun))
        {
            return verdict;
        }

        if (route.Content is { } content)
        {
            verdict = await ContentPhase.RunAsync(exchange, content, goesOn: route is not { Upstream: null, Files: null });
            if (verdict is not { What: Verdict.Kind.Next })
            {
                return verdict;
            }
        }

        if (route.Files is { } files)
        {
            exchange.PrepareFile();
            if (await files.TryServeAsync(context, exchange.FilePath))
            {
                return null;
            }
        }

        if (route.Upstream is { } upstream)
        {
            exchange.ForwardTo = upstream;
            return null;
        }

        return Answers.NotFound;
    }

    private static async ValueTask<Verdict?> NoRouteAsync(Exchange exchange)
    {
        // Content and Access on the gateway run for every route; where none matched, they still may answer.
        var none = exchange.Snapshot.NoRoute;
        if (none.Access is { } access)
        {
            var refused = await Phases.FirstAsync(access, exchange, exchange.AccessContext, Verdict.Next);
            if (refused is not null || exchange.HasBegun)
            {
                return refused;
            }
        }

        if (none.Content is { } content)
        {
            var verdict = await ContentPhase.RunAsync(exchange, content, goesOn: true);
            if (verdict is not { What: Verdict.Kind.Next })
            {
                return verdict;
            }
        }

        return Answers.NotFound;
    }
}
