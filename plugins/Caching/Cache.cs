using ScriptProxy.Caching.Engine;

namespace ScriptProxy.Caching;

/// <summary>The cache, from handlers and timers of scripts and plugins.</summary>
public static class Cache
{
    /// <summary>Removes answers, all variants of them, also those that are being fetched right now. Of what is given, all must hold.</summary>
    /// <param name="url">Scheme, host, path and query as clients ask for them; null for no matter which.</param>
    /// <param name="prefix">What the URL begins with, scheme and host included; null for no matter which.</param>
    /// <param name="tag">What Surrogate-Key, Cache-Tag or the script tagged it with; null for no matter which.</param>
    /// <param name="soft">True: they are only made stale, so that the origin may confirm them; grace and keep count from now on.</param>
    /// <returns>How many answers went.</returns>
    /// <exception cref="ArgumentException">Nothing is given (see <see cref="PurgeAll"/>), or no absolute URL, or no beginning of one.</exception>
    public static ValueTask<long> Purge(string? url = null, string? prefix = null, string? tag = null, bool soft = false)
    {
        if (url is null && prefix is null && tag is null)
        {
            throw new ArgumentException("Say what is to go: url, prefix or tag; PurgeAll() is for everything.", nameof(url));
        }

        return CachingPlugin.Hub.Store.PurgeAsync(
            CachePurge.Of(url is null ? null : Absolute(url), prefix is null ? null : Beginning(prefix), tag) with { Soft = soft }, CancellationToken.None);
    }

    /// <summary>Removes everything.</summary>
    /// <param name="soft">True: it is only made stale.</param>
    /// <returns>How many answers went.</returns>
    public static ValueTask<long> PurgeAll(bool soft = false) => CachingPlugin.Hub.Store.PurgeAsync(CachePurge.All with { Soft = soft }, CancellationToken.None);

    /// <summary>What is stored of a URL, all variants, the newest first; after them those that a handler of Lookup gave other keys.</summary>
    /// <param name="url">Scheme, host, path and query as clients ask for them.</param>
    /// <exception cref="ArgumentException">It is no absolute URL.</exception>
    public static async ValueTask<IReadOnlyList<StoredResponse>> Show(string url)
    {
        Absolute(url);
        return [.. (await CachingPlugin.Hub.ShowAsync(url, CancellationToken.None)).Select(s => s.Stored)];
    }

    private static string Absolute(string url) => Keys.Parse(url) ?? throw new ArgumentException($"'{url}' is no URL of http or https.", nameof(url));

    private static string Beginning(string prefix) =>
        Keys.Prefix(prefix) ?? throw new ArgumentException($"'{prefix}' begins no URL of http or https with its host.", nameof(prefix));
}
