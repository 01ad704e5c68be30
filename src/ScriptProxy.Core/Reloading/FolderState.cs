using System.Text;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Core.Reloading;

/// <summary>What a folder looks like from outside, and what lies in it.</summary>
/// <remarks>
/// Names that begin with a dot are left out: editors and copying programs put there what is not finished. Below the folder, links to
/// folders are not followed, so that one that leads upwards ends nowhere.
/// </remarks>
internal static class FolderState
{
    /// <summary>How <see cref="Look"/> begins.</summary>
    internal const string Mark = "folder ";

    private const int DeepestFolder = 8;

    /// <summary>Changes when an entry of it was added, removed, renamed or swapped behind a link, or a file in it written or replaced. Not for what lies deeper.</summary>
    internal static string Look(string path)
    {
        var folder = new DirectoryInfo(Path.TrimEndingDirectorySeparator(path));
        var state = new StringBuilder(Mark).Append(LinkedPath.Of(folder.FullName).Target);
        foreach (var entry in Entries(folder).OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            state.Append('\n').Append(entry.Name).Append(' ').Append(entry is FileInfo ? FileState.Look(entry.FullName) : Target(entry));
        }

        return state.ToString();
    }

    /// <summary>The files in it, at any depth, by full path.</summary>
    internal static IEnumerable<string> Files(string folder) => Folders(folder).SelectMany(f => Entries(new DirectoryInfo(f)).OfType<FileInfo>()).Select(f => f.FullName);

    /// <summary>The folder and those below it, as <see cref="FileState"/> wants to have them.</summary>
    internal static IEnumerable<string> Folders(string folder) => Folders(new DirectoryInfo(folder), 0);

    private static IEnumerable<string> Folders(DirectoryInfo folder, int depth) => depth >= DeepestFolder
        ? [AsFolder(folder.FullName)]
        : Entries(folder).OfType<DirectoryInfo>().Where(f => f.LinkTarget is null).SelectMany(f => Folders(f, depth + 1)).Prepend(AsFolder(folder.FullName));

    /// <summary>The path in the form that means what lies in it.</summary>
    internal static string AsFolder(string path) => Path.EndsInDirectorySeparator(path) ? path : path + Path.DirectorySeparatorChar;

    private static IReadOnlyList<FileSystemInfo> Entries(DirectoryInfo folder)
    {
        try
        {
            return [.. folder.EnumerateFileSystemInfos().Where(e => !e.Name.StartsWith('.'))];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It goes away while it is looked at, and looks different the next time.
            return [];
        }
    }

    private static string Target(FileSystemInfo folder)
    {
        try
        {
            return folder.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? "";
        }
        catch (IOException error)
        {
            return error.GetType().Name;
        }
    }
}
