using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Core.Pipeline;

/// <summary>The exchange's own tap: at the first byte it runs HeaderFilter and BodyFilter.</summary>
internal sealed class ResponseTap(Exchange exchange) : ResponseBody
{
    protected override ValueTask<BodyPlan?> OnStartAsync() => exchange.PlanBodyAsync();
}
