using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ScriptProxy.Bench.Running;

internal sealed record RawAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string Body);

/// <summary>A keep-alive connection of HTTP/1.1 that repeats nothing and hides nothing: whatever goes wrong is seen.</summary>
internal sealed class RawConnection : IDisposable
{
    internal const string Host = "localhost";

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    /// <summary>The server said that it closes the connection: the next request needs another one.</summary>
    internal bool Ended { get; private set; }

    /// <exception cref="SocketException">Nobody listens.</exception>
    internal static async Task<RawConnection> OpenAsync(int port, CancellationToken stop)
    {
        var connection = new RawConnection();
        try
        {
            await connection._socket.ConnectAsync(IPAddress.Loopback, port, stop);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    internal static byte[] Get(string target) => Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: {Host}\r\n\r\n");

    /// <exception cref="SocketException">The connection was reset.</exception>
    /// <exception cref="IOException">It was closed amid an answer, or what came is no HTTP/1.1.</exception>
    internal async Task<RawAnswer> AskAsync(byte[] request, CancellationToken stop)
    {
        for (var sent = 0; sent < request.Length;)
        {
            sent += await _socket.SendAsync(request.AsMemory(sent), stop);
        }

        var line = (await LineAsync(stop)).Split(' ', 3);
        if (line is not ["HTTP/1.1", { Length: 3 } code, ..])
        {
            throw new IOException($"'{string.Join(' ', line)}' is no status line");
        }

        var headers = await HeadersAsync(stop);
        Ended = headers.TryGetValue("Connection", out var connection) && connection.Contains("close", StringComparison.OrdinalIgnoreCase);
        return new RawAnswer(int.Parse(code, CultureInfo.InvariantCulture), headers, await BodyAsync(headers, stop));
    }

    public void Dispose() => _socket.Dispose();

    private async Task<Dictionary<string, string>> HeadersAsync(CancellationToken stop)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await LineAsync(stop) is { Length: > 0 } header)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            headers[header[..colon]] = header[(colon + 1)..].Trim();
        }

        return headers;
    }

    private async Task<string> BodyAsync(Dictionary<string, string> headers, CancellationToken stop)
    {
        if (headers.TryGetValue("Content-Length", out var length))
        {
            return await TakeAsync(int.Parse(length, CultureInfo.InvariantCulture), stop);
        }

        if (!headers.ContainsKey("Transfer-Encoding"))
        {
            throw new IOException("the answer says nothing of its length");
        }

        var body = new StringBuilder();
        while (true)
        {
            var size = int.Parse(await LineAsync(stop), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            body.Append(await TakeAsync(size, stop));
            await LineAsync(stop);
            if (size == 0)
            {
                return body.ToString();
            }
        }
    }

    private async Task<string> LineAsync(CancellationToken stop)
    {
        while (true)
        {
            var length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8);
            if (length >= 0)
            {
                var line = Encoding.Latin1.GetString(_buffer, _start, length);
                _start += length + 2;
                return line;
            }

            await FillAsync(stop);
        }
    }

    private async Task<string> TakeAsync(int count, CancellationToken stop)
    {
        while (_end - _start < count)
        {
            await FillAsync(stop);
        }

        var text = Encoding.UTF8.GetString(_buffer, _start, count);
        _start += count;
        return text;
    }

    private async Task FillAsync(CancellationToken stop)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            throw new IOException("the answer is longer than this client takes");
        }

        var read = await _socket.ReceiveAsync(_buffer.AsMemory(_end), stop);
        _end += read > 0 ? read : throw new IOException("the connection was closed where an answer was due");
    }
}
