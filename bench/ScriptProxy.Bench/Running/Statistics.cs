namespace ScriptProxy.Bench.Running;

internal static class Statistics
{
    /// <summary>The middle one; the mean of the two in the middle where their number is even.</summary>
    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? double.NaN : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
