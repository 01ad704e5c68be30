namespace ScriptProxy.Runtime;

/// <summary>The place in a script where something is written.</summary>
internal readonly record struct ScriptLocation(string File, int Line)
{
    public override string ToString() => File.Length == 0 ? "(unknown)" : $"{File}:{Line}";
}

/// <summary>The answer of phases that answer nothing.</summary>
internal readonly struct Nothing;

/// <summary>What hangs on a phase: a delegate of any of the forms that a verb takes, or a phase file.</summary>
internal abstract class Handler(ScriptLocation source)
{
    internal ScriptLocation Source { get; } = source;

    /// <summary>The phase file to compile; null for a delegate.</summary>
    internal virtual string? File => null;
}

/// <summary>A handler that can be called. What completes synchronously allocates nothing.</summary>
internal abstract class Handler<TContext, TAnswer>(ScriptLocation source) : Handler(source)
{
    internal abstract ValueTask<TAnswer?> InvokeAsync(TContext context);
}

/// <summary>A phase file, before it is compiled.</summary>
internal sealed class FileHandler<TContext, TAnswer>(string file, ScriptLocation source) : Handler<TContext, TAnswer>(source)
{
    internal override string File => file;

    internal override ValueTask<TAnswer?> InvokeAsync(TContext context) =>
        throw new InvalidOperationException($"{file} was not compiled.");
}

internal sealed class AnswerHandler<TContext, TAnswer>(Func<TContext, TAnswer?> call, ScriptLocation source) : Handler<TContext, TAnswer>(source)
{
    internal override ValueTask<TAnswer?> InvokeAsync(TContext context) => new(call(context));
}

internal sealed class AnswerValueTaskHandler<TContext, TAnswer>(Func<TContext, ValueTask<TAnswer?>> call, ScriptLocation source)
    : Handler<TContext, TAnswer>(source)
{
    internal override ValueTask<TAnswer?> InvokeAsync(TContext context) => call(context);
}

internal sealed class AnswerTaskHandler<TContext, TAnswer>(Func<TContext, Task<TAnswer?>> call, ScriptLocation source)
    : Handler<TContext, TAnswer>(source)
{
    internal override ValueTask<TAnswer?> InvokeAsync(TContext context) =>
        call(context) is { } task ? new ValueTask<TAnswer?>(task) : default;
}

internal sealed class ActionHandler<TContext, TAnswer>(Action<TContext> call, ScriptLocation source) : Handler<TContext, TAnswer>(source)
{
    internal override ValueTask<TAnswer?> InvokeAsync(TContext context)
    {
        call(context);
        return default;
    }
}

internal sealed class ValueTaskHandler<TContext, TAnswer>(Func<TContext, ValueTask> call, ScriptLocation source) : Handler<TContext, TAnswer>(source)
{
    internal override ValueTask<TAnswer?> InvokeAsync(TContext context)
    {
        var task = call(context);
        if (task.IsCompletedSuccessfully)
        {
            task.GetAwaiter().GetResult();
            return default;
        }

        return Await(task);

        static async ValueTask<TAnswer?> Await(ValueTask task)
        {
            await task;
            return default;
        }
    }
}

internal sealed class TaskHandler<TContext, TAnswer>(Func<TContext, Task> call, ScriptLocation source) : Handler<TContext, TAnswer>(source)
{
    internal override ValueTask<TAnswer?> InvokeAsync(TContext context)
    {
        var task = call(context);
        return task is null || task.IsCompletedSuccessfully ? default : Await(task);

        static async ValueTask<TAnswer?> Await(Task task)
        {
            await task;
            return default;
        }
    }
}
