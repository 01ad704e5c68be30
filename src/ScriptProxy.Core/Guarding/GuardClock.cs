namespace ScriptProxy.Core.Guarding;

/// <summary>
/// The guard's time: ticks of 10 ms, advanced by the watchdog, so that reading it costs one load. It stands still while the
/// process does (a debugger, a paused container), so that nobody is stopped for that.
/// </summary>
internal static class GuardClock
{
    /// <summary>One tick in units of <see cref="TimeSpan.Ticks"/>.</summary>
    internal const long TickLength = 10 * TimeSpan.TicksPerMillisecond;

    private static long _now;

    internal static long Now => Volatile.Read(ref _now);

    internal static void Advance(long ticks) => Volatile.Write(ref _now, _now + ticks);
}
