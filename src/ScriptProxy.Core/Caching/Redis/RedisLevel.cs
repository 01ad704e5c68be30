using Microsoft.Extensions.Logging;
using ScriptProxy.Caching;
using ScriptProxy.Core.Redis;

namespace ScriptProxy.Core.Caching.Redis;

/// <summary>
/// The answers of this gateway over those that several share in Redis. What is fresh here is served without a question; else Redis is asked before the
/// origin. Writing to Redis holds nobody up.
/// </summary>
internal sealed class RedisLevel : IHttpCacheStore, IDisposable
{
    /// <summary>Bodies that wait to be written. More of them stay out of Redis.</summary>
    private const long MostUnderWay = 64 * 1024 * 1024;

    private readonly IHttpCacheStore _upper;
    private readonly RedisEntries _entries;
    private readonly PurgeFeed _feed;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly PurgeLog _log = new();
    private readonly StoreCounts _begun = new();
    private TaskCompletionSource? _settled;
    private long _underWay;
    private int _writes;

    /// <param name="upper">This gateway's own.</param>
    /// <param name="connection">The way to Redis.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told when Redis fails, and when it is back.</param>
    /// <param name="note">See <see cref="PurgeFeed"/>.</param>
    internal RedisLevel(IHttpCacheStore upper, RedisConnection connection, TimeProvider time, ILogger logger, string? note = null)
    {
        var circuit = new RedisCircuit(time, logger);
        _upper = upper;
        _time = time;
        _entries = new RedisEntries(connection, circuit, time);
        _feed = new PurgeFeed(connection, circuit, time, note, ApplyAsync);
    }

    public long Purges => _log.Count;

    /// <summary>Everything that other gateways purged so far is known here, and they know of this one's.</summary>
    internal bool IsInStep => _feed.IsInStep;

    public ValueTask<IReadOnlyList<StoredResponse>> FindAsync(string key, CancellationToken stop)
    {
        var found = _upper.FindAsync(key, stop);
        return found.IsCompletedSuccessfully && HasFresh(found.Result) ? found : BelowAsync(key, found, stop);
    }

    public async ValueTask<bool> StoreAsync(string key, StoredResponse response, long purges, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(response);
        if (response.Vary.Count > 0)
        {
            // Its other variants come up first, or they would be hidden by this one.
            await FindAsync(key, stop);
        }

        // From here on what lies below is old.
        _begun.Next(key);

        // Before the look at the purges: one that comes between is later than this.
        var position = _feed.Position;
        var above = _upper.Purges;
        lock (_gate)
        {
            if (_log.Met(response, purges))
            {
                return false;
            }
        }

        var stored = await _upper.StoreAsync(key, response, above, stop);
        return position is not null && TryWrite(key, response, position) || stored;
    }

    public async ValueTask<long> PurgeAsync(CachePurge purge, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(purge);
        var met = await PurgeHereAsync(purge);
        await _feed.TellAsync(purge);
        return met;
    }

    /// <summary>Completes when nothing waits to be written.</summary>
    internal Task Settled
    {
        get
        {
            lock (_gate)
            {
                return _writes == 0 ? Task.CompletedTask : (_settled ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }
    }

    public void Dispose() => _feed.Dispose();

    private async ValueTask ApplyAsync(CachePurge purge) => await PurgeHereAsync(purge);

    private ValueTask<long> PurgeHereAsync(CachePurge purge)
    {
        lock (_gate)
        {
            _log.Add(purge);
        }

        return _upper.PurgeAsync(purge, CancellationToken.None);
    }

    private bool HasFresh(IReadOnlyList<StoredResponse> found)
    {
        for (var i = 0; i < found.Count; i++)
        {
            if (found[i].Age(_time.GetUtcNow()) < found[i].Lifetime)
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<IReadOnlyList<StoredResponse>> BelowAsync(string key, ValueTask<IReadOnlyList<StoredResponse>> finding, CancellationToken stop)
    {
        var purges = _upper.Purges;
        var above = await finding;
        if (HasFresh(above) || _feed.Position is null)
        {
            return above;
        }

        var begun = _begun.Of(key);
        var newer = (await _entries.FindAsync(key, stop)).Where(b => !_feed.IsToGo(b) && !above.Any(a => IsSameVariant(a, b) && a.Received >= b.Received)).ToList();
        if (newer.Count == 0)
        {
            return above;
        }

        for (var i = newer.Count - 1; i >= 0 && _begun.Of(key) == begun; i--)
        {
            if (newer[i].Body is not RedisEntries.RemoteBody)
            {
                // Purged right now, it stays where it is.
                await _upper.StoreAsync(key, newer[i], purges, stop);
            }
        }

        return [.. newer.Concat(above.Where(a => !newer.Exists(b => IsSameVariant(a, b)))).OrderByDescending(r => r.Received)];
    }

    private static bool IsSameVariant(StoredResponse one, StoredResponse other) =>
        one.Variant.Equals(other.Variant, StringComparison.Ordinal) && one.Vary.SequenceEqual(other.Vary, StringComparer.Ordinal);

    private bool TryWrite(string key, StoredResponse response, PurgePosition position)
    {
        var size = response.Body.Length + 4096;
        lock (_gate)
        {
            if (response.Body.Length > RedisEntries.MaxBody || _underWay + size > MostUnderWay)
            {
                return false;
            }

            _underWay += size;
            _writes++;
        }

        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(() => WriteAsync(key, response, position, size));
        }

        return true;
    }

    private async Task WriteAsync(string key, StoredResponse response, PurgePosition position, long size)
    {
        try
        {
            await _entries.StoreAsync(key, response, position);
        }
        catch (IOException)
        {
            // Its body lay on disk and is gone: as if it had not been stored.
        }
        finally
        {
            lock (_gate)
            {
                _underWay -= size;
                if (--_writes == 0)
                {
                    _settled?.TrySetResult();
                    _settled = null;
                }
            }
        }
    }
}
