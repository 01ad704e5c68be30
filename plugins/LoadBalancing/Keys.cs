using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace ScriptProxy.LoadBalancing;

/// <summary>What a request is hashed by; null where it has no such key.</summary>
internal delegate ulong? Key(BalancerContext context);

/// <summary>Keys as numbers: the same text gives the same number in every gateway.</summary>
internal static class Keys
{
    private const ulong Start = 0xCBF29CE484222325;
    private const ulong Prime = 0x100000001B3;

    // Picking is synchronous: the thread is the request's for as long as it takes, and nothing is allocated for it.
    [ThreadStatic]
    private static string? t_given;

    [ThreadStatic]
    private static bool t_isGiven;

    /// <summary>What a handler gave (<see cref="Pick"/>), or else path and query: one peer for one address, which keeps its cache warm.</summary>
    internal static ulong? Target(BalancerContext context) => t_isGiven
        ? Text(t_given)
        : Chance.Mix(Add(Add(Start, context.Request.Path.Value), context.Request.QueryString.Value));

    /// <summary>The client's address; of IPv6 the /64, in which one visitor may move about. None on a Unix socket.</summary>
    internal static ulong? ClientAddress(BalancerContext context)
    {
        var address = context.ClientIp;
        Span<byte> bytes = stackalloc byte[16];
        return !address.Equals(IPAddress.None) && address.TryWriteBytes(bytes, out _)
            ? Chance.Mix(address.AddressFamily == AddressFamily.InterNetworkV6 ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes))
            : null;
    }

    internal static ulong? Text(string? key) => string.IsNullOrEmpty(key) ? null : Chance.Mix(Add(Start, key));

    /// <summary>Has the policy of that name pick by this key.</summary>
    internal static Peer? Pick(BalancerContext context, PeerSet? among, string policy, string? key)
    {
        (t_given, t_isGiven) = (key, true);
        try
        {
            return among is { } set ? set.Pick(policy) : context.Pick(policy);
        }
        finally
        {
            (t_given, t_isGiven) = (null, false);
        }
    }

    /// <remarks>FNV-1a.</remarks>
    private static ulong Add(ulong hash, string? text)
    {
        foreach (var c in text.AsSpan())
        {
            hash = (hash ^ c) * Prime;
        }

        return hash;
    }
}
