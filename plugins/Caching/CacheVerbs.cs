using System.Runtime.CompilerServices;
using ScriptProxy.Caching.Engine;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Caching;

/// <summary>What plugins/Caching adds to a route.</summary>
public static class CacheVerbs
{
    private const long OneMebibyte = 1024 * 1024;

    private static readonly TimeSpan DefaultKeep = TimeSpan.FromMinutes(10);

    /// <summary>Answers from a shared cache by RFC 9111 (proxy_cache).</summary>
    /// <param name="route">The route.</param>
    /// <param name="ttl">How long answers are fresh where the origin says nothing; by the heuristics of RFC 9111 unless given. Errors are never stored by it.</param>
    /// <param name="grace">How long after that they may be served stale while they are fetched again, where the origin does not say (RFC 5861); zero unless given.</param>
    /// <param name="keep">
    /// How long after that they may stand in for an origin that cannot be reached, or answers 500, 502, 503 or 504, where the origin does not say. Unless given: 10
    /// minutes, and in place of such an answer only where RFC 9111 leaves that to the cache, when it was asked to confirm what is stored (RFC 9111, 4.3.3).
    /// </param>
    /// <param name="forEveryone">True: answers with Set-Cookie, and to requests with Authorization, may be stored by <paramref name="ttl"/> or heuristics too.</param>
    /// <param name="clientControl">False: Cache-Control and Pragma of requests are not looked at.</param>
    /// <param name="cacheStatus">False: Cache-Status (RFC 9211) is not sent.</param>
    /// <param name="maxObject">The largest body that is stored, in bytes; 64 MiB unless given.</param>
    /// <param name="minUses">From which request on an answer is stored; 1 unless given.</param>
    /// <param name="finish">
    /// What its last client has left is fetched to its end, and stored, where at most this share of the body is still to come; else it is given up. From 0, never, to
    /// 1, always; 0.5 unless given.
    /// </param>
    /// <param name="mayPurge">Says who may remove what is stored with the method PURGE; unless given, PURGE goes to the origin like any other method.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static RouteBuilder Cache(
        this RouteBuilder route,
        TimeSpan? ttl = null,
        TimeSpan grace = default,
        TimeSpan? keep = null,
        bool forEveryone = false,
        bool clientControl = true,
        bool cacheStatus = true,
        long maxObject = 64 * OneMebibyte,
        int minUses = 1,
        double finish = 0.5,
        Func<ExchangeContext, bool>? mayPurge = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(route);
        ArgumentOutOfRangeException.ThrowIfLessThan(ttl ?? TimeSpan.Zero, TimeSpan.Zero, nameof(ttl));
        ArgumentOutOfRangeException.ThrowIfLessThan(grace, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(keep ?? TimeSpan.Zero, TimeSpan.Zero, nameof(keep));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxObject);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(minUses);
        ArgumentOutOfRangeException.ThrowIfNegative(finish);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(finish, 1);
        var rules = new RouteRules
        {
            Policy = new StorePolicy { Ttl = ttl, Grace = grace, Keep = keep ?? DefaultKeep, ForEveryone = forEveryone },
            KeepIsGiven = keep is not null,
            ClientControl = clientControl,
            SendStatus = cacheStatus,
            MaxObject = maxObject,
            MinUses = minUses,
            Finish = finish,
            MayPurge = mayPurge,
        };
        return route.UseCache(new RouteCache(CachingPlugin.Hub, rules), file, line);
    }
}
