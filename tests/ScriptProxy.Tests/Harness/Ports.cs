using System.Net;
using System.Net.Sockets;

namespace ScriptProxy.Tests.Harness;

/// <summary>Ports for programs that must be told theirs. Below those that systems hand out by themselves: one of those may be taken again at any moment.</summary>
internal static class Ports
{
    private const int First = 20_000;
    private const int Count = 12_000;

    // Processes of tests that run side by side begin at different ends.
    private static int _next = Environment.ProcessId * 61;

    internal static int Free()
    {
        while (true)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref _next) % Count);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // In use: the next.
            }
        }
    }

    internal static int[] Free(int count) => [.. Enumerable.Range(0, count).Select(_ => Free())];
}
