using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Pipeline;

/// <summary>Runs the handlers of one phase, in the order written. As long as they complete synchronously nothing is allocated.</summary>
internal static class Phases
{
    /// <summary>The first answer that is not null and not <paramref name="goOn"/> ends the phase.</summary>
    internal static ValueTask<TAnswer?> FirstAsync<TContext, TAnswer>(
        PhaseHandler<TContext, TAnswer>[] handlers, Exchange exchange, TContext context, TAnswer? goOn)
        where TContext : class
        where TAnswer : class
    {
        for (var i = 0; i < handlers.Length; i++)
        {
            var pending = handlers[i].InvokeAsync(exchange, context);
            if (!pending.IsCompletedSuccessfully)
            {
                return RestAsync(handlers, i, pending, exchange, context, goOn);
            }

            if (pending.Result is { } answer && !ReferenceEquals(answer, goOn))
            {
                return new ValueTask<TAnswer?>(answer);
            }
        }

        return default;
    }

    internal static ValueTask AllAsync<TContext>(PhaseHandler<TContext, Nothing>[] handlers, Exchange exchange, TContext context)
        where TContext : class
    {
        for (var i = 0; i < handlers.Length; i++)
        {
            var pending = handlers[i].InvokeAsync(exchange, context);
            if (!pending.IsCompletedSuccessfully)
            {
                return RestAsync(handlers, i, pending, exchange, context);
            }

            _ = pending.Result;
        }

        return default;
    }

    private static async ValueTask<TAnswer?> RestAsync<TContext, TAnswer>(
        PhaseHandler<TContext, TAnswer>[] handlers, int at, ValueTask<TAnswer?> pending, Exchange exchange, TContext context, TAnswer? goOn)
        where TContext : class
        where TAnswer : class
    {
        while (true)
        {
            if (await pending is { } answer && !ReferenceEquals(answer, goOn))
            {
                return answer;
            }

            if (++at == handlers.Length)
            {
                return null;
            }

            pending = handlers[at].InvokeAsync(exchange, context);
        }
    }

    private static async ValueTask RestAsync<TContext>(
        PhaseHandler<TContext, Nothing>[] handlers, int at, ValueTask<Nothing> pending, Exchange exchange, TContext context)
        where TContext : class
    {
        while (true)
        {
            await pending;
            if (++at == handlers.Length)
            {
                return;
            }

            pending = handlers[at].InvokeAsync(exchange, context);
        }
    }
}
