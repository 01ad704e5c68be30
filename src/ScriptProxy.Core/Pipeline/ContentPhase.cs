namespace ScriptProxy.Core.Pipeline;

/// <summary>Content differs from the other phases: who answers nothing has written to Response itself, and who says Next has not.</summary>
internal static class ContentPhase
{
    /// <returns>The verdict to answer with; null when the handlers wrote the answer, or when none wants to answer.</returns>
    internal static async ValueTask<Verdict?> RunAsync(Exchange exchange, PhaseHandler<ContentContext, Verdict>[] handlers)
    {
        exchange.FilterOnStart(WebSocketOffer.Make(exchange.Http));
        var silent = false;
        foreach (var handler in handlers)
        {
            var verdict = await handler.InvokeAsync(exchange, exchange.ContentContext);
            if (verdict is { What: not Verdict.Kind.Next })
            {
                return exchange.HasWritten && verdict.What != Verdict.Kind.Drop
                    ? throw new HandlerFailedException(
                        handler.Phase, handler.Source, new InvalidOperationException($"the verdict {verdict} came after the handler had written to Response"))
                    : verdict;
            }

            if (exchange.Http.Response is { HasStarted: false, StatusCode: var status and (< 100 or > 999) })
            {
                throw new HandlerFailedException(handler.Phase, handler.Source, new InvalidOperationException($"the status {status} is none: it has three digits"));
            }

            if (exchange.HasAnswer)
            {
                return null;
            }

            silent |= verdict is null;
        }

        // An empty answer is an answer, unless somebody behind could give one.
        return silent || exchange.Pipeline is not { Upstream: null, Files: null } ? null : Answers.NotFound;
    }
}
