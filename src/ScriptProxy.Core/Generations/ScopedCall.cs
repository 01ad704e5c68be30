using ScriptProxy.Core.Guarding;

namespace ScriptProxy.Core.Generations;

/// <summary>Calls script code that belongs to no request: a load, Init, Exit, a timer.</summary>
internal static class ScopedCall
{
    /// <summary>Runs on the thread pool, under the guard.</summary>
    internal static async Task RunAsync(GuardScope scope, TimeSpan budget, Func<ValueTask> call)
    {
        await Task.Yield();
        scope.Activate();
        var run = scope.Begin(budget);
        ValueTask pending;
        try
        {
            pending = call();
        }
        catch
        {
            scope.End(run);
            throw;
        }

        if (pending.IsCompleted)
        {
            scope.End(run);
            await pending;
            return;
        }

        scope.Suspend(run);
        try
        {
            await pending;
        }
        finally
        {
            scope.Complete();
        }
    }
}
