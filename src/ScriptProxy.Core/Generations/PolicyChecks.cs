using ScriptProxy.Core.Scripting;
using ScriptProxy.Core.Upstreams;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>Tells names of policies that there are none of: otherwise the first request that comes so far would.</summary>
internal static class PolicyChecks
{
    internal static void Check(this Balancers balancers, IEnumerable<ScriptPick> picks, Diagnostics found)
    {
        foreach (var pick in picks.Where(p => !balancers.Has(p.Policy)))
        {
            balancers.TellMissing(pick.Policy, new ScriptLocation(pick.File, pick.Line), found);
        }
    }

    internal static void TellMissing(this Balancers balancers, string name, ScriptLocation at, Diagnostics found) => found.Error(
        at, "SP1005", $"there is no load balancing policy '{name}'", Diagnostics.Nearest(name, balancers.Names) ?? $"there are: {string.Join(", ", balancers.Names)}");
}
