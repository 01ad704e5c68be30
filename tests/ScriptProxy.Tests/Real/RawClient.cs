using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Real;

/// <summary>A client that sends the bytes it is told to, over one socket.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket;

    private RawClient(Socket socket)
    {
        _socket = socket;
        Stream = new NetworkStream(socket, ownsSocket: true);
    }

    internal NetworkStream Stream { get; }

    internal static async Task<RawClient> ConnectAsync(string address)
    {
        var url = new Uri(address);
        return await ConnectAsync(new IPEndPoint(IPAddress.Parse(url.Host.Trim('[', ']')), url.Port), ProtocolType.Tcp);
    }

    internal static async Task<RawClient> ConnectAsync(EndPoint to, ProtocolType protocol)
    {
        var socket = new Socket(to.AddressFamily, SocketType.Stream, protocol);
        await socket.ConnectAsync(to);
        return new RawClient(socket);
    }

    internal async Task SendAsync(string text) => await Stream.WriteAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>One answer whose length is declared or chunked.</summary>
    internal async Task<(string Head, string Body)> ReadAnswerAsync()
    {
        var head = await ReadHeadAsync();
        if (HeaderOf(head, "Content-Length") is { } length)
        {
            return (head, await ReadAsync(int.Parse(length, CultureInfo.InvariantCulture)));
        }

        Assert.Equal("chunked", HeaderOf(head, "Transfer-Encoding"));
        var body = new StringBuilder();
        while (int.Parse(await ReadLineAsync(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) is var size)
        {
            body.Append(await ReadAsync(size));
            Assert.Equal("", await ReadLineAsync());
            if (size == 0)
            {
                break;
            }
        }

        return (head, body.ToString());
    }

    internal Task<string> ReadHeadAsync() => RawOrigin.ReadHeadAsync(Stream).WaitAsync(TimeSpan.FromSeconds(20));

    internal async Task<string> ReadAsync(int bytes)
    {
        var buffer = new byte[bytes];
        await Stream.ReadExactlyAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        return Encoding.Latin1.GetString(buffer);
    }

    /// <summary>All that comes until the other side closes.</summary>
    internal async Task<string> ReadToEndAsync()
    {
        using var all = new MemoryStream();
        await Stream.CopyToAsync(all).WaitAsync(TimeSpan.FromSeconds(20));
        return Encoding.Latin1.GetString(all.ToArray());
    }

    /// <summary>No more will be sent.</summary>
    internal void Shutdown() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Breaks off with a reset.</summary>
    internal void Reset()
    {
        _socket.LingerState = new LingerOption(enable: true, 0);
        _socket.Close();
    }

    public void Dispose() => Stream.Dispose();

    private static string? HeaderOf(string head, string name) => head.Split("\r\n")
        .Where(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
        .Select(l => l[(name.Length + 1)..].Trim())
        .FirstOrDefault();

    private async Task<string> ReadLineAsync()
    {
        var line = new StringBuilder();
        while (!line.ToString().EndsWith("\r\n", StringComparison.Ordinal))
        {
            line.Append(await ReadAsync(1));
        }

        return line.ToString(0, line.Length - 2);
    }
}
