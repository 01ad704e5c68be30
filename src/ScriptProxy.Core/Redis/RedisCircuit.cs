using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ScriptProxy.Core.Redis;

/// <summary>Keeps a slow or broken Redis from slowing requests: a limit for each question, and after some that failed none at all for a while.</summary>
internal sealed partial class RedisCircuit(TimeProvider time, ILogger logger)
{
    /// <summary>How long one question may take.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(250);

    /// <summary>How long nothing is asked, before one question tries again.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private const int MostFailures = 5;

    private readonly Lock _gate = new();
    private int _failures;
    private long _openedAt;
    private bool _open;

    /// <summary>Nothing is asked now. False once for the question that tries again.</summary>
    private bool IsOpen()
    {
        lock (_gate)
        {
            if (!_open)
            {
                return false;
            }

            if (time.GetElapsedTime(_openedAt) < Pause)
            {
                return true;
            }

            _openedAt = time.GetTimestamp();
            return false;
        }
    }

    /// <returns>Not done: Redis was not asked, failed, or did not answer in time.</returns>
    internal async ValueTask<(bool Done, T? Value)> AskAsync<T>(Func<Task<T>> question)
    {
        if (IsOpen())
        {
            return default;
        }

        try
        {
            var value = await question().WaitAsync(Limit, time);
            Succeeded();
            return (true, value);
        }
        catch (Exception error) when (error is RedisException or TimeoutException or ObjectDisposedException)
        {
            Failed(error.GetBaseException().Message);
            return default;
        }
    }

    private void Succeeded()
    {
        if (Volatile.Read(ref _failures) == 0)
        {
            return;
        }

        lock (_gate)
        {
            _failures = 0;
            if (_open)
            {
                _open = false;
                LogClosed(logger);
            }
        }
    }

    private void Failed(string reason)
    {
        lock (_gate)
        {
            if (++_failures >= MostFailures && !_open)
            {
                _open = true;
                _openedAt = time.GetTimestamp();
                LogOpened(logger, reason);
            }
        }
    }

    [LoggerMessage(72, LogLevel.Warning, "Redis fails or is slow: the cache goes on without it and asks it again every 5 s: {Reason}")]
    private static partial void LogOpened(ILogger logger, string reason);

    [LoggerMessage(73, LogLevel.Information, "the cache uses Redis again")]
    private static partial void LogClosed(ILogger logger);
}
