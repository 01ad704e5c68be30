using System.Collections.Concurrent;

namespace ScriptProxy.Core.Plugins;

/// <summary>
/// The plugins that come with the program. They are as much part of it as the engine is: loaded once for the process, from their
/// place, with all optimisations, and never unloaded. Only their instances belong to a generation.
/// </summary>
internal static class ShippedPlugins
{
    private static readonly ConcurrentDictionary<string, Lazy<PluginCode>> Loaded = new(StringComparer.Ordinal);

    /// <exception cref="PluginException">It is damaged.</exception>
    internal static LoadedPlugin Load(string folder)
    {
        var code = Loaded.GetOrAdd(folder, static f => new(() => PluginCode.LoadShipped(PluginFiles.Read(f)))).Value;
        return new LoadedPlugin(code, copy: null);
    }
}
