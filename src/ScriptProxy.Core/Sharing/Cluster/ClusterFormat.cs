using System.Globalization;
using System.Text;
using StackExchange.Redis;

namespace ScriptProxy.Core.Sharing.Cluster;

/// <summary>
/// A value as Redis keeps it: an integer as its digits, so that Redis can add to it; everything else behind a letter that tells its kind. What
/// another version wrote in a way that is not known here reads as a value of another type, never as a wrong one.
/// </summary>
internal static class ClusterFormat
{
    private const byte Float = (byte)'f';
    private const byte Text = (byte)'s';
    private const byte Bytes = (byte)'b';
    private const byte Plain = (byte)'p';
    private const byte Json = (byte)'j';

    /// <summary>Digits enough that reading gives the same number back.</summary>
    internal static string Digits(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    internal static RedisValue Write(StoredValue value) => value.Kind switch
    {
        StoredKind.Integer => value.Number.ToString(CultureInfo.InvariantCulture),
        StoredKind.Float => Behind(Float, Digits(BitConverter.Int64BitsToDouble(value.Number))),
        StoredKind.Json => Joined(Json, value.TypeName, (byte[])value.Data),
        _ => value.Data switch
        {
            string text => Behind(Text, text),
            byte[] bytes => (byte[])[Bytes, .. bytes],
            var other => Behind(Plain, Name(other)),
        },
    };

    /// <returns>Null where it is of no kind that this version knows.</returns>
    internal static StoredValue? Read(RedisValue stored)
    {
        var bytes = (byte[]?)stored ?? [];
        if (bytes.Length == 0)
        {
            return null;
        }

        var rest = bytes.AsSpan(1);
        return bytes[0] switch
        {
            >= (byte)'0' and <= (byte)'9' or (byte)'-' => long.TryParse(bytes, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? StoredValue.Of(number) : null,
            Float => ReadDouble(rest) is { } number ? StoredValue.Of(number) : null,
            Text => StoredValue.OfPlain(Encoding.UTF8.GetString(rest)),
            Bytes => StoredValue.OfPlain(rest.ToArray()),
            Plain => ReadPlain(Encoding.UTF8.GetString(rest)) is { } plain ? StoredValue.OfPlain(plain) : null,
            Json when rest.IndexOf((byte)'\n') is >= 0 and var end => StoredValue.OfJson(rest[(end + 1)..].ToArray(), Encoding.UTF8.GetString(rest[..end])),
            _ => null,
        };
    }

    /// <summary>Redis' scripts write what C writes: inf and nan.</summary>
    private static double? ReadDouble(ReadOnlySpan<byte> digits) =>
        double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
        : Encoding.UTF8.GetString(digits) switch
        {
            "inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            "nan" or "-nan" => double.NaN,
            _ => null,
        };

    private static string Name(object value) => value switch
    {
        bool b => b ? "bool:1" : "bool:0",
        char c => $"char:{(int)c}",
        ulong n => $"ulong:{n}",
        decimal n => "decimal:" + n.ToString(CultureInfo.InvariantCulture),
        DateTime time => "DateTime:" + time.ToString("O", CultureInfo.InvariantCulture),
        DateTimeOffset time => "DateTimeOffset:" + time.ToString("O", CultureInfo.InvariantCulture),
        DateOnly day => "DateOnly:" + day.ToString("O", CultureInfo.InvariantCulture),
        TimeOnly time => "TimeOnly:" + time.ToString("O", CultureInfo.InvariantCulture),
        TimeSpan span => $"TimeSpan:{span.Ticks}",
        Guid id => $"Guid:{id}",
        _ => throw new NotSupportedException($"{value.GetType()} is not stored as it is"),
    };

    private static object? ReadPlain(string named)
    {
        var at = named.IndexOf(':', StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }

        var text = named[(at + 1)..];
        var culture = CultureInfo.InvariantCulture;
        try
        {
            return named[..at] switch
            {
                "bool" => text == "1",
                "char" => (char)ushort.Parse(text, culture),
                "ulong" => ulong.Parse(text, culture),
                "decimal" => decimal.Parse(text, culture),
                "DateTime" => DateTime.ParseExact(text, "O", culture, DateTimeStyles.RoundtripKind),
                "DateTimeOffset" => DateTimeOffset.ParseExact(text, "O", culture),
                "DateOnly" => DateOnly.ParseExact(text, "O", culture),
                "TimeOnly" => TimeOnly.ParseExact(text, "O", culture),
                "TimeSpan" => new TimeSpan(long.Parse(text, culture)),
                "Guid" => Guid.Parse(text, culture),
                _ => null,
            };
        }
        catch (Exception error) when (error is FormatException or OverflowException)
        {
            return null;
        }
    }

    private static byte[] Behind(byte kind, string text)
    {
        var bytes = new byte[1 + Encoding.UTF8.GetByteCount(text)];
        bytes[0] = kind;
        Encoding.UTF8.GetBytes(text, bytes.AsSpan(1));
        return bytes;
    }

    private static byte[] Joined(byte kind, string name, byte[] data) => [kind, .. Encoding.UTF8.GetBytes(name), (byte)'\n', .. data];
}
