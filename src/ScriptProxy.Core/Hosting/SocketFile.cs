using System.Net.Sockets;

namespace ScriptProxy.Core.Hosting;

/// <summary>The file of a Unix socket. A process that was killed leaves it behind, and with it there the address counts as in use.</summary>
internal static class SocketFile
{
    /// <summary>Deletes the file where nobody listens behind it.</summary>
    /// <exception cref="IOException">Somebody does, or it is another kind of file.</exception>
    internal static async Task ClearAsync(string path, CancellationToken stop)
    {
        if (!File.Exists(path))
        {
            return;
        }

        if (IsOrdinary(path))
        {
            throw new IOException($"{path} is a file and no socket");
        }

        try
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await probe.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }

        throw new IOException("another program listens on it");
    }

    /// <summary>Says who may connect, of those whom its folder lets in: every user, as nginx does, or the gateway's own alone.</summary>
    internal static void Open(string path, bool toAll)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)(toAll ? 0b110_110_110 : 0b110_000_000));
        }
    }

    /// <remarks>A socket cannot be opened as a file, whoever asks; connecting alone would not tell: a plain file refuses as well.</remarks>
    private static bool IsOrdinary(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
