using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace ScriptProxy.Core.Scripting;

/// <summary>Makes sure that only this user can put code into the cache folder.</summary>
internal static class CacheFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Others = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>What is wrong with the folder, as the end of a sentence; null where it is good.</summary>
    public static string? Prepare(string folder)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                // A folder there inherits its rights, and a user's profile is the user's own.
                Directory.CreateDirectory(folder);
                return null;
            }

            if (!Directory.Exists(folder))
            {
                Directory.CreateDirectory(folder, OwnerOnly);
            }

            if ((File.GetUnixFileMode(folder) & Others) != UnixFileMode.None)
            {
                return "other users may write to it (it needs mode 0700)";
            }

            return IsOwn(folder) ? null : "it belongs to another user";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"it cannot be made or read: {error.Message.TrimEnd('.')}";
        }
    }

    // Only the owner may set the mode, so setting it again tells the owner; root may as well, so on Linux the owner is read.
    [UnsupportedOSPlatform("windows")]
    private static bool IsOwn(string folder)
    {
        if (OperatingSystem.IsLinux())
        {
            return OwnerOf(folder) is { } owner && owner == EffectiveUser();
        }

        File.SetUnixFileMode(folder, OwnerOnly);
        return true;
    }

    private static uint? OwnerOf(string path)
    {
        const int currentFolder = -100;
        const uint askForOwner = 0x8;

        // struct statx has the same layout everywhere: the owner is the 32-bit field at offset 20 of 256 bytes.
        var buffer = new byte[256];
        return Statx(currentFolder, path, 0, askForOwner, buffer) == 0 ? BitConverter.ToUInt32(buffer, 20) : null;
    }

    // DllImport and not LibraryImport: the generated code would need unsafe blocks in the project.
    [DllImport("libc", EntryPoint = "statx", BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] buffer);

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint EffectiveUser();
}
