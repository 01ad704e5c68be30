using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Pipeline;

/// <summary>A handler of a route, ready to be called: under the guard, and off the event loop until it has shown that it is quick.</summary>
/// <remarks>
/// Requests run where the socket's data arrives. A handler that blocks there would hold up every connection of that loop, so it runs on the
/// thread pool at first; after enough quick runs it is called in place, and sent back to the pool when it is slow (<see cref="HandlerPace"/>).
/// </remarks>
internal sealed class PhaseHandler<TContext, TAnswer>(Handler<TContext, TAnswer> handler, string phase, TimeSpan budget)
    where TContext : class
{
    private readonly HandlerPace _pace = new();

    internal ScriptLocation Source => handler.File is { } file ? new ScriptLocation(file, 1) : handler.Source;

    internal string Phase => phase;

    internal ValueTask<TAnswer?> InvokeAsync(Exchange exchange, TContext context) =>
        _pace.IsQuick || Thread.CurrentThread.IsThreadPoolThread
            ? InvokeHere(exchange, context)
            : InvokeOnPoolAsync(exchange, context);

    private async ValueTask<TAnswer?> InvokeOnPoolAsync(Exchange exchange, TContext context)
    {
        await Task.Yield();
        return await InvokeHere(exchange, context);
    }

    private ValueTask<TAnswer?> InvokeHere(Exchange exchange, TContext context)
    {
        var scope = exchange.Scope;
        ValueTask<TAnswer?> answer;
        var run = scope.Begin(budget);
        try
        {
            answer = handler.InvokeAsync(context);
        }
        catch (Exception error)
        {
            scope.End(run);
            throw Failed(error);
        }

        if (answer.IsCompleted)
        {
            scope.End(run);
            _pace.Judge(scope.LastRun);
            return answer.IsCompletedSuccessfully ? answer : AwaitAsync(answer, scope: null);
        }

        scope.Suspend(run);
        return AwaitAsync(answer, scope);
    }

    private async ValueTask<TAnswer?> AwaitAsync(ValueTask<TAnswer?> answer, Guarding.GuardScope? scope)
    {
        try
        {
            return await answer;
        }
        catch (Exception error)
        {
            throw Failed(error);
        }
        finally
        {
            scope?.Complete();
        }
    }

    /// <remarks>A write of a Content handler runs HeaderFilter: then that one is to be named.</remarks>
    private HandlerFailedException Failed(Exception error) => error as HandlerFailedException ?? new(phase, Source, error);
}

/// <summary>A handler threw, or ran over its budget.</summary>
internal sealed class HandlerFailedException(string phase, ScriptLocation source, Exception inner)
    : Exception($"the {phase} handler at {source} failed: {inner.Message}", inner)
{
    internal string Phase { get; } = phase;

    internal ScriptLocation Handler { get; } = source;
}
