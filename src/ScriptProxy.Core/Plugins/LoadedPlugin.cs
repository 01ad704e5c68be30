using ScriptProxy.Core.Scripting;
using ScriptProxy.Plugins;

namespace ScriptProxy.Core.Plugins;

/// <summary>A plugin of one generation.</summary>
/// <param name="files">As they were read.</param>
/// <param name="code">Its own, or where it comes with the program the same for all.</param>
/// <param name="copy">What it was loaded from; null where it comes with the program.</param>
internal sealed class LoadedPlugin(PluginFiles files, PluginCode code, PluginCopies.Copy? copy)
{
    internal string Name { get; } = files.Name;

    internal string Folder { get; } = files.Folder;

    internal string Version { get; } = code.Version;

    internal PluginCode Code => code;

    /// <summary>It comes with the program.</summary>
    internal bool IsShipped => copy is null;

    /// <summary>What scripts are compiled against.</summary>
    internal ScriptLibrary Library { get; } = new(files.Name, Path.Combine(files.Folder, files.Main.Path), files.Main.Sha256, files.Main.Bytes);

    internal IGatewayPlugin? Instance { get; set; }

    internal PluginBuilder? Builder { get; set; }

    internal IReadOnlyList<string> Imports { get; set; } = [];

    internal PluginState State { get; set; } = PluginState.Loaded;

    internal PluginInfo Info(int generation) => new(Name, Version, Folder, generation, [.. Builder?.Supplies ?? [], .. Imports.Select(i => $"using {i}")], State, IsShipped);

    internal void Unload()
    {
        Instance = null;
        Builder = null;
        if (copy is not null)
        {
            code.Dispose();
            copy.Dispose();
        }
    }
}
