using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ScriptProxy.Core.Redis;

/// <summary>One multiplexed connection. It is made in the background when it is first needed, and makes itself anew after every break.</summary>
internal sealed partial class RedisConnection : IDisposable
{
    /// <summary>How long after its beginning whoever needs it waits for it. Later there is an error at once.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ConfigurationOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private Task<IConnectionMultiplexer>? _made;
    private long _begun;
    private bool _down;
    private readonly Dictionary<object, IDisposable> _owned = [];
    private bool _disposed;

    /// <exception cref="ArgumentException">The configuration cannot be read.</exception>
    internal RedisConnection(string configuration, TimeProvider time, ILogger logger)
    {
        _options = Read(configuration);
        _time = time;
        _logger = logger;
    }

    /// <summary>Raised, on any thread, whenever the way to Redis is there, at first or again.</summary>
    internal event EventHandler? Restored;

    /// <summary>Raised whenever it breaks.</summary>
    internal event EventHandler? Broken;

    /// <exception cref="RedisConnectionException">It is not made yet.</exception>
    internal IDatabase Database => Multiplexer.GetDatabase();

    /// <exception cref="RedisConnectionException">It is not made yet.</exception>
    internal IConnectionMultiplexer Multiplexer
    {
        get
        {
            var made = MakeAsync();
            if (!made.IsCompleted && _time.GetElapsedTime(_begun) is var since && since < Patience)
            {
                // Only in the first moments of the process, and for the scripts that ask so soon.
                made.Wait(Patience - since);
            }

            return made.IsCompletedSuccessfully
                ? made.Result
                : throw new RedisConnectionException(ConnectionFailureType.UnableToConnect, $"there is no connection to Redis ({Servers}) yet", made.Exception?.InnerException);
        }
    }

    /// <summary>For those who can do without: never waits.</summary>
    /// <returns>Null while there is no way to Redis.</returns>
    internal IConnectionMultiplexer? Connected => MakeAsync() is { IsCompletedSuccessfully: true, Result: { IsConnected: true } made } ? made : null;

    private string Servers => string.Join(", ", _options.EndPoints.Select(e => e switch
    {
        System.Net.DnsEndPoint name => $"{name.Host}:{name.Port}",
        _ => e.ToString(),
    }));

    /// <exception cref="ArgumentException">It cannot be read.</exception>
    internal static ConfigurationOptions Read(string configuration)
    {
        var options = ConfigurationOptions.Parse(configuration);
        if (options.EndPoints.Count == 0)
        {
            throw new ArgumentException("the configuration names no server of Redis: write \"localhost:6379\"", nameof(configuration));
        }

        options.AbortOnConnectFail = false;
        options.ClientName ??= "scriptproxy";
        options.SetDefaultPorts();
        return options;
    }

    /// <summary>Begins it, where that was not done.</summary>
    internal Task<IConnectionMultiplexer> MakeAsync()
    {
        lock (_gate)
        {
            if (_made is null)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                _begun = _time.GetTimestamp();
                using (ExecutionContext.SuppressFlow())
                {
                    _made = Task.Run(ConnectAsync);
                }
            }

            return _made;
        }
    }

    /// <summary>What lives on this connection, and goes with it.</summary>
    internal T Own<T>(object key, Func<T> make)
        where T : IDisposable
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_owned.TryGetValue(key, out var owned))
            {
                _owned[key] = owned = make();
            }

            return (T)owned;
        }
    }

    public void Dispose()
    {
        Task<IConnectionMultiplexer>? made;
        lock (_gate)
        {
            _disposed = true;
            made = _made;
        }

        foreach (var owned in _owned.Values)
        {
            owned.Dispose();
        }

        _ = made?.ContinueWith(static m => m.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
    }

    private async Task<IConnectionMultiplexer> ConnectAsync()
    {
        var multiplexer = await ConnectionMultiplexer.ConnectAsync(_options);
        multiplexer.ConnectionFailed += (_, e) => OnBroken(e.Exception?.GetBaseException().Message ?? e.FailureType.ToString());
        multiplexer.ConnectionRestored += (_, _) => OnRestored();
        if (multiplexer.IsConnected)
        {
            Restored?.Invoke(this, EventArgs.Empty);
        }
        else
        {
            OnBroken("no connection");
        }

        return multiplexer;
    }

    private void OnBroken(string reason)
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            // Two connections break and come back, and every try fails: one line is enough.
            if (!_down)
            {
                _down = true;
                LogDown(_logger, Servers, reason);
            }
        }

        Broken?.Invoke(this, EventArgs.Empty);
    }

    private void OnRestored()
    {
        lock (_gate)
        {
            if (_down)
            {
                _down = false;
                LogUp(_logger, Servers);
            }
        }

        Restored?.Invoke(this, EventArgs.Empty);
    }

    [LoggerMessage(70, LogLevel.Warning, "Redis ({Servers}) cannot be reached, the gateway serves without it until it is back: {Reason}")]
    private static partial void LogDown(ILogger logger, string servers, string reason);

    [LoggerMessage(71, LogLevel.Information, "Redis ({Servers}) is there again")]
    private static partial void LogUp(ILogger logger, string servers);
}
