using System.Runtime.CompilerServices;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <content>What runs beside the requests.</content>
public static partial class Gateway
{
    /// <summary>Runs once per load, before it takes requests; when it throws, the load fails (init_worker_by_lua; may await).</summary>
    /// <param name="start">Makes what the scripts need.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void Init(Func<ValueTask> start, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Init.Add((start ?? throw new ArgumentNullException(nameof(start)), new ScriptLocation(file, line)));

    /// <inheritdoc cref="Init(Func{ValueTask}, string, int)" />
    [OverloadResolutionPriority(1)]
    public static void Init(Func<Task> start, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Init(Wrap(start), file, line);

    /// <inheritdoc cref="Init(Func{ValueTask}, string, int)" />
    public static void Init(Action start, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Init(Wrap(start), file, line);

    /// <summary>Runs once when the load retires, after its last request, or at the end (exit_worker_by_lua; may await).</summary>
    /// <param name="stop">Stops what Init made.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void Exit(Func<ValueTask> stop, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Composition.Exit.Add((stop ?? throw new ArgumentNullException(nameof(stop)), new ScriptLocation(file, line)));

    /// <inheritdoc cref="Exit(Func{ValueTask}, string, int)" />
    [OverloadResolutionPriority(1)]
    public static void Exit(Func<Task> stop, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Exit(Wrap(stop), file, line);

    /// <inheritdoc cref="Exit(Func{ValueTask}, string, int)" />
    public static void Exit(Action stop, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Exit(Wrap(stop), file, line);

    /// <summary>Runs again and again, first after one period; a run that is late is not made up for, one that throws is logged (ngx.timer.every).</summary>
    /// <param name="period">More than zero.</param>
    /// <param name="run">Never runs twice at a time. Ends when its load retires.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void Every(TimeSpan period, Func<TimerContext, ValueTask> run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(period, TimeSpan.Zero);
        Schedule(period, repeat: true, run, file, line);
    }

    /// <inheritdoc cref="Every(TimeSpan, Func{TimerContext, ValueTask}, string, int)" />
    [OverloadResolutionPriority(1)]
    public static void Every(TimeSpan period, Func<TimerContext, Task> run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Every(period, Wrap(run), file, line);

    /// <inheritdoc cref="Every(TimeSpan, Func{TimerContext, ValueTask}, string, int)" />
    public static void Every(TimeSpan period, Action<TimerContext> run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Every(period, Wrap(run), file, line);

    /// <inheritdoc cref="Every(TimeSpan, Func{TimerContext, ValueTask}, string, int)" />
    [OverloadResolutionPriority(2)]
    public static void Every(TimeSpan period, Func<ValueTask> run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(run);
        Every(period, _ => run(), file, line);
    }

    /// <inheritdoc cref="Every(TimeSpan, Func{TimerContext, ValueTask}, string, int)" />
    [OverloadResolutionPriority(1)]
    public static void Every(TimeSpan period, Func<Task> run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Every(period, Wrap(run), file, line);

    /// <inheritdoc cref="Every(TimeSpan, Func{TimerContext, ValueTask}, string, int)" />
    public static void Every(TimeSpan period, Action run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Every(period, Wrap(run), file, line);

    /// <summary>Runs once, later (ngx.timer.at). At load time or from a handler.</summary>
    /// <param name="delay">Zero or more.</param>
    /// <param name="run">Not called any more when its load retired before.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public static void After(TimeSpan delay, Func<TimerContext, ValueTask> run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        Schedule(delay, repeat: false, run, file, line);
    }

    /// <inheritdoc cref="After(TimeSpan, Func{TimerContext, ValueTask}, string, int)" />
    [OverloadResolutionPriority(1)]
    public static void After(TimeSpan delay, Func<TimerContext, Task> run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        After(delay, Wrap(run), file, line);

    /// <inheritdoc cref="After(TimeSpan, Func{TimerContext, ValueTask}, string, int)" />
    public static void After(TimeSpan delay, Action<TimerContext> run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        After(delay, Wrap(run), file, line);

    /// <inheritdoc cref="After(TimeSpan, Func{TimerContext, ValueTask}, string, int)" />
    [OverloadResolutionPriority(2)]
    public static void After(TimeSpan delay, Func<ValueTask> run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(run);
        After(delay, _ => run(), file, line);
    }

    /// <inheritdoc cref="After(TimeSpan, Func{TimerContext, ValueTask}, string, int)" />
    [OverloadResolutionPriority(1)]
    public static void After(TimeSpan delay, Func<Task> run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        After(delay, Wrap(run), file, line);

    /// <inheritdoc cref="After(TimeSpan, Func{TimerContext, ValueTask}, string, int)" />
    public static void After(TimeSpan delay, Action run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        After(delay, Wrap(run), file, line);

    private static void Schedule(TimeSpan span, bool repeat, Func<TimerContext, ValueTask> run, string file, int line)
    {
        ArgumentNullException.ThrowIfNull(run);
        Runtime.Schedule(span, repeat, run, new ScriptLocation(file, line));
    }

    private static Func<ValueTask> Wrap(Func<Task> call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return () => new ValueTask(call());
    }

    private static Func<ValueTask> Wrap(Action call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return () =>
        {
            call();
            return default;
        };
    }

    private static Func<TimerContext, ValueTask> Wrap(Func<TimerContext, Task> call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return t => new ValueTask(call(t));
    }

    private static Func<TimerContext, ValueTask> Wrap(Action<TimerContext> call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return t =>
        {
            call(t);
            return default;
        };
    }
}
