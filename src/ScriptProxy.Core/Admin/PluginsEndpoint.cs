using ScriptProxy.Core.Generations;

namespace ScriptProxy.Core.Admin;

/// <summary>The plugins of the generation that serves; what is wrong with one that was refused is told by the state.</summary>
internal sealed class PluginsEndpoint() : AdminEndpoint("GET", "/plugins")
{
    internal override ValueTask<Verdict> AnswerAsync(IAdministered gateway, Generation generation) => new(AdminJson.Of(new
    {
        Plugins = generation.Plugins.Infos.Select(p => new
        {
            p.Name,
            p.Version,
            Folder = p.IsShipped ? null : System.IO.Path.GetRelativePath(gateway.BaseFolder, p.Folder),
            Shipped = p.IsShipped,
            p.Generation,
            State = p.State.ToString().ToLowerInvariant(),
            p.Supplies,
        }),
    }));
}
