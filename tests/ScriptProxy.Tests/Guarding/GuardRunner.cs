using ScriptProxy.Core.Guarding;

namespace ScriptProxy.Tests.Guarding;

/// <summary>Runs handlers under a scope as the pipeline does.</summary>
internal static class GuardRunner
{
    public static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(100);

    /// <summary>What a test waits at most for something that happens within a fraction of it, on a machine that is busy.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Exception? Run(Action handler, GuardScope? scope = null) =>
        Run(() =>
        {
            handler();
            return 0;
        }, scope, out _);

    public static Exception? Run<T>(Func<T> handler, GuardScope? scope, out T? result)
    {
        scope ??= new GuardScope();
        scope.Activate();
        var run = scope.Begin(Budget);
        try
        {
            result = handler();
            return null;
        }
        catch (Exception error)
        {
            result = default;
            return error;
        }
        finally
        {
            scope.End(run);
        }
    }

    /// <summary>An async handler; the caller's own continuation stays outside of the script's piece.</summary>
    public static async Task<Exception?> RunAsync(Func<Task> handler, GuardScope? scope = null, TimeSpan? budget = null)
    {
        scope ??= new GuardScope();
        scope.Activate();
        var run = scope.Begin(budget ?? Budget);
        Task task;
        try
        {
            task = handler();
        }
        catch (Exception error)
        {
            scope.End(run);
            return error;
        }
        if (task.IsCompleted)
        {
            scope.End(run);
            return task.Exception?.InnerException;
        }
        scope.Suspend(run);
        try
        {
            await task.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            return null;
        }
        catch (Exception error)
        {
            return error;
        }
        finally
        {
            scope.Complete();
        }
    }

    /// <summary>Runs on a thread of its own, so that a guard that fails shows as a failed test and not as one that hangs.</summary>
    public static async Task<T> OnThread<T>(Func<T> run)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                done.SetResult(run());
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        }) { IsBackground = true };
        thread.Start();
        return await done.Task.WaitAsync(Patience);
    }

    public static async Task Ticks(long count)
    {
        Watchdog.Start();
        for (var until = GuardClock.Now + count; GuardClock.Now < until;)
            await Task.Yield();
    }
}
