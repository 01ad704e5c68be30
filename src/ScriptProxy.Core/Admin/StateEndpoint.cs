using System.Reflection;
using ScriptProxy.Core.Generations;

namespace ScriptProxy.Core.Admin;

/// <summary>What serves since when, and how the last load went.</summary>
internal sealed class StateEndpoint() : AdminEndpoint("GET", "/state")
{
    private static readonly string Version =
        typeof(StateEndpoint).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    internal override ValueTask<Verdict> AnswerAsync(IAdministered gateway, Generation generation) => new(AdminJson.Of(new
    {
        Version,
        Generation = generation.Number,
        gateway.Since,
        GenerationsAlive = gateway.Alive,
        ContextsAlive = gateway.AliveContexts.Select(c => new { c.Code, c.Generation }),
        LastLoad = gateway.LastLoad?.Json(),
    }));
}
