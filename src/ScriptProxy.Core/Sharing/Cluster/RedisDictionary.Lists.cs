using StackExchange.Redis;

namespace ScriptProxy.Core.Sharing.Cluster;

/// <content>Lists, which are Redis' own.</content>
internal sealed partial class RedisDictionary
{
    public override Task<long> PushLeftAsync<T>(string key, T value) => PushAsync(key, value, static (redis, at, item) => redis.ListLeftPushAsync(at, item));

    public override Task<long> PushRightAsync<T>(string key, T value) => PushAsync(key, value, static (redis, at, item) => redis.ListRightPushAsync(at, item));

    public override Task<T?> PopLeftAsync<T>(string key)
        where T : default => PopAsync<T>(key, static (redis, at) => redis.ListLeftPopAsync(at));

    public override Task<T?> PopRightAsync<T>(string key)
        where T : default => PopAsync<T>(key, static (redis, at) => redis.ListRightPopAsync(at));

    public override Task<long> LengthAsync(string key) => OfListAsync(key, static (redis, at) => redis.ListLengthAsync(at));

    private Task<long> PushAsync<T>(string key, T value, Func<IDatabase, RedisKey, RedisValue, Task<long>> push)
    {
        _values.CheckKey(key);
        var item = ClusterFormat.Write(_values.Encode(key, value));
        return OfListAsync(key, (redis, at) => push(redis, at, item));
    }

    private async Task<T?> PopAsync<T>(string key, Func<IDatabase, RedisKey, Task<RedisValue>> pop)
    {
        var item = await OfListAsync(key, pop);
        return item.IsNull ? default : Read<T>(key, item);
    }

    private async Task<TResult> OfListAsync<TResult>(string key, Func<IDatabase, RedisKey, Task<TResult>> ask)
    {
        try
        {
            return await ask(_redis(), Key(key));
        }
        catch (RedisServerException error) when (IsOtherType(error))
        {
            throw _values.OtherType(key, "a list", "a single value");
        }
    }
}
