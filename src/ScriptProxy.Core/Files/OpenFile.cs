using System.Globalization;
using Microsoft.Net.Http.Headers;
using Microsoft.Win32.SafeHandles;

namespace ScriptProxy.Core.Files;

/// <summary>
/// One file, opened once: size, date and bytes all come from the same handle, so a file that is renamed over or removed while it is served
/// still goes out whole and under its own ETag.
/// </summary>
internal sealed class OpenFile : IDisposable
{
    private OpenFile(SafeFileHandle handle, string path)
    {
        Handle = handle;
        Path = path;
        Length = RandomAccess.GetLength(handle);
        DateTime modified = File.GetLastWriteTimeUtc(handle);
        ETag = new EntityTagHeaderValue(string.Create(CultureInfo.InvariantCulture, $"\"{modified.Ticks:x}-{Length:x}\""));

        // HTTP dates have whole seconds.
        LastModified = new DateTimeOffset(modified.AddTicks(-(modified.Ticks % TimeSpan.TicksPerSecond)), TimeSpan.Zero);
    }

    public SafeFileHandle Handle { get; }

    public string Path { get; }

    public long Length { get; }

    public DateTimeOffset LastModified { get; }

    public EntityTagHeaderValue ETag { get; }

    /// <summary>Null where the file is gone, or is a folder.</summary>
    /// <exception cref="UnauthorizedAccessException">The gateway may not read it.</exception>
    public static OpenFile? TryOpen(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            // Shared with everyone: serving a file must not keep a deployment from replacing it.
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return new OpenFile(handle, path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or PathTooLongException || (e is UnauthorizedAccessException && Directory.Exists(path)))
        {
            return null;
        }
        catch
        {
            handle?.Dispose();
            throw;
        }
    }

    public void Dispose() => Handle.Dispose();
}
