using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text.Json;
using ScriptProxy.Bench.Running;

namespace ScriptProxy.Bench.Reloading;

/// <summary>Requests without a pause on keep-alive connections. Every answer must be whole, and of one version from its header to the end of its body.</summary>
internal sealed class Load(int port, string filteredFile)
{
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, int> _failures = new(StringComparer.Ordinal);
    private long _requests;
    private long _failed;

    internal long Requests => Interlocked.Read(ref _requests);

    internal long Failed => Interlocked.Read(ref _failed);

    /// <summary>What went wrong, and how often.</summary>
    internal IReadOnlyDictionary<string, int> Failures => _failures;

    internal Task RunAsync(int connections, CancellationToken stop)
    {
        (string Target, Func<string, string, bool> IsWhole)[] kinds =
        [
            ("/version", (version, body) => body == $"version {version}\n"),
            ("/filtered/10k.txt", (version, body) => body == filteredFile.Replace("foo", $"[{version}]", StringComparison.Ordinal)),
            ("/json", IsWholeJson),
        ];
        return Task.WhenAll(Enumerable.Range(0, connections).Select(i => ConnectionAsync(kinds[i % kinds.Length].Target, kinds[i % kinds.Length].IsWhole, stop)));
    }

    private async Task ConnectionAsync(string target, Func<string, string, bool> isWhole, CancellationToken stop)
    {
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
                if (Wrong(answer, isWhole) is { } wrong)
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

    private static string? Wrong(RawAnswer answer, Func<string, string, bool> isWhole)
    {
        if (answer.Status != 200)
        {
            return $"status {answer.Status}";
        }

        return !answer.Headers.TryGetValue("X-Version", out var version)
            ? "no X-Version"
            : isWhole(version, answer.Body) ? null : "the body is not of the header's version, or not whole";
    }

    private static bool IsWholeJson(string version, string body)
    {
        try
        {
            using var answer = JsonDocument.Parse(body);
            return answer.RootElement.GetProperty("version").GetString() == version && answer.RootElement.GetProperty("count").GetInt64() > 0;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException)
        {
            return false;
        }
    }

    private void Fail(string why)
    {
        Interlocked.Increment(ref _failed);
        _failures.AddOrUpdate(why, 1, static (_, n) => n + 1);
    }
}
