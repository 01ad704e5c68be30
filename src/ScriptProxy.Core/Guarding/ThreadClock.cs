using System.Runtime.InteropServices;

namespace ScriptProxy.Core.Guarding;

/// <summary>
/// The running time of one thread, readable from the watchdog's. A thread that blocks or is not scheduled does not run, so a
/// handler is not stopped for a slow disk or a busy machine. Off Linux it is the guard's own clock: there a blocking call counts.
/// </summary>
internal readonly struct ThreadClock
{
    private readonly int _clock;
    private readonly bool _exact;

    private ThreadClock(int clock)
    {
        _clock = clock;
        _exact = true;
    }

    internal static ThreadClock OfThisThread()
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
            return default;
        return pthread_getcpuclockid(pthread_self(), out var clock) == 0 && clock_gettime(clock, out _) == 0 ? new ThreadClock(clock) : default;
    }

    /// <summary>In units of <see cref="TimeSpan.Ticks"/>; only differences mean something.</summary>
    internal long Read() =>
        _exact && clock_gettime(_clock, out var time) == 0
            ? (time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / TimeSpan.NanosecondsPerTick)
            : GuardClock.Now * GuardClock.TickLength;

    [DllImport("libc")]
    private static extern nuint pthread_self();

    [DllImport("libc")]
    private static extern int pthread_getcpuclockid(nuint thread, out int clock);

    [DllImport("libc")]
    private static extern int clock_gettime(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Timespec
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }
}
