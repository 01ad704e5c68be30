using ScriptProxy.Core.Pipeline;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>A handler that tells of each of its runs.</summary>
internal sealed class TracedHandler<TContext, TAnswer>(Handler<TContext, TAnswer> handler, string phase, ITrace trace) : Handler<TContext, TAnswer>(handler.Source)
{
    internal override async ValueTask<TAnswer?> InvokeAsync(TContext context)
    {
        object? answer = null;
        Exception? failure = null;
        try
        {
            var result = await handler.InvokeAsync(context);
            answer = result is Nothing ? null : result;
            return result;
        }
        catch (Exception error)
        {
            failure = error;
            throw;
        }
        finally
        {
            if (context is ExchangeContext { Exchange: var exchange })
            {
                trace.HandlerRan(exchange, phase, Source, answer, failure);
            }
        }
    }
}
