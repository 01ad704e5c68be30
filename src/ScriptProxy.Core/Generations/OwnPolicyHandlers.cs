using ScriptProxy.Core.Pipeline;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>A policy that a script brought, as the handlers that it is called by.</summary>
internal static class OwnPolicyHandlers
{
    internal sealed class Choice(ILoadBalancer policy, ScriptLocation source) : Handler<BalancerContext, Peer>(source)
    {
        internal override ValueTask<Peer?> InvokeAsync(BalancerContext context) =>
            new(context.Peers is Peer[] available && (available.Length > 0 || policy.KeepsVisitors) ? policy.Pick(context, available) : null);
    }

    internal sealed class Outcome(ILoadBalancer policy, ScriptLocation source) : Handler<BalancerContext, Nothing>(source)
    {
        internal override ValueTask<Nothing> InvokeAsync(BalancerContext context)
        {
            policy.AttemptEnded(context, ((Exchange)context.Exchange).Outcome);
            return default;
        }
    }
}
