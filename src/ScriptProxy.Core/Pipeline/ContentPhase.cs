namespace ScriptProxy.Core.Pipeline;

/// <summary>Content differs from the other phases: who answers nothing has written to Response itself, and who says Next has not.</summary>
internal static class ContentPhase
{
    /// <param name="exchange">The request.</param>
    /// <param name="handlers">In the order written.</param>
    /// <param name="goesOn">Somebody behind may answer.</param>
    /// <returns>The verdict to answer with; null when the handlers wrote the answer; Next when none did, and somebody behind may.</returns>
    internal static async ValueTask<Verdict?> RunAsync(Exchange exchange, PhaseHandler<ContentContext, Verdict>[] handlers, bool goesOn)
    {
        exchange.FilterOnStart(WebSocketOffer.Make(exchange.Http));
        var silent = false;

        // Phases before may have said something of an answer, and left it to others.
        var said = exchange.Said;
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

            if (exchange.HasWritten || exchange.Said != said)
            {
                return null;
            }

            silent |= verdict is null;
        }

        // An empty answer is an answer, unless somebody behind could give one.
        return goesOn ? Verdict.Next : silent ? null : Answers.NotFound;
    }
}
