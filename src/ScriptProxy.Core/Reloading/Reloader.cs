using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Core.Reloading;

/// <summary>Loads again when a file that the load read has changed, once all of them are still.</summary>
/// <param name="seen">What the last load read or looked for, as it was then.</param>
/// <param name="expected">What a load would look at now before it reads anything: more may lie there than the last one saw.</param>
/// <param name="load">Loads; an exception leaves everything as it was.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Gets what is wrong with a load that failed.</param>
internal sealed partial class Reloader(
    Func<FileState> seen, Func<IEnumerable<string>> expected, Func<CancellationToken, Task> load, TimeProvider time, ILogger logger)
{
    /// <summary>Several saves within this time make one load.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(40);

    /// <summary>Folders are copied file by file, and assemblies piece by piece.</summary>
    private static readonly TimeSpan SettleCopies = TimeSpan.FromMilliseconds(250);

    /// <summary>How often is looked without a hint: for file systems that give none, and folders behind links.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock _lock = new();
    private TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _forced;

    /// <summary>Loads again in any case (SIGHUP).</summary>
    /// <returns>Completes when a load that began after this call has ended, well or not; cancelled where the gateway ends first.</returns>
    internal Task ForceAsync()
    {
        Task loaded;
        lock (_lock)
        {
            loaded = _asked.Task;
        }

        _forced = true;
        _wake.Writer.TryWrite(true);
        return loaded;
    }

    /// <param name="stop">Ends the watch.</param>
    internal async Task RunAsync(CancellationToken stop)
    {
        using var watchers = new FolderWatchers(() => _wake.Writer.TryWrite(true));
        var loaded = seen();
        watchers.Watch(loaded.Files);
        try
        {
            while (true)
            {
                await WakeAsync(stop);
                if (loaded.Holds() && !_forced)
                {
                    continue;
                }

                _forced = false;
                var settled = await SettleAsync(loaded.CopiedHasChanged(), stop);
                var asked = TakeAsked();
                try
                {
                    await LoadAsync(stop);
                }
                finally
                {
                    asked.TrySetResult();
                }

                loaded = settled.Of(seen());
                watchers.Watch(loaded.Files);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The gateway ends.
        }
        finally
        {
            lock (_lock)
            {
                _asked.TrySetCanceled(stop);
            }
        }
    }

    private TaskCompletionSource TakeAsked()
    {
        lock (_lock)
        {
            var asked = _asked;
            _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return asked;
        }
    }

    private async Task WakeAsync(CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var hint = _wake.Reader.ReadAsync(either.Token).AsTask();
        await Task.WhenAny(hint, Task.Delay(Look, time, either.Token));
        await either.CancelAsync();
        stop.ThrowIfCancellationRequested();
    }

    private async Task<FileState> SettleAsync(bool copied, CancellationToken stop)
    {
        while (true)
        {
            var state = new FileState(seen().Files);
            state.Add(expected());
            await Task.Delay(copied ? SettleCopies : Settle, time, stop);
            if (state.Holds())
            {
                return state;
            }

            copied |= state.CopiedHasChanged();
        }
    }

    private async Task LoadAsync(CancellationToken stop)
    {
        try
        {
            await load(stop);
        }
        catch (ScriptException error)
        {
            LogRefused(logger, error.Format());
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogFailed(logger, error);
        }
    }

    [LoggerMessage(90, LogLevel.Error, "the new configuration is not taken, the last good one goes on:\n{Errors}")]
    private static partial void LogRefused(ILogger logger, string errors);

    [LoggerMessage(91, LogLevel.Error, "the new configuration could not be loaded, the last good one goes on")]
    private static partial void LogFailed(ILogger logger, Exception error);
}
