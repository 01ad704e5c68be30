using System.Collections.Concurrent;

namespace ScriptProxy.Core.Plugins;

/// <summary>
/// The plugins that come with the program. They are as much part of it as the engine is: loaded once for the process, from their
/// place, with all optimisations, and never unloaded. Only their instances belong to a generation.
/// </summary>
internal static class ShippedPlugins
{
    private static readonly ConcurrentDictionary<string, Lazy<PluginCode>> Loaded = new(StringComparer.Ordinal);

    /// <summary>Loads those that the gateway has no plugin of its own for, so that they are there when the first generation wants them.</summary>
    internal static void LoadAhead(string? shipped, string baseFolder)
    {
        foreach (var folder in PluginHome.FoldersIn(shipped).Where(f => !File.Exists(PluginHome.Main(Path.Combine(baseFolder, PluginHome.FolderName, Path.GetFileName(f))))))
        {
            try
            {
                Load(folder);
            }
            catch (PluginException)
            {
                // The generation meets the same, and tells it.
            }
        }
    }

    /// <exception cref="PluginException">It is damaged.</exception>
    internal static LoadedPlugin Load(string folder)
    {
        var code = Loaded.GetOrAdd(folder, static f => new(() => PluginCode.LoadShipped(PluginFiles.Read(f)))).Value;
        return new LoadedPlugin(code, copy: null);
    }
}
