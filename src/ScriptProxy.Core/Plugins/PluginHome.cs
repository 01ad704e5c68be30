using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Reloading;
using ScriptProxy.Plugins;

namespace ScriptProxy.Core.Plugins;

/// <summary>Where a gateway's plugins lie, and how they are loaded.</summary>
/// <param name="BaseFolder">The folder of proxy.csx.</param>
/// <param name="ShippedFolder">Where those lie that come with the program; null for none.</param>
/// <param name="Copies">Outlives the generations.</param>
/// <param name="Unloadable">False: loaded once, at full speed.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">Gets what goes wrong where nobody waits for it.</param>
internal sealed record PluginHome(string BaseFolder, string? ShippedFolder, PluginCopies Copies, bool Unloadable, TimeProvider Time, ILogger Logger)
{
    /// <summary>Beside proxy.csx.</summary>
    internal const string FolderName = "plugins";

    internal string Folder { get; } = Path.Combine(BaseFolder, FolderName);

    /// <summary>What changes when other plugins are to be loaded, by what lies there now: each folder of each plugin, and what would make a plugin of a folder.</summary>
    internal IEnumerable<string> Watched =>
    [
        FolderState.AsFolder(Folder),
        Path.Combine(BaseFolder, PluginLock.FileName),
        .. Candidates.SelectMany(f => File.Exists(Main(f)) ? FolderState.Folders(f) : [Main(f)]),
    ];

    /// <summary>The folders that may be plugins, in order.</summary>
    internal IReadOnlyList<string> Candidates => FoldersIn(Folder);

    /// <summary>The folders of the plugins that come with the program, in order.</summary>
    internal IReadOnlyList<string> Shipped => FoldersIn(ShippedFolder);

    /// <summary>A project of this folder's name is built elsewhere, and this is only its source.</summary>
    internal static bool IsSource(string folder) => Directory.EnumerateFiles(folder, "*.csproj").Any();

    internal static string Main(string folder) => Path.Combine(folder, $"{Path.GetFileName(folder)}.dll");

    /// <summary>The version of what plugins see.</summary>
    internal Version Provided { get; init; } = typeof(IGatewayPlugin).Assembly.GetName().Version!;

    /// <summary>How long the constructor, Register and StartAsync may each take.</summary>
    internal TimeSpan StartPatience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long DrainAsync and DisposeAsync may each take.</summary>
    internal TimeSpan EndPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The folders in it that may be plugins, in order.</summary>
    internal static IReadOnlyList<string> FoldersIn(string? folder)
    {
        try
        {
            return folder is not null && Directory.Exists(folder)
                ? [.. Directory.EnumerateDirectories(folder).Where(f => !Path.GetFileName(f).StartsWith('.')).Order(StringComparer.Ordinal)]
                : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is taken away right now.
            return [];
        }
    }
}
