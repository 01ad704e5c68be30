using System.Globalization;
using StackExchange.Redis;

namespace ScriptProxy.Core.Sharing.Cluster;

/// <summary>A shared dictionary in Redis: a key of Redis for each of its keys, so that each expires by itself.</summary>
internal sealed partial class RedisDictionary : ClusterDictionary
{
    private readonly string _prefix;
    private readonly Func<IDatabase> _redis;
    private readonly DictionaryValues _values;

    /// <param name="name">The dictionary's.</param>
    /// <param name="redis">May change with a reload, and throw where there is none.</param>
    internal RedisDictionary(string name, Func<IDatabase> redis)
    {
        Name = name;
        _prefix = $"scriptproxy:shared:{name.Length.ToString(CultureInfo.InvariantCulture)}:{name}:";
        _redis = redis;
        _values = new DictionaryValues(name);
    }

    public override string Name { get; }

    public override async Task<T> GetAsync<T>(string key)
    {
        var stored = await FindAsync(key);
        return stored.IsNull ? throw new KeyNotFoundException(_values.Absent(key)) : Read<T>(key, stored);
    }

    public override async Task<(bool Found, T? Value)> TryGetAsync<T>(string key)
        where T : default
    {
        RedisValue stored;
        try
        {
            stored = await _redis().StringGetAsync(Key(key));
        }
        catch (RedisServerException error) when (IsOtherType(error))
        {
            return default;
        }

        return ClusterFormat.Read(stored) is { } value && DictionaryValues.TryRead<T>(value, out var read) ? (true, read) : default;
    }

    public override Task SetAsync<T>(string key, T value, TimeSpan? ttl = null) => StoreAsync(key, value, ttl, When.Always);

    public override Task<bool> AddAsync<T>(string key, T value, TimeSpan? ttl = null) => StoreAsync(key, value, ttl, When.NotExists);

    public override Task<bool> ReplaceAsync<T>(string key, T value, TimeSpan? ttl = null) => StoreAsync(key, value, ttl, When.Exists);

    public override async Task<T> GetOrAddAsync<T>(string key, TimeSpan? ttl, Func<Task<T>> make)
    {
        ArgumentNullException.ThrowIfNull(make);
        DictionaryValues.CheckTtl(ttl);
        var stored = await FindAsync(key);
        if (!stored.IsNull)
        {
            return Read<T>(key, stored);
        }

        var made = await make();
        while (!await AddAsync(key, made, ttl))
        {
            // It may expire between the two.
            stored = await FindAsync(key);
            if (!stored.IsNull)
            {
                return Read<T>(key, stored);
            }
        }

        return made;
    }

    public override Task<bool> RemoveAsync(string key) => _redis().KeyDeleteAsync(Key(key));

    public override async Task<TimeSpan?> TtlAsync(string key) => (long)await _redis().ExecuteAsync("PTTL", Key(key)) switch
    {
        -2 => null,
        < 0 => TimeSpan.MaxValue,
        var milliseconds => TimeSpan.FromMilliseconds(milliseconds),
    };

    public override async Task<bool> ExpireAsync(string key, TimeSpan? ttl)
    {
        DictionaryValues.CheckTtl(ttl);
        var redis = _redis();
        return ttl is { } span
            ? await redis.KeyExpireAsync(Key(key), Whole(span))
            : await redis.KeyPersistAsync(Key(key)) || await redis.KeyExistsAsync(Key(key));
    }

    public override async Task<IReadOnlyList<string>> KeysAsync(int max = 1024)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(max);

        // A key may be named twice while Redis moves it.
        var found = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var key in ScanAsync())
        {
            found.Add(key.ToString()[_prefix.Length..]);
            if (found.Count == max)
            {
                break;
            }
        }

        return [.. found];
    }

    public override async Task ClearAsync()
    {
        var redis = _redis();
        await foreach (var key in ScanAsync())
        {
            await redis.KeyDeleteAsync(key);
        }
    }

    private async IAsyncEnumerable<RedisKey> ScanAsync()
    {
        var redis = _redis();
        var pattern = new System.Text.StringBuilder();
        foreach (var c in _prefix)
        {
            pattern.Append(c is '*' or '?' or '[' or ']' or '\\' or '^' ? $"\\{c}" : $"{c}");
        }

        pattern.Append('*');
        foreach (var server in redis.Multiplexer.GetServers().Where(s => s is { IsConnected: true, IsReplica: false }))
        {
            await foreach (var key in server.KeysAsync(redis.Database, pattern.ToString(), pageSize: 1000))
            {
                yield return key;
            }
        }
    }

    private Task<bool> StoreAsync<T>(string key, T value, TimeSpan? ttl, When when)
    {
        DictionaryValues.CheckTtl(ttl);
        _values.CheckKey(key);
        return _redis().StringSetAsync(Key(key), ClusterFormat.Write(_values.Encode(key, value)), Whole(ttl), when: when);
    }

    private async Task<RedisValue> FindAsync(string key)
    {
        try
        {
            return await _redis().StringGetAsync(Key(key));
        }
        catch (RedisServerException error) when (IsOtherType(error))
        {
            throw _values.OtherType(key, "a value", "a list");
        }
    }

    private T Read<T>(string key, RedisValue stored) => ClusterFormat.Read(stored) is { } value ? _values.Read<T>(key, value) : throw Unknown<T>(key);

    /// <summary>Somebody else wrote there, or another version of the gateway.</summary>
    private InvalidCastException Unknown<T>(string key) => _values.OtherType(key, typeof(T).ToString(), "what no gateway of this version wrote");

    private RedisKey Key(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return _prefix + key;
    }

    private static bool IsOtherType(RedisServerException error) => error.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal);

    /// <summary>Redis counts in milliseconds, and none of them is no time to live.</summary>
    private static TimeSpan? Whole(TimeSpan? ttl) => ttl is { } span ? TimeSpan.FromMilliseconds(Math.Ceiling(span.TotalMilliseconds)) : null;
}
