using ScriptProxy.Core.Scripting;
using ScriptProxy.Plugins;

namespace ScriptProxy.Core.Plugins;

/// <summary>A plugin of one generation.</summary>
/// <param name="code">Its own, or where it comes with the program the same for all.</param>
/// <param name="copy">What it was loaded from; null where it comes with the program.</param>
internal sealed class LoadedPlugin(PluginCode code, PluginCopies.Copy? copy)
{
    internal string Name { get; } = code.Files.Name;

    internal string Folder { get; } = code.Files.Folder;

    internal string Version { get; } = code.Version;

    internal PluginCode Code => code;

    /// <summary>It comes with the program.</summary>
    internal bool IsShipped => copy is null;

    /// <summary>What scripts are compiled against.</summary>
    internal ScriptLibrary Library { get; } = new(code.Files.Name, Path.Combine(code.Files.Folder, code.Files.Main.Path), code.Files.Main.Sha256, code.Files.Main.Bytes);

    internal IGatewayPlugin? Instance { get; set; }

    internal PluginBuilder? Builder { get; set; }

    internal IReadOnlyList<string> Imports { get; set; } = [];

    internal PluginState State { get; set; } = PluginState.Loaded;

    internal PluginInfo Info(int generation) => new(Name, Version, Folder, generation, [.. Builder?.Supplies ?? [], .. Imports.Select(i => $"using {i}")], State, IsShipped);

    internal void Unload()
    {
        Instance = null;
        Builder?.End();
        Builder = null;
        if (copy is not null)
        {
            code.Dispose();
            copy.Dispose();
        }
    }
}
