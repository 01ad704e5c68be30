using System.Collections.Concurrent;

namespace ScriptProxy.Core.Plugins;

/// <summary>
/// The plugins that come with the program. They are as much part of it as the engine is: loaded once for the process, from their place and compiled
/// ahead where the program is, and never unloaded. Only their instances belong to a generation.
/// </summary>
internal static class ShippedPlugins
{
    private static readonly ConcurrentDictionary<string, Lazy<(PluginFiles Files, PluginCode Code)>> Loaded = new(StringComparer.Ordinal);

    /// <exception cref="PluginException">It is damaged.</exception>
    internal static LoadedPlugin Load(string folder)
    {
        var (files, code) = Loaded.GetOrAdd(folder, f => new(() =>
        {
            var read = PluginFiles.Read(f);
            return (read, PluginCode.LoadShipped(read));
        })).Value;
        return new LoadedPlugin(files, code, copy: null);
    }
}
