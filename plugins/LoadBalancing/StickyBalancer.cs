using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.LoadBalancing;

/// <summary>Keeps a visitor at the peer that a cookie names, a draining one too; who has none, or whose peer is down, goes where another policy says and gets a cookie.</summary>
/// <remarks>The cookie's value is a keyed hash of the peer's address: it tells nothing, cannot be made up, and is the same in every gateway with that secret.</remarks>
internal sealed class StickyBalancer(string cookie, string secret, ILoadBalancer otherwise, TimeSpan? lifetime) : ILoadBalancer
{
    private readonly Lock _lock = new();
    private Known? _known;

    public bool KeepsVisitors => true;

    public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available)
    {
        var known = Volatile.Read(ref _known) is { } made && ReferenceEquals(made.Peers, context.AllPeers) ? made : Learn(context.AllPeers);
        var own = Find(known, context.Request.Cookies[cookie]);
        if (own is not null && MayTake(own, context, available))
        {
            return own;
        }

        var peer = available.Length == 0 ? null : otherwise.Pick(context, available);
        if (peer is not null && (own is not { IsAvailable: true } || context.Attempts > 1))
        {
            Give(context, known, peer);
        }

        // While the visitor's own peer is full another one answers, and the cookie stays as it is.
        return peer;
    }

    public void AttemptEnded(BalancerContext context, in AttemptOutcome outcome) => otherwise.AttemptEnded(context, outcome);

    /// <remarks>On a repeated attempt only what is available: it may just have failed.</remarks>
    private static bool MayTake(Peer own, BalancerContext context, ReadOnlySpan<Peer> available) =>
        (own is { IsAvailable: true, IsFull: false } && context.Attempts <= 1) || available.Contains(own);

    private static Peer? Find(Known known, string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return null;
        }

        for (var i = 0; i < known.Tokens.Length; i++)
        {
            if (CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(known.Tokens[i].AsSpan()), MemoryMarshal.AsBytes(value.AsSpan())))
            {
                return known.Peers[i];
            }
        }

        return null;
    }

    private void Give(BalancerContext context, Known known, Peer peer)
    {
        var headers = context.Response.Headers;
        var start = cookie + "=";
        if (headers.SetCookie is { Count: > 0 } before)
        {
            // Of an earlier choice of this request, whose peer did not take it.
            headers.SetCookie = new StringValues([.. before.Where(c => c?.StartsWith(start, StringComparison.Ordinal) != true)]);
        }

        context.Response.Cookies.Append(cookie, known.Tokens[peer.Index], new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Lax,
            Secure = context.Request.IsHttps,
            MaxAge = lifetime,
            IsEssential = true,
        });
    }

    private Known Learn(IReadOnlyList<Peer> peers)
    {
        lock (_lock)
        {
            if (_known is not { } known || !ReferenceEquals(known.Peers, peers))
            {
                var key = Encoding.UTF8.GetBytes(secret);
                string[] tokens = [.. peers.Select(p => Token(key, p))];
                Volatile.Write(ref _known, known = new Known(peers, tokens));
            }

            return known;
        }
    }

    /// <remarks>With the cookie's name in it: that of one upstream is none of another's.</remarks>
    private string Token(byte[] key, Peer peer) =>
        Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{cookie}\n{peer.Address.AbsoluteUri}")).AsSpan(0, 18)).Replace('+', '-').Replace('/', '_');

    private sealed record Known(IReadOnlyList<Peer> Peers, string[] Tokens);
}
