using System.ComponentModel;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace ScriptProxy.Core.Guarding;

/// <summary>What rewritten scripts call; not meant to be written by hand.</summary>
/// <remarks>No static constructor and no field initialiser: collectible code would pay for the check at every loop iteration, for ever.</remarks>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class Guard
{
    /// <summary>True while some script may be overdue: then every check asks whether it is the one.</summary>
    [SuppressMessage("Usage", "CA2211", Justification = "Read by a single instruction in every loop of every script.")]
    [SuppressMessage("Design", "MA0069", Justification = "Read by a single instruction in every loop of every script.")]
    public static bool Raised;

    /// <summary>Told of every stop that no caller can see: in a timer callback, on a thread of the script's own, in an async void method.</summary>
    internal static Action<ScriptOverrunException>? Unobserved;

    /// <summary>Stopped scripts since the process began.</summary>
    internal static long Stopped => GuardMeter.Stopped;

    /// <summary>
    /// Starts the watchdog and sets the default match timeout of every <see cref="System.Text.RegularExpressions.Regex"/> of the process.
    /// To be called before the first one is used: the framework reads the setting once.
    /// </summary>
    internal static void Install(TimeSpan regexTimeout)
    {
        AppContext.SetData("REGEX_DEFAULT_MATCH_TIMEOUT", regexTimeout);
        Watchdog.Start();
    }

    /// <summary>Called where <see cref="Raised"/> was seen set.</summary>
    /// <exception cref="ScriptOverrunException">The script that calls is the overdue one.</exception>
    [StackTraceHidden]
    public static void Check()
    {
        var scope = GuardScope.Current;
        var slot = ThreadSlot.Mine;
        var now = GuardClock.Now;
        if (!ReferenceEquals(slot.Scope, scope))
        {
            // A callback that the framework runs outside of any piece.
            if (!scope.IsOverdue(now))
                return;
            GuardMeter.CountOne();
            throw new ScriptOverrunException(scope.Budget);
        }
        if (!slot.IsOverdue(scope, now) || now < slot.GraceUntil)
            return;
        if (slot.GraceUntil == 0)
            GuardMeter.CountOne();
        slot.GraceUntil = now + ThreadSlot.GraceTicks;
        throw new ScriptOverrunException(TimeSpan.FromTicks(slot.Budget));
    }

    /// <summary>A piece of script code begins on this thread, unless one of the same scope is already open.</summary>
    public static void Enter(ref GuardRun run) => GuardScope.Current.Enter(ref run);

    /// <summary>The piece ends.</summary>
    public static void Leave(ref GuardRun run) => run.Slot?.Pop(run);

    /// <summary>The script awaits something unfinished, or hands a delegate to another thread.</summary>
    public static void Escapes() => GuardScope.Current.Escapes();

    /// <summary>The script awaits <see cref="Task.Yield"/>.</summary>
    /// <exception cref="ScriptOverrunException">It has done nothing else for the length of its budget.</exception>
    [StackTraceHidden]
    public static void Yields()
    {
        var scope = GuardScope.Current;
        scope.Yields();
        if (scope.IsOverdue(GuardClock.Now))
            Check();
    }

    /// <summary>A stop that would end the process if it went on: nobody above could catch it.</summary>
    public static void Drop(ScriptOverrunException stop) => Unobserved?.Invoke(stop);
}
