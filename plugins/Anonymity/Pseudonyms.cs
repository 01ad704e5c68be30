using System.Buffers.Binary;
using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace ScriptProxy.Anonymizing;

/// <summary>Identifiers that a client keeps for a period and that tell nothing of it: a keyed hash of its address, or for IPv6 of its /64, which is one line's.</summary>
/// <remarks>Who has no key cannot try all addresses; a key lives as long as its period, so that afterwards nobody can.</remarks>
internal sealed class Pseudonyms
{
    private const int IdBytes = 12;
    private const int KeyBytes = 32;
    private const byte ForPeers = 1;
    private const byte ForLogs = 2;

    private static readonly byte[] LogPrefix = [0x01, 0x00, 0, 0, 0, 0, 0, 0];

    private readonly TimeProvider _time;
    private readonly SharedDictionary _keys;
    private readonly long _period;
    private readonly byte[]? _secret;
    private volatile PeriodKey? _current;

    /// <param name="options">Period and secret.</param>
    /// <param name="time">The clock.</param>
    /// <param name="keys">Keeps random keys over loads, not over the process's end.</param>
    internal Pseudonyms(AnonymityOptions options, TimeProvider time, SharedDictionary keys)
    {
        _time = time;
        _keys = keys;
        _period = options.PseudonymPeriod.Ticks;
        _secret = options.PseudonymSecret is { } secret ? Encoding.UTF8.GetBytes(secret) : null;
    }

    /// <summary>An obfuscated node identifier (RFC 7239, 6.3): "_" and 16 characters.</summary>
    internal string ForPeer(IPAddress client)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Hash(client, ForPeers, hash);
        return Text(hash[..IdBytes]);
    }

    /// <summary>One that nobody has a second time.</summary>
    internal static string ForOnce()
    {
        Span<byte> chance = stackalloc byte[IdBytes];
        RandomNumberGenerator.Fill(chance);
        return Text(chance);
    }

    /// <summary>An address of the discard prefix 100::/64 (RFC 6666); another one than peers could be told.</summary>
    internal IPAddress ForLog(IPAddress client)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Hash(client, ForLogs, hash);
        return LogAddress(hash);
    }

    /// <inheritdoc cref="ForOnce" />
    internal static IPAddress ForLogOnce()
    {
        Span<byte> chance = stackalloc byte[IdBytes];
        RandomNumberGenerator.Fill(chance);
        return LogAddress(chance);
    }

    private static IPAddress LogAddress(ReadOnlySpan<byte> hash)
    {
        Span<byte> address = stackalloc byte[16];
        LogPrefix.CopyTo(address);
        hash[..8].CopyTo(address[8..]);
        return new IPAddress(address);
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        Span<char> text = stackalloc char[1 + (IdBytes * 4 / 3)];
        text[0] = '_';
        Base64Url.EncodeToChars(bytes, text[1..]);
        return new string(text);
    }

    private void Hash(IPAddress client, byte use, Span<byte> hash)
    {
        Span<byte> input = stackalloc byte[18];
        input[0] = use;
        input[1] = client.AddressFamily == AddressFamily.InterNetworkV6 ? (byte)6 : (byte)4;
        client.TryWriteBytes(input[2..], out var written);
        HMACSHA256.HashData(Key(), input[..(2 + Math.Min(written, 8))], hash);
    }

    private byte[] Key()
    {
        var number = _time.GetUtcNow().UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks;
        number = Math.DivRem(number, _period, out var passed);
        if (_current is { } current && current.Number == number)
        {
            return current.Key;
        }

        var key = _secret is null ? Random(number, TimeSpan.FromTicks(_period - passed)) : Derived(_secret, number);
        _current = new PeriodKey(number, key);
        return key;
    }

    // A minute longer than the period: the dictionary's clock is another one than the calendar's.
    private byte[] Random(long number, TimeSpan left) => _keys.GetOrAdd($"{_period} {number}", left + TimeSpan.FromMinutes(1), static () => RandomNumberGenerator.GetBytes(KeyBytes));

    private static byte[] Derived(byte[] secret, long number)
    {
        Span<byte> input = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(input, number);
        return HMACSHA256.HashData(secret, input);
    }

    private sealed record PeriodKey(long Number, byte[] Key);
}
