using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>The Every and After of one generation. Those of the load begin when the generation serves; all end when it is replaced.</summary>
internal sealed partial class Timers(TimeProvider time, ILogger logger, TimeSpan budget, string baseFolder, ITrace? trace = null) : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private List<Action>? _waiting = [];
    private GenerationGate? _gate;

    internal CancellationToken Stopping => _stopping.Token;

    internal void Add(GatewayRuntime runtime, TimeSpan span, bool repeat, Func<TimerContext, ValueTask> run, ScriptLocation source)
    {
        void Begin() => _ = LoopAsync(runtime, span, repeat, run, source);
        lock (_lock)
        {
            if (_waiting is not null)
            {
                _waiting.Add(Begin);
                return;
            }
        }

        Begin();
    }

    internal void Start(GenerationGate gate)
    {
        List<Action> waiting;
        lock (_lock)
        {
            _gate = gate;
            waiting = _waiting ?? [];
            _waiting = null;
        }

        waiting.ForEach(begin => begin());
    }

    internal void Stop() => _stopping.Cancel();

    public void Dispose() => _stopping.Dispose();

    private async Task LoopAsync(GatewayRuntime runtime, TimeSpan span, bool repeat, Func<TimerContext, ValueTask> run, ScriptLocation source)
    {
        // A handler that sets a timer must not hand its request on to it.
        ScriptScope.Current = null;
        try
        {
            if (!repeat)
            {
                await Task.Delay(span, time, _stopping.Token);
                await RunAsync(runtime, run, source);
                return;
            }

            using var timer = new PeriodicTimer(span, time);
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                await RunAsync(runtime, run, source);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The generation was replaced.
        }
        catch (ObjectDisposedException) when (_gate is { Drained.IsCompleted: true })
        {
            // Replaced before the timer had begun.
        }
    }

    private async Task RunAsync(GatewayRuntime runtime, Func<TimerContext, ValueTask> run, ScriptLocation source)
    {
        if (_gate is not { } gate || !gate.TryEnter())
        {
            return;
        }

        Exception? failure = null;
        trace?.TimerBegins(source);
        try
        {
            var context = new TimerContext(runtime.Logger, time, _stopping.Token);
            await ScopedCall.RunAsync(new GuardScope { Runtime = runtime }, budget, () => run(context));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The run heeded Stopping.
        }
        catch (Exception error)
        {
            failure = error;
            LogFailed(logger, ScriptPaths.Display(source, baseFolder), ScriptErrors.Describe(error, baseFolder).ToString());
        }
        finally
        {
            gate.Leave();
            trace?.TimerEnded(source, failure);
        }
    }

    [LoggerMessage(40, LogLevel.Error, "the timer at {Source} failed, and goes on: {Reason}")]
    private static partial void LogFailed(ILogger logger, string source, string reason);
}
