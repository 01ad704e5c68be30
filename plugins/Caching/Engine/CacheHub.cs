using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ScriptProxy.Caching.Engine;

/// <summary>What the caches of all routes of one load share.</summary>
/// <param name="store">Where answers are kept.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Gets what goes wrong where nobody waits for it.</param>
/// <param name="mostUnderWay">In bytes, of bodies that are coming in and are to be stored. Beyond it answers are passed on and not stored.</param>
internal sealed partial class CacheHub(IHttpCacheStore store, TimeProvider time, ILogger logger, long mostUnderWay)
{
    /// <summary>How long requests for a key whose answer was for one client alone do not wait for one another.</summary>
    private static readonly TimeSpan AloneFor = TimeSpan.FromMinutes(2);

    private const int MostAlone = 100_000;

    private readonly ConcurrentDictionary<string, long> _alone = new(StringComparer.Ordinal);

    internal IHttpCacheStore Store { get; } = store;

    internal TimeProvider Time { get; } = time;

    internal ConcurrentDictionary<string, Flight> Flights { get; } = new(StringComparer.Ordinal);

    private long _underWay;

    internal UseCounts Uses { get; } = new();

    internal StoredLately Lately { get; } = new();

    /// <summary>Counts bytes of bodies that are coming in.</summary>
    internal long Hold(long bytes)
    {
        Interlocked.Add(ref _underWay, bytes);
        return bytes;
    }

    /// <summary>With so much more there would be too much under way.</summary>
    internal bool IsFull(long more) => Volatile.Read(ref _underWay) + more > mostUnderWay;

    /// <summary>Hit-for-miss: whoever asks for this key goes alone.</summary>
    internal bool GoesAlone(string key) =>
        !_alone.IsEmpty && _alone.TryGetValue(key, out var since) && Time.GetElapsedTime(since) < AloneFor;

    internal void RememberAlone(string key)
    {
        if (_alone.Count >= MostAlone)
        {
            // Whoever is forgotten waits once.
            _alone.Clear();
        }

        _alone[key] = Time.GetTimestamp();
    }

    internal void ForgetAlone(string key) => _alone.TryRemove(key, out _);

    /// <summary>As the store; one that fails has nothing.</summary>
    internal ValueTask<IReadOnlyList<StoredResponse>> FindAsync(string key, CancellationToken stop)
    {
        try
        {
            var found = Store.FindAsync(key, stop);
            return found.IsCompletedSuccessfully ? found : AwaitAsync(found);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogStore(logger, error.Message);
            return new ValueTask<IReadOnlyList<StoredResponse>>([]);
        }

        async ValueTask<IReadOnlyList<StoredResponse>> AwaitAsync(ValueTask<IReadOnlyList<StoredResponse>> found)
        {
            try
            {
                return await found;
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                LogStore(logger, error.Message);
                return [];
            }
        }
    }

    /// <summary>All that is stored of a URL, for inspection: under its own key, whose answers come first, and under those that handlers of Lookup gave.</summary>
    /// <param name="text">As an operator or a script writes it.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>With the key where it is not the URL's own.</returns>
    internal async ValueTask<IReadOnlyList<(string? Key, StoredResponse Stored)>> ShowAsync(string text, CancellationToken stop)
    {
        var (own, url) = (Keys.KeyOf(text)!, Keys.Parse(text)!);
        var all = (await Store.FindAsync(own, stop)).Select(s => ((string?)null, s)).ToList();
        foreach (var key in (await Store.OtherKeysAsync(url, stop)).Order(StringComparer.Ordinal))
        {
            if (key != own && (key.StartsWith(own, StringComparison.Ordinal) || !Keys.IsOtherSpelling(key, url)))
            {
                all.AddRange((await Store.FindAsync(key, stop)).Where(s => s.Url == url).Select(s => ((string?)key, s)));
            }
        }

        return all;
    }

    /// <summary>As the store; one that fails stores nothing, and no client hears of it.</summary>
    internal async Task<bool> StoreAsync(string key, StoredResponse response, long purges)
    {
        try
        {
            var stored = await Store.StoreAsync(key, response, purges, CancellationToken.None);
            Lately.Note(key);
            return stored;
        }
        catch (Exception error)
        {
            LogStore(logger, error.Message);
            return false;
        }
    }

    internal async ValueTask ForgetAsync(string url)
    {
        try
        {
            await Store.PurgeAsync(CachePurge.ByUrl(url), CancellationToken.None);
        }
        catch (Exception error)
        {
            LogStore(logger, error.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "the cache's store failed: {Reason}")]
    private static partial void LogStore(ILogger logger, string reason);
}
