using System.Security.Cryptography.X509Certificates;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>The handlers of Certificate; they belong to a handshake, not to a request.</summary>
internal sealed class CertificatePhase(IReadOnlyList<(Handler<CertificateContext, X509Certificate2> Handler, TimeSpan Budget)> handlers)
{
    /// <returns>The first certificate that a handler gives; null for the listener's own.</returns>
    internal async ValueTask<X509Certificate2?> ChooseAsync(CertificateContext context, GatewayRuntime runtime)
    {
        foreach (var (handler, budget) in handlers)
        {
            X509Certificate2? chosen = null;
            await ScopedCall.RunAsync(new GuardScope { Runtime = runtime }, budget, async () => chosen = await handler.InvokeAsync(context));
            if (chosen is not null)
            {
                return chosen;
            }
        }

        return null;
    }
}
