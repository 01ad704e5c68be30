using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Telemetry;

namespace ScriptProxy.Core.Admin;

/// <summary>What the gateway's and the plugins' meters measure, for Prometheus.</summary>
internal sealed class MetricsEndpoint() : AdminEndpoint("GET", "/metrics")
{
    internal override ValueTask<Verdict> AnswerAsync(IAdministered gateway, Generation generation) =>
        new(Verdict.Respond(StatusCodes.Status200OK, gateway.Metrics.Text(), PrometheusText.ContentType));
}
