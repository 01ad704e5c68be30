using System.Diagnostics.Metrics;

namespace ScriptProxy.Core.Guarding;

/// <summary>Counts stopped scripts. Apart from <see cref="Guard"/>, which must not need a static constructor.</summary>
internal static class GuardMeter
{
    private static readonly Meter Meter = new("ScriptProxy");
    private static readonly Counter<long> Counter =
        Meter.CreateCounter<long>("scriptproxy.scripts.stopped", "{script}", "Scripts stopped because they used up their running time.");

    private static long _stopped;

    internal static long Stopped => Volatile.Read(ref _stopped);

    internal static void CountOne()
    {
        Interlocked.Increment(ref _stopped);
        Counter.Add(1);
    }
}
