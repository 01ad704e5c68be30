namespace ScriptProxy.Core.Sharing;

/// <summary>Deadlines as timestamps of a <see cref="TimeProvider"/>: a change of the wall clock neither expires nor revives anything.</summary>
internal readonly struct MonotonicClock(TimeProvider time)
{
    internal const long Never = long.MaxValue;

    internal long Now => time.GetTimestamp();

    /// <summary>The timestamp at which something made now with this time to live expires; far beyond the range it is <see cref="Never"/>.</summary>
    internal long After(TimeSpan? ttl) => ttl is { } span ? Add(Now, span) : Never;

    internal long Add(long timestamp, TimeSpan span) =>
        long.CreateSaturating(timestamp + ((Int128)span.Ticks * time.TimestampFrequency / TimeSpan.TicksPerSecond));

    internal TimeSpan Between(long start, long end) => time.GetElapsedTime(start, end);

    internal bool HasPassed(long deadline) => deadline != Never && Now >= deadline;
}
