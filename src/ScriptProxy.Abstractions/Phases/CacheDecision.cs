namespace ScriptProxy;

/// <summary>What a handler of Lookup decides: look the request up, or pass the cache by. Null means <see cref="Default"/>.</summary>
public sealed class CacheDecision
{
    private CacheDecision()
    {
    }

    /// <summary>Look up by RFC 9111.</summary>
    public static CacheDecision Default { get; } = new();

    /// <summary>Neither look up nor store.</summary>
    public static CacheDecision Bypass { get; } = new();
}

/// <summary>What the cache did for a request (nginx's $upstream_cache_status).</summary>
public enum CacheOutcome
{
    /// <summary>The route has no cache.</summary>
    None,

    /// <summary>Answered from the store.</summary>
    Hit,

    /// <summary>Not in the store; the peer answered.</summary>
    Miss,

    /// <summary>Answered from the store after its freshness had ended.</summary>
    Stale,

    /// <summary>The peer confirmed the stored answer (304).</summary>
    Revalidated,

    /// <summary>A handler of Lookup, or the request itself, passed the cache by.</summary>
    Bypass,
}
