namespace ScriptProxy.Runtime;

/// <summary>Makes a handler of each form that a verb takes.</summary>
internal static class Handlers
{
    internal static Handler<TContext, TAnswer> Of<TContext, TAnswer>(Func<TContext, TAnswer?> handler, string file, int line) =>
        new AnswerHandler<TContext, TAnswer>(Checked(handler), new ScriptLocation(file, line));

    internal static Handler<TContext, TAnswer> Of<TContext, TAnswer>(Func<TContext, ValueTask<TAnswer?>> handler, string file, int line) =>
        new AnswerValueTaskHandler<TContext, TAnswer>(Checked(handler), new ScriptLocation(file, line));

    internal static Handler<TContext, TAnswer> Of<TContext, TAnswer>(Func<TContext, Task<TAnswer?>> handler, string file, int line) =>
        new AnswerTaskHandler<TContext, TAnswer>(Checked(handler), new ScriptLocation(file, line));

    internal static Handler<TContext, TAnswer> Of<TContext, TAnswer>(Func<TContext, ValueTask> handler, string file, int line) =>
        new ValueTaskHandler<TContext, TAnswer>(Checked(handler), new ScriptLocation(file, line));

    internal static Handler<TContext, TAnswer> Of<TContext, TAnswer>(Func<TContext, Task> handler, string file, int line) =>
        new TaskHandler<TContext, TAnswer>(Checked(handler), new ScriptLocation(file, line));

    internal static Handler<TContext, TAnswer> Of<TContext, TAnswer>(Action<TContext> handler, string file, int line) =>
        new ActionHandler<TContext, TAnswer>(Checked(handler), new ScriptLocation(file, line));

    internal static Handler<TContext, TAnswer> File<TContext, TAnswer>(string script, string file, int line)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(script);
        return new FileHandler<TContext, TAnswer>(script, new ScriptLocation(file, line));
    }

    private static T Checked<T>(T handler)
        where T : Delegate =>
        handler ?? throw new ArgumentNullException(nameof(handler));
}
