namespace ScriptProxy.Bench.Balancing;

/// <summary>A clock that stands still until the simulation moves it; in microseconds.</summary>
internal sealed class VirtualTime : TimeProvider
{
    // Not 0, which is "never" to those who keep time stamps.
    internal long Now { get; set; } = 1;

    public override long TimestampFrequency => 1_000_000;

    public override long GetTimestamp() => Now;
}
