namespace ScriptProxy.Core.Plugins;

/// <summary>What is known of a plugin. Plain text, so that keeping it keeps no code.</summary>
/// <param name="Name">The folder's name.</param>
/// <param name="Version">Of NAME.dll; null where that could not be read.</param>
/// <param name="Folder">Where it lies.</param>
/// <param name="Generation">The load that it belongs to.</param>
/// <param name="Supplies">Policies, phases, timers, imports.</param>
/// <param name="State">How far it has come.</param>
/// <param name="IsShipped">It comes with the program.</param>
/// <param name="Problem">Why it was refused.</param>
internal sealed record PluginInfo(
    string Name, string? Version, string Folder, int Generation, IReadOnlyList<string> Supplies, PluginState State, bool IsShipped = false, string? Problem = null);

internal enum PluginState
{
    /// <summary>There is no NAME.dll in the folder: not a plugin, or not yet.</summary>
    Incomplete,

    /// <summary>Nor is there one, but a project that makes it.</summary>
    Source,

    /// <summary>It cannot be used.</summary>
    Refused,

    Loaded,

    /// <summary>It has said what it supplies.</summary>
    Registered,

    Running,

    Ended,
}
