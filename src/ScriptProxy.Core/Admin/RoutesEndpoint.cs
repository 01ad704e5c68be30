using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Admin;

/// <summary>The routes as written, with their handlers; what hangs on the gateway itself comes first.</summary>
internal sealed class RoutesEndpoint() : AdminEndpoint("GET", "/routes")
{
    internal override ValueTask<Verdict> AnswerAsync(IAdministered gateway, Generation generation)
    {
        var folder = gateway.BaseFolder;
        return new(AdminJson.Of(new
        {
            EveryRoute = Handlers(generation.Model.Phases, folder),
            Routes = generation.Model.Routes.Select(r => new
            {
                r.Pattern,
                r.Host,
                r.Methods,
                r.Headers,
                r.Query,
                r.Order,
                Upstream = r.Upstream?.Name,
                Files = r.Files?.Root,
                Source = ScriptPaths.Display(r.Source, folder),
                Cache = r.Cache is var (_, cache) ? ScriptPaths.Display(cache, folder) : null,
                Handlers = new[] { r.First, r.Phases, r.Last }.SelectMany(p => Handlers(p, folder)),
            }),
        }));
    }

    private static IEnumerable<object> Handlers(PhaseSet phases, string folder) =>
        phases.All().SelectMany(p => p.Handlers.Select(h => new { p.Phase, h.File, Source = ScriptPaths.Display(h.Source, folder) }));
}
