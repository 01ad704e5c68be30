using System.Collections.Concurrent;
using System.Net.Security;

namespace ScriptProxy.Core.Http1;

/// <summary>The connections to an upstream's peers.</summary>
internal sealed class PeerPool : IDisposable
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<PeerAddress, PeerConnections> _byAddress = new();
    private readonly Func<string, SslClientAuthenticationOptions> _tls;
    private readonly ITimer _sweep;
    private volatile bool _closed;

    /// <param name="connectTimeout">For name, connection and TLS together.</param>
    /// <param name="tls">The settings for a peer of that name.</param>
    /// <param name="time">The clock of all limits.</param>
    internal PeerPool(TimeSpan connectTimeout, Func<string, SslClientAuthenticationOptions> tls, TimeProvider time)
    {
        ConnectTimeout = connectTimeout;
        Time = time;
        _tls = tls;

        // A pool may be made by a request's reload; it outlives all that.
        using (ExecutionContext.SuppressFlow())
        {
            _sweep = time.CreateTimer(static pool => ((PeerPool)pool!).Sweep(), this, SweepEvery, SweepEvery);
        }
    }

    internal TimeSpan ConnectTimeout { get; }

    internal TimeProvider Time { get; }

    internal PeerConnections To(PeerAddress address)
    {
        if (_byAddress.TryGetValue(address, out var known))
        {
            return known;
        }

        var made = _byAddress.GetOrAdd(address, a => new PeerConnections(a, this));
        if (_closed)
        {
            made.Close();
        }

        return made;
    }

    internal SslClientAuthenticationOptions Tls(string name) => _tls(name);

    /// <summary>Names are resolved again when a connection is that old.</summary>
    internal bool IsTooOld(PeerConnection connection) => Time.GetElapsedTime(connection.Made) > Lifetime;

    internal bool IsIdleTooLong(long since) => Time.GetElapsedTime(since) > Idle;

    /// <summary>Those in use are closed when their exchanges end.</summary>
    public void Dispose()
    {
        _closed = true;
        _sweep.Dispose();
        foreach (var connections in _byAddress.Values)
        {
            connections.Close();
        }
    }

    private void Sweep()
    {
        foreach (var connections in _byAddress.Values)
        {
            if (!connections.Sweep() && _byAddress.TryRemove(KeyValuePair.Create(connections.Address, connections)))
            {
                // Whoever holds it still gets along with it, and keeps no connection here.
                connections.Close();
            }
        }
    }
}
