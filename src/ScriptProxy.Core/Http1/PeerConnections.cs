using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace ScriptProxy.Core.Http1;

/// <summary>Where connections go, and to which name they are secured; empty for plain ones.</summary>
internal readonly record struct PeerAddress(string Host, int Port, string TlsName)
{
    /// <param name="address">http or https.</param>
    /// <param name="hostHeader">By which name the peer is asked: its certificate is to be of that one.</param>
    internal static PeerAddress Of(Uri address, string? hostHeader) =>
        new(address.IdnHost, address.Port, address.Scheme == Uri.UriSchemeHttps ? NameOf(hostHeader) ?? address.IdnHost : "");

    private static string? NameOf(string? hostHeader)
    {
        if (string.IsNullOrEmpty(hostHeader))
        {
            return null;
        }

        var end = hostHeader.StartsWith('[') ? hostHeader.IndexOf(']', StringComparison.Ordinal) + 1 : hostHeader.IndexOf(':', StringComparison.Ordinal);
        return end > 0 ? hostHeader[..end] : hostHeader;
    }
}

/// <summary>The connections to one address that wait to be used, the last one used first.</summary>
internal sealed class PeerConnections(PeerAddress address, PeerPool pool)
{
    private readonly Stack<PeerConnection> _idle = new();
    private readonly Lock _lock = new();
    private bool _closed;
    private long _lastUsed = pool.Time.GetTimestamp();

    internal PeerAddress Address => address;

    internal PeerPool Pool => pool;

    internal PeerConnection? TryTake()
    {
        while (true)
        {
            PeerConnection? connection;
            lock (_lock)
            {
                if (!_idle.TryPop(out connection))
                {
                    return null;
                }
            }

            if (!pool.IsTooOld(connection) && connection.TryBegin())
            {
                return connection;
            }

            connection.Dispose();
        }
    }

    /// <exception cref="SocketException">Nobody listens there, or there is no such name.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The peer's certificate is not believed.</exception>
    /// <exception cref="ConnectTimeoutException">It took too long.</exception>
    /// <exception cref="OperationCanceledException">Nobody waits any more.</exception>
    internal async ValueTask<PeerConnection> ConnectAsync(CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(pool.ConnectTimeout, pool.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SslStream? tls = null;
        try
        {
            await (IPAddress.TryParse(address.Host.AsSpan().Trim("[]"), out var ip)
                ? socket.ConnectAsync(new IPEndPoint(ip, address.Port), either.Token)
                : socket.ConnectAsync(new DnsEndPoint(address.Host, address.Port), either.Token));
            if (address.TlsName.Length > 0)
            {
                tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
                await tls.AuthenticateAsClientAsync(pool.Tls(address.TlsName), either.Token);
            }

            var connection = new PeerConnection(this, socket, tls, pool.Time.GetTimestamp());
            return connection.TryBegin() ? connection : throw new PeerFaultException("it closed the connection at once, or spoke before it was asked");
        }
        catch (Exception error)
        {
            if (tls is not null)
            {
                await tls.DisposeAsync();
            }

            socket.Dispose();
            if (error is OperationCanceledException && limit.IsCancellationRequested && !cancel.IsCancellationRequested)
            {
                throw new ConnectTimeoutException($"no connection within {pool.ConnectTimeout.TotalSeconds} s", error);
            }

            throw;
        }
    }

    /// <summary>For the next exchange, where the connection is still good.</summary>
    internal void Return(PeerConnection connection)
    {
        connection.Head.Forget();
        if (!connection.TryEnd())
        {
            connection.Dispose();
            return;
        }

        connection.WasUsed = true;
        connection.IdleSince = pool.Time.GetTimestamp();
        Volatile.Write(ref _lastUsed, connection.IdleSince);
        lock (_lock)
        {
            if (!_closed)
            {
                _idle.Push(connection);
                return;
            }
        }

        connection.Dispose();
    }

    /// <summary>Closes those that nobody used for long, and those that the peer has closed.</summary>
    /// <returns>False where none is left and none was used for long.</returns>
    internal bool Sweep()
    {
        PeerConnection[] all;
        lock (_lock)
        {
            all = [.. _idle];
        }

        var done = all.Where(c => pool.IsTooOld(c) || pool.IsIdleTooLong(c.IdleSince) || c.IsDead()).ToHashSet();
        if (done.Count > 0)
        {
            lock (_lock)
            {
                // Some may have been taken since: those are not ours to close.
                PeerConnection[] now = [.. _idle];
                done.IntersectWith(now);
                _idle.Clear();
                foreach (var connection in now.Reverse().Where(c => !done.Contains(c)))
                {
                    _idle.Push(connection);
                }
            }

            foreach (var connection in done)
            {
                connection.Dispose();
            }
        }

        return all.Length > done.Count || !pool.IsIdleTooLong(Volatile.Read(ref _lastUsed));
    }

    /// <summary>Exchanges under way end on their connections, which are closed then.</summary>
    internal void Close()
    {
        lock (_lock)
        {
            _closed = true;
            while (_idle.TryPop(out var connection))
            {
                connection.Dispose();
            }
        }
    }
}
