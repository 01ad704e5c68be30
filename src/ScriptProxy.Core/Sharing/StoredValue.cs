using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Sharing;

internal enum StoredKind : byte
{
    Integer,
    Float,

    /// <summary>An object of a framework type that can be stored as it is.</summary>
    Plain,
    Json,
    List,
}

/// <summary>
/// A value as a shared dictionary keeps it. It outlives the load that stored it, so it never refers to an object of a script's type: such an
/// object would pin the script's load context for ever.
/// </summary>
internal struct StoredValue
{
    // Outside of scripts only; tuples keep their values in fields.
    private static readonly JsonSerializerOptions Fallback = new() { IncludeFields = true, Converters = { new IPAddressConverter() } };

    private readonly object? _data;
    private readonly string? _typeName;

    /// <summary>The integer, or the bits of the double. A field, so that an entry can add to it without a lock.</summary>
    internal long Number;

    private StoredValue(StoredKind kind, object data, string? typeName = null)
    {
        Kind = kind;
        _data = data;
        _typeName = typeName;
    }

    private StoredValue(StoredKind kind, long number)
    {
        Kind = kind;
        Number = number;
    }

    internal StoredKind Kind { get; }

    /// <summary>The value of <see cref="StoredKind.Plain"/>, the bytes of <see cref="StoredKind.Json"/>.</summary>
    internal readonly object Data => _data!;

    internal readonly LinkedList<StoredValue> List => (LinkedList<StoredValue>)_data!;

    /// <summary>The heap bytes behind this struct.</summary>
    internal readonly int Size => _data switch
    {
        null => 0,
        string text => Heap(22 + (2L * text.Length)),
        byte[] bytes => Heap(24L + bytes.Length),
        LinkedList<StoredValue> => 48,
        _ => 32,
    };

    /// <summary>The type for an error message.</summary>
    internal readonly string TypeName => Kind switch
    {
        StoredKind.Integer => "an integer",
        StoredKind.Float => "a double",
        StoredKind.List => "a list",
        StoredKind.Json => _typeName!,
        _ => _data!.GetType().ToString(),
    };

    internal static StoredValue Of(long number) => new(StoredKind.Integer, number);

    internal static StoredValue Of(double number) => new(StoredKind.Float, BitConverter.DoubleToInt64Bits(number));

    internal static StoredValue NewList() => new(StoredKind.List, new LinkedList<StoredValue>());

    /// <param name="value">Of one of the types that are stored as they are; not copied.</param>
    internal static StoredValue OfPlain(object value) => new(StoredKind.Plain, value);

    /// <param name="json">Not copied.</param>
    /// <param name="typeName">What <see cref="TypeName"/> said when it was written.</param>
    internal static StoredValue OfJson(byte[] json, string typeName) => new(StoredKind.Json, json, typeName);

    /// <exception cref="NotSupportedException">The value cannot be written as JSON.</exception>
    internal static StoredValue Of<T>(T value)
    {
        if (typeof(T) == typeof(int))
        {
            return Of((long)Unsafe.As<T, int>(ref value));
        }

        if (typeof(T) == typeof(long))
        {
            return Of(Unsafe.As<T, long>(ref value));
        }

        if (typeof(T) == typeof(double))
        {
            return Of(Unsafe.As<T, double>(ref value));
        }

        ArgumentNullException.ThrowIfNull(value);
        return OfObject(value, typeof(T));
    }

    /// <summary>False where the value is of another type.</summary>
    /// <exception cref="JsonException">The type has the right name, but another shape than the one that was stored.</exception>
    internal readonly bool TryRead<T>([MaybeNullWhen(false)] out T value)
    {
        switch (Kind)
        {
            case StoredKind.Integer:
                return TryReadInteger(out value);
            case StoredKind.Float:
                return TryReadFloat(out value);
            case StoredKind.Json:
                return TryReadJson(out value);
            case StoredKind.Plain when _data is byte[] bytes:
                // A copy: the caller may write to what it gets.
                if (typeof(T) == typeof(byte[]) || typeof(T) == typeof(object))
                {
                    value = (T)(object)bytes.AsSpan().ToArray();
                    return true;
                }

                value = default;
                return false;
            case StoredKind.Plain when _data is T same:
                value = same;
                return true;
            default:
                value = default;
                return false;
        }
    }

    private static StoredValue OfObject(object value, Type declared)
    {
        switch (value)
        {
            case int n: return Of((long)n);
            case long n: return Of(n);
            case sbyte n: return Of((long)n);
            case byte n: return Of((long)n);
            case short n: return Of((long)n);
            case ushort n: return Of((long)n);
            case uint n: return Of((long)n);
            case ulong n and <= long.MaxValue: return Of((long)n);
            case float n: return Of((double)n);
            case double n: return Of(n);
            case string or ulong or bool or char or decimal or DateTime or DateTimeOffset or DateOnly or TimeOnly or TimeSpan or Guid:
                return new(StoredKind.Plain, value);
        }

        // Not "is byte[]": that holds for an array of a script's enum as well.
        if (value.GetType() == typeof(byte[]))
        {
            return new(StoredKind.Plain, ((byte[])value).AsSpan().ToArray());
        }

        var type = declared == typeof(object) ? value.GetType() : Nullable.GetUnderlyingType(declared) ?? declared;
        var json = JsonSerializer.SerializeToUtf8Bytes(value, type, Options(type.IsCollectible || value.GetType().IsCollectible, type));
        return new(StoredKind.Json, json, NameOf(type));
    }

    private readonly bool TryReadInteger<T>([MaybeNullWhen(false)] out T value)
    {
        value = default;
        if (typeof(T) == typeof(long))
        {
            Unsafe.As<T, long>(ref value!) = Number;
            return true;
        }

        if (typeof(T) == typeof(int))
        {
            var fits = Number is >= int.MinValue and <= int.MaxValue;
            Unsafe.As<T, int>(ref value!) = fits ? (int)Number : 0;
            return fits;
        }

        if (Fit(Number, Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T)) is not { } fitting)
        {
            return false;
        }

        value = (T)fitting;
        return true;
    }

    private static object? Fit(long number, Type type)
    {
        if (type == typeof(object))
        {
            return number;
        }

        return type.IsEnum ? null : Type.GetTypeCode(type) switch
        {
            TypeCode.SByte when number is >= sbyte.MinValue and <= sbyte.MaxValue => (sbyte)number,
            TypeCode.Byte when number is >= byte.MinValue and <= byte.MaxValue => (byte)number,
            TypeCode.Int16 when number is >= short.MinValue and <= short.MaxValue => (short)number,
            TypeCode.UInt16 when number is >= ushort.MinValue and <= ushort.MaxValue => (ushort)number,
            TypeCode.Int32 when number is >= int.MinValue and <= int.MaxValue => (int)number,
            TypeCode.UInt32 when number is >= uint.MinValue and <= uint.MaxValue => (uint)number,
            TypeCode.Int64 => number,
            TypeCode.UInt64 when number >= 0 => (ulong)number,
            TypeCode.Double when long.CreateSaturating((double)number) == number && number != long.MaxValue => (double)number,
            TypeCode.Decimal => (decimal)number,
            _ => null,
        };
    }

    private readonly bool TryReadFloat<T>([MaybeNullWhen(false)] out T value)
    {
        value = default;
        var number = BitConverter.Int64BitsToDouble(Number);
        if (typeof(T) == typeof(double))
        {
            Unsafe.As<T, double>(ref value!) = number;
            return true;
        }

        object? fitting = (Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T)) switch
        {
            var t when t == typeof(double) || t == typeof(object) => number,
            var t when t == typeof(float) && ((double)(float)number).Equals(number) => (float)number,
            _ => null,
        };
        value = fitting is null ? default : (T)fitting;
        return fitting is not null;
    }

    private readonly bool TryReadJson<T>([MaybeNullWhen(false)] out T value)
    {
        var json = (byte[])_data!;
        if (typeof(T) == typeof(JsonElement) || typeof(T) == typeof(object))
        {
            value = (T)(object)JsonElement.Parse(json);
            return true;
        }

        if (typeof(T) == typeof(JsonNode))
        {
            value = (T)(object)JsonNode.Parse(json)!;
            return true;
        }

        var type = Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T);
        if (_typeName != NameOf(type))
        {
            value = default;
            return false;
        }

        value = JsonSerializer.Deserialize<T>(json, Options(type.IsCollectible, type));
        return value is not null;
    }

    private static JsonSerializerOptions Options(bool collectible, Type type)
    {
        if (ScriptScope.Current?.Runtime is { } runtime)
        {
            return runtime.Json;
        }

        return collectible
            ? throw new InvalidOperationException($"A value of {NameOf(type)} can be stored and read by script code only: here its type would never be unloaded")
            : Fallback;
    }

    // FullName would hold the assembly versions of type arguments, and these change with every load.
    private static string NameOf(Type type) => type.ToString();

    private static int Heap(long bytes) => (int)Math.Min(int.MaxValue, (bytes + 7) & ~7L);
}
