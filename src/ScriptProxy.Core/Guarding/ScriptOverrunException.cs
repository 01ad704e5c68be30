namespace ScriptProxy.Core.Guarding;

/// <summary>
/// A script used up its budget of running time and was stopped. Script code cannot catch it; its own <c>finally</c> blocks run.
/// </summary>
/// <remarks>The first frame of its stack trace is the line of the script that was running.</remarks>
public sealed class ScriptOverrunException : Exception
{
    internal ScriptOverrunException(TimeSpan budget)
        : base($"The script ran for more than its budget of {Describe(budget)} without an end and was stopped.")
    {
        Budget = budget;
    }

    /// <summary>The running time that the script was allowed; waiting is not counted.</summary>
    public TimeSpan Budget { get; }

    private static string Describe(TimeSpan budget) =>
        budget.TotalSeconds >= 1 ? $"{budget.TotalSeconds:0.###} s" : $"{budget.TotalMilliseconds:0.###} ms";
}
