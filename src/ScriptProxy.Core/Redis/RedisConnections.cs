using Microsoft.Extensions.Logging;

namespace ScriptProxy.Core.Redis;

/// <summary>The connections of the process, one for each configuration. They outlive generations, and go with the last one that names them.</summary>
internal sealed class RedisConnections(TimeProvider time) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (RedisConnection Connection, int Users)> _byConfiguration = new(StringComparer.Ordinal);

    /// <returns>To be disposed of by the generation.</returns>
    /// <exception cref="ArgumentException">The configuration cannot be read.</exception>
    internal Lease Rent(string configuration, ILogger logger)
    {
        lock (_gate)
        {
            var (connection, users) = _byConfiguration.GetValueOrDefault(configuration);
            connection ??= new RedisConnection(configuration, time, logger);
            _byConfiguration[configuration] = (connection, users + 1);
            return new Lease(this, configuration, connection);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var (connection, _) in _byConfiguration.Values)
            {
                connection.Dispose();
            }

            _byConfiguration.Clear();
        }
    }

    private void Return(string configuration)
    {
        lock (_gate)
        {
            if (!_byConfiguration.TryGetValue(configuration, out var held))
            {
                return;
            }

            if (held.Users > 1)
            {
                _byConfiguration[configuration] = (held.Connection, held.Users - 1);
                return;
            }

            _byConfiguration.Remove(configuration);
            held.Connection.Dispose();
        }
    }

    internal sealed class Lease(RedisConnections owner, string configuration, RedisConnection connection) : IDisposable
    {
        private int _returned;

        internal RedisConnection Connection { get; } = connection;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _returned, 1) == 0)
            {
                owner.Return(configuration);
            }
        }
    }
}
