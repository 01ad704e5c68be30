using ScriptProxy.Bench.Running;

namespace ScriptProxy.Bench.Comparing;

/// <summary>A gateway that is measured.</summary>
internal sealed record Contender(string Name, string Address, Child Child, bool IsBare = false)
{
    internal bool Has(BenchRoute route) => !IsBare || route.OnBare;
}
