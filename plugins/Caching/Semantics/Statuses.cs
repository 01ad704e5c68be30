namespace ScriptProxy.Caching.Semantics;

/// <summary>What status codes mean to a cache.</summary>
internal static class Statuses
{
    /// <summary>May be taken for fresh without a word of the origin (RFC 9110, 15.1). 206 is not among them: parts are not stored.</summary>
    internal static bool IsHeuristicallyCacheable(int status) => status is 200 or 203 or 204 or 300 or 301 or 308 or 404 or 405 or 410 or 414 or 501;

    /// <summary>The script's own ttl is for answers that worked, not for errors.</summary>
    internal static bool IsForTtl(int status) => status is 200 or 203 or 204 or 300 or 301 or 308;

    /// <summary>Those whose caching requirements this cache knows, for must-understand.</summary>
    internal static bool IsUnderstood(int status) =>
        status is >= 200 and <= 205 or >= 300 and <= 303 or 305 or 307 or 308 or >= 400 and <= 418 or 421 or 422 or 426 or 428 or 429 or 431 or 451 or >= 500 and <= 505 or 511;

    /// <summary>An origin that fails: what is stored may stand in for it (RFC 5861, 4).</summary>
    internal static bool IsServerError(int status) => status is 500 or 502 or 503 or 504;

    internal static bool HasNoBody(int status) => status is 204 or 205 or 304 or < 200;
}
