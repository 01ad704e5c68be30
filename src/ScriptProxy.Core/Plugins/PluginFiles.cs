using ScriptProxy.Core.Reloading;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Core.Plugins;

/// <summary>A file of a plugin.</summary>
/// <param name="Path">Relative to the plugin's folder, with slashes.</param>
/// <param name="Sha256">Lower-case hex.</param>
/// <param name="Bytes">As they were read, once: what is hashed, checked, compiled against and loaded is the same.</param>
internal sealed record PluginFile(string Path, string Sha256, byte[] Bytes);

/// <summary>A plugin's folder at one moment.</summary>
internal sealed class PluginFiles
{
    private PluginFiles(string folder, IReadOnlyList<PluginFile> files)
    {
        Folder = folder;
        Files = files;
    }

    internal string Name => Path.GetFileName(Folder);

    /// <summary>Its full path below the plugins' folder, links not followed.</summary>
    internal string Folder { get; }

    internal IReadOnlyList<PluginFile> Files { get; }

    /// <summary>NAME.dll.</summary>
    internal PluginFile Main => Find($"{Name}.dll")!;

    internal PluginFile? Find(string path) => Files.FirstOrDefault(f => f.Path == path);

    private static PluginFile ReadFile(string folder, string path)
    {
        var bytes = File.ReadAllBytes(path);
        return new PluginFile(Path.GetRelativePath(folder, path).Replace('\\', '/'), SourceFile.Hash(bytes), bytes);
    }

    /// <exception cref="PluginException">A file cannot be read, or changes meanwhile.</exception>
    internal static PluginFiles Read(string folder)
    {
        try
        {
            // Behind the link that stands now: one that is swapped meanwhile must not mix two deployments.
            var real = new DirectoryInfo(folder).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? folder;
            var paths = FolderState.Folders(real).ToList();
            var before = new FileState(paths);
            var files = FolderState.Files(real)
                .Order(StringComparer.Ordinal)
                .Select(path => ReadFile(real, path))
                .ToList();
            return before.Holds() && files.Exists(f => f.Path == $"{Path.GetFileName(folder)}.dll")
                ? new PluginFiles(folder, files)
                : throw new PluginException("SP2001", "its files change while they are read");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PluginException("SP2001", $"its files cannot be read: {error.Message}");
        }
    }
}
