namespace ScriptProxy.Core.Guarding;

/// <summary>
/// A script used up its running time or its stack and was stopped. Script code cannot catch it; its own <c>finally</c> blocks run.
/// </summary>
/// <remarks>The first frame of its stack trace is the line of the script that was running.</remarks>
public sealed class ScriptOverrunException : Exception
{
    private ScriptOverrunException(string message)
        : base(message)
    {
    }

    internal static ScriptOverrunException OfTime(TimeSpan budget) =>
        new($"The script ran for more than its budget of {Describe(budget)} and was stopped.");

    internal static ScriptOverrunException OfStack() =>
        new("The script called itself until the stack was used up and was stopped.");

    /// <summary>The stop in an exception that framework code may have put around it; null where there is none.</summary>
    internal static ScriptOverrunException? In(Exception? error) => error switch
    {
        ScriptOverrunException stop => stop,
        AggregateException many => many.InnerExceptions.Select(In).FirstOrDefault(stop => stop is not null),
        _ => error is null ? null : In(error.InnerException),
    };

    private static string Describe(TimeSpan budget) =>
        budget.TotalSeconds >= 1 ? $"{budget.TotalSeconds:0.###} s" : $"{budget.TotalMilliseconds:0.###} ms";
}
