using System.Runtime.CompilerServices;
using ScriptProxy.LoadBalancing;

namespace ScriptProxy;

/// <summary>What plugins/LoadBalancing adds to an upstream: policies that need more than a name.</summary>
public static class LoadBalancingVerbs
{
    private const int LeastSecret = 16;

    /// <summary>Sends the same key to the same peer (nginx's hash). When a peer leaves only its keys move, and they come back with it.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="key">The key of a request, such as a header, a cookie or a part of the query; requests where it is null or empty go in turn.</param>
    /// <param name="table">How keys are laid out; Maglev unless given.</param>
    /// <param name="boundedLoad">
    /// A peer that has this many times its fair share of the requests under way sends a key on to its next peer: 1.25 allows a quarter more.
    /// 1 or more; 0, unless given, for no bound.
    /// </param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static UpstreamBuilder HashBy(
        this UpstreamBuilder upstream,
        Func<BalancerContext, string?> key,
        HashTable table = HashTable.Maglev,
        double boundedLoad = 0,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(upstream);
        ArgumentNullException.ThrowIfNull(key);
        if (!(boundedLoad is 0 or >= 1) || double.IsInfinity(boundedLoad))
        {
            throw new ArgumentOutOfRangeException(nameof(boundedLoad), boundedLoad, "A bound is 1 or more times the fair share, or 0 for none.");
        }

        return upstream.Balance(new HashBalancer(context => Keys.Text(key(context)), table, boundedLoad), file, line);
    }

    /// <summary>In a Balancer handler, the peer of a key (nginx's hash), by Maglev. When a peer leaves only its keys move, and they come back with it.</summary>
    /// <param name="balancer">The handler's context.</param>
    /// <param name="key">Any text, such as a header, a cookie or a part of the query; where it is null or empty the peers take turns.</param>
    /// <param name="among">Some of the available peers, from Tagged or Where; all of them unless given.</param>
    /// <returns>Null where none is available, so that the upstream's own policy chooses.</returns>
    public static Peer? HashBy(this BalancerContext balancer, string? key, PeerSet? among = null)
    {
        ArgumentNullException.ThrowIfNull(balancer);
        return Keys.Pick(balancer, among, "hash", key);
    }

    /// <summary>Keeps each visitor at one peer by a cookie that is signed, HttpOnly, SameSite=Lax and, on https, Secure (nginx's sticky cookie).</summary>
    /// <remarks>
    /// A visitor without one, or whose peer is down, goes where the other policy says and gets a cookie. A draining peer keeps its visitors.
    /// While it is full others answer for it, and the cookie stays.
    /// </remarks>
    /// <param name="upstream">The upstream.</param>
    /// <param name="cookie">The cookie's name.</param>
    /// <param name="secret">16 characters or more; the same in all gateways that share visitors.</param>
    /// <param name="otherwise">The policy for new visitors; "least-requests" unless given.</param>
    /// <param name="lifetime">How long the browser keeps the cookie; until it is closed unless given.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static UpstreamBuilder Sticky(
        this UpstreamBuilder upstream,
        string cookie,
        string secret,
        string otherwise = "least-requests",
        TimeSpan? lifetime = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(upstream);
        ArgumentException.ThrowIfNullOrEmpty(cookie);
        ArgumentNullException.ThrowIfNull(secret);
        if (!cookie.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            throw new ArgumentException($"'{cookie}' is no name of a cookie: letters, digits, '-', '_' and '.'.", nameof(cookie));
        }

        if (secret.Length < LeastSecret)
        {
            throw new ArgumentException($"A secret has {LeastSecret} characters or more.", nameof(secret));
        }

        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime ?? TimeSpan.MaxValue, TimeSpan.Zero, nameof(lifetime));
        return upstream.Balance(new StickyBalancer(cookie, secret, Policies.Create(otherwise), lifetime), file, line);
    }
}
