using System.Net.Quic;
using System.Runtime.InteropServices;

namespace ScriptProxy.Core.Tls;

/// <summary>Whether this machine can speak HTTP/3.</summary>
internal static class Http3
{
    /// <summary>Why not, as a sentence for the operator; null where it can.</summary>
    public static string? Unavailable { get; } = Find();

    public static bool IsSupported => Unavailable is null;

    private static string? Find()
    {
        if (!OperatingSystem.IsWindows() && !OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
            return "HTTP/3 is off: .NET has no QUIC on this operating system";
        if (QuicListener.IsSupported)
            return null;
        if (OperatingSystem.IsWindows())
            return "HTTP/3 is off: it needs Windows 11 or Windows Server 2022";
        if (!NativeLibrary.TryLoad(OperatingSystem.IsMacOS() ? "libmsquic.dylib" : "libmsquic.so.2", out nint library))
            return "HTTP/3 is off: the library libmsquic is not installed";

        NativeLibrary.Free(library);
        return "HTTP/3 is off: the installed libmsquic is too old or was built without TLS 1.3";
    }
}
