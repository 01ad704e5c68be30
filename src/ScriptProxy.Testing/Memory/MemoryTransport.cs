using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace ScriptProxy.Testing.Memory;

/// <summary>Carries Kestrel's connections in memory: the server and its protocols are the real ones, only the socket is missing.</summary>
internal sealed class MemoryTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private const int FirstPort = 49152;

    private readonly ConcurrentDictionary<EndPoint, Listener> _open = new();
    private readonly ConcurrentDictionary<MemoryConnection, bool> _connections = new();
    private int _lastPort = FirstPort - 1;

    public bool CanBind(EndPoint endpoint) => true;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        // Kestrel asks for port 0 where any port will do.
        var at = endpoint is IPEndPoint { Port: 0 } any ? new IPEndPoint(any.Address, Interlocked.Increment(ref _lastPort)) : endpoint;
        var listener = new Listener(at, this);
        return _open.TryAdd(at, listener)
            ? new ValueTask<IConnectionListener>(listener)
            : throw new AddressInUseException($"{at} is in use");
    }

    /// <summary>The listener that a client of this host and port meets; null where there is none.</summary>
    internal EndPoint? Find(string host, int port)
    {
        var address = IPAddress.TryParse(host.Trim('[', ']'), out var parsed) ? parsed : null;
        return _open.Keys.OfType<IPEndPoint>().FirstOrDefault(e => e.Port == port && (e.Address.Equals(address) || Any(e.Address) || (address is null && IPAddress.IsLoopback(e.Address))));

        static bool Any(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
    }

    /// <summary>Opens a connection.</summary>
    /// <param name="to">Where somebody listens.</param>
    /// <param name="from">The client's address.</param>
    /// <param name="features">Go along with the connection.</param>
    /// <exception cref="IOException">Nobody listens there.</exception>
    internal Stream Connect(EndPoint to, EndPoint from, params IEnumerable<Action<IFeatureCollection>> features)
    {
        if (!_open.TryGetValue(to, out var listener))
        {
            throw new IOException($"nobody listens on {to}");
        }

        var (connection, stream) = MemoryConnection.Create(to, from);
        _connections[connection] = true;
        connection.ConnectionClosed.UnsafeRegister(_ => _connections.TryRemove(connection, out bool _), null);
        foreach (var feature in features)
        {
            feature(connection.Features);
        }

        return listener.Connections.Writer.TryWrite(connection) ? stream : throw new IOException($"nobody listens on {to} any more");
    }

    /// <summary>Cuts all connections off.</summary>
    internal void Reset()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Abort(new ConnectionAbortedException("the test is over"));
        }
    }

    private sealed class Listener(EndPoint endPoint, MemoryTransport owner) : IConnectionListener
    {
        internal Channel<ConnectionContext> Connections { get; } = Channel.CreateUnbounded<ConnectionContext>();

        public EndPoint EndPoint => endPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            await Connections.Reader.WaitToReadAsync(cancellationToken) && Connections.Reader.TryRead(out var connection) ? connection : null;

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            owner._open.TryRemove(endPoint, out _);
            Connections.Writer.TryComplete();
            return default;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
