using ScriptProxy.Core.Generations;

namespace ScriptProxy.Core.Admin;

/// <summary>The upstreams and how their peers are.</summary>
internal sealed class UpstreamsEndpoint() : AdminEndpoint("GET", "/upstreams")
{
    internal override ValueTask<Verdict> AnswerAsync(IAdministered gateway, Generation generation) => new(AdminJson.Of(new
    {
        Upstreams = generation.Upstreams.Select(u => new
        {
            u.Name,
            Policy = u.Model.OwnPolicy is not null ? "(script)" : u.Model.Policy ?? "round-robin",
            Peers = u.Peers.Select(p => new
            {
                p.Name,
                Address = p.Prefix,
                Available = p.IsAvailable,
                Healthy = !p.State.Unhealthy,
                Down = p.State.DownReason,
                Draining = p.IsDraining,
                p.InFlight,
                p.Weight,
                p.EffectiveWeight,
                p.MaxRequests,
                Backup = p.IsBackup,
                p.Tags,
                p.Zone,
            }),
        }),
    }));
}
