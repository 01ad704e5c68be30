namespace ScriptProxy.Caching;

/// <summary>What is to go from a cache.</summary>
public sealed record CachePurge
{
    private CachePurge()
    {
    }

    /// <summary>Everything.</summary>
    public static CachePurge All { get; } = new();

    /// <summary>True: it stays, but is stale, so that the origin may confirm it; grace and keep count from now on.</summary>
    public bool Soft { get; init; }

    /// <summary>This one, all variants of it; null for no matter which.</summary>
    public string? Url { get; private init; }

    /// <summary>All that begin with this; null for no matter which.</summary>
    public string? Prefix { get; private init; }

    /// <summary>All that have this tag; null for no matter which.</summary>
    public string? Tag { get; private init; }

    /// <summary>All variants of one URL.</summary>
    /// <param name="url">Scheme, host, path and query, as the client asks for it.</param>
    public static CachePurge ByUrl(string url)
    {
        ArgumentException.ThrowIfNullOrEmpty(url);
        return new CachePurge { Url = url };
    }

    /// <summary>All whose URL begins with this.</summary>
    /// <param name="prefix">Scheme, host and the beginning of the path.</param>
    public static CachePurge ByPrefix(string prefix)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        return new CachePurge { Prefix = prefix };
    }

    /// <summary>All that were stored with a tag (Surrogate-Key, Cache-Tag, or the script's own).</summary>
    /// <param name="tag">Case-sensitive.</param>
    public static CachePurge ByTag(string tag)
    {
        ArgumentException.ThrowIfNullOrEmpty(tag);
        return new CachePurge { Tag = tag };
    }

    /// <summary>All of which everything holds that is given.</summary>
    /// <param name="url">As in <see cref="ByUrl"/>; null for no matter which.</param>
    /// <param name="prefix">As in <see cref="ByPrefix"/>; null for no matter which.</param>
    /// <param name="tag">As in <see cref="ByTag"/>; null for no matter which.</param>
    public static CachePurge Of(string? url, string? prefix, string? tag) => new() { Url = url, Prefix = prefix, Tag = tag };

    /// <summary>Whether it means this answer.</summary>
    /// <param name="response">The answer.</param>
    public bool Meets(StoredResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return Meets(response.Url, response.Tags);
    }

    /// <summary>Whether it means an answer of that URL and these tags.</summary>
    /// <param name="url">What was asked for.</param>
    /// <param name="tags">What it was tagged with.</param>
    public bool Meets(string url, IReadOnlyList<string> tags)
    {
        ArgumentNullException.ThrowIfNull(url);
        return (Url is null || url.Equals(Url, StringComparison.Ordinal))
            && (Prefix is null || url.StartsWith(Prefix, StringComparison.Ordinal))
            && (Tag is null || tags.Contains(Tag, StringComparer.Ordinal));
    }
}
