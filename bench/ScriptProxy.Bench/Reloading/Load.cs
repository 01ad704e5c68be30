using System.Collections.Concurrent;
using System.Net.Sockets;
using ScriptProxy.Bench.Running;

namespace ScriptProxy.Bench.Reloading;

/// <summary>A request, and what is wrong with its answer; null where nothing is.</summary>
internal sealed record LoadKind(string Target, Func<RawAnswer, string?> Wrong);

/// <summary>Requests without a pause on keep-alive connections.</summary>
internal sealed class Load(int port, IReadOnlyList<LoadKind> kinds)
{
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, int> _failures = new(StringComparer.Ordinal);
    private long _requests;
    private long _failed;

    internal long Requests => Interlocked.Read(ref _requests);

    internal long Failed => Interlocked.Read(ref _failed);

    /// <summary>What went wrong, and how often.</summary>
    internal IReadOnlyDictionary<string, int> Failures => _failures;

    internal Task RunAsync(int connections, CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, connections).Select(i => ConnectionAsync(kinds[i % kinds.Count], stop)));

    private async Task ConnectionAsync(LoadKind kind, CancellationToken stop)
    {
        var target = kind.Target;
        await Task.Yield();
        var request = RawConnection.Get(target);
        RawConnection? connection = null;
        while (!stop.IsCancellationRequested)
        {
            // A request under way when the load ends is waited for: it counts like any other.
            using var limit = new CancellationTokenSource(AtMost);
            try
            {
                connection ??= await RawConnection.OpenAsync(port, limit.Token);
                var answer = await connection.AskAsync(request, limit.Token);
                Interlocked.Increment(ref _requests);
                if (Wrong(kind, answer) is { } wrong)
                {
                    Fail($"{target}: {wrong}");
                }

                if (connection.Ended)
                {
                    connection.Dispose();
                    connection = null;
                }
            }
            catch (Exception error) when (error is IOException or SocketException or FormatException or OperationCanceledException)
            {
                Interlocked.Increment(ref _requests);
                Fail($"{target}: {error.GetType().Name}: {error.Message}");
                connection?.Dispose();
                connection = null;
            }
        }

        connection?.Dispose();
    }

    private static string? Wrong(LoadKind kind, RawAnswer answer) => answer.Status == 200 ? kind.Wrong(answer) : $"status {answer.Status}";

    private void Fail(string why)
    {
        Interlocked.Increment(ref _failed);
        _failures.AddOrUpdate(why, 1, static (_, n) => n + 1);
    }
}
