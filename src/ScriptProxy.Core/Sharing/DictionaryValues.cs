using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace ScriptProxy.Core.Sharing;

/// <summary>What the dictionaries, in memory and in Redis, say of keys and values, and how.</summary>
/// <param name="name">The dictionary's.</param>
internal sealed class DictionaryValues(string name)
{
    private const int MaxKeyBytes = 65_535;

    internal string Where(string key) => $"Shared(\"{name}\"), key \"{(key.Length <= 100 ? key : string.Concat(key.AsSpan(0, 100), "..."))}\"";

    internal string Absent(string key) => $"{Where(key)}: there is no such key, or it has expired";

    internal InvalidCastException OtherType(string key, string wanted, StoredValue stored) => OtherType(key, wanted, stored.TypeName);

    internal InvalidCastException OtherType(string key, string wanted, string held) => new($"{Where(key)}: asked for {wanted}, but it holds {held}");

    internal void CheckKey(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (key.Length > MaxKeyBytes / 3 && Encoding.UTF8.GetByteCount(key) > MaxKeyBytes)
        {
            throw new ArgumentException($"{Where(key)}: a key holds at most {MaxKeyBytes:N0} bytes, this one holds {Encoding.UTF8.GetByteCount(key):N0}", nameof(key));
        }
    }

    internal static void CheckTtl(TimeSpan? ttl)
    {
        if (ttl <= TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(ttl), ttl, "A time to live is longer than zero; leave it out to keep the value without a limit");
        }
    }

    internal StoredValue Encode<T>(string key, T value)
    {
        try
        {
            return StoredValue.Of(value);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new NotSupportedException($"{Where(key)}: a value of {typeof(T)} cannot be stored as JSON: {error.Message}", error);
        }
    }

    internal T Read<T>(string key, StoredValue stored)
    {
        try
        {
            return stored.TryRead<T>(out var value) ? value : throw OtherType(key, typeof(T).ToString(), stored);
        }
        catch (JsonException error)
        {
            throw new InvalidCastException($"{Where(key)}: the {stored.TypeName} stored there has another shape than the type has now: {error.Message}", error);
        }
    }

    internal static bool TryRead<T>(StoredValue stored, [MaybeNullWhen(false)] out T value)
    {
        try
        {
            return stored.TryRead(out value);
        }
        catch (JsonException)
        {
            value = default;
            return false;
        }
    }
}
