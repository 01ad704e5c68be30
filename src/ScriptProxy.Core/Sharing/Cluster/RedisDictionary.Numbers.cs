using System.Globalization;
using StackExchange.Redis;

namespace ScriptProxy.Core.Sharing.Cluster;

/// <content>Counters. A script of Redis looks and adds in one step.</content>
internal sealed partial class RedisDictionary
{
    // As texts: numbers of Redis' scripts are doubles, and lose the last digits of a long.
    private const string AddToInteger = """
        local held = redis.call('GET', KEYS[1])
        if held then
            if not string.match(held, '^%-?%d+$') then return {0, held} end
            redis.call('INCRBY', KEYS[1], ARGV[1])
            return {1, redis.call('GET', KEYS[1])}
        end
        if ARGV[2] == '' then return redis.error_reply('overflow') end
        if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
        return {1, ARGV[2]}
        """;

    private const string AddToDouble = """
        local held = redis.call('GET', KEYS[1])
        if not held then
            if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
            return {1, ARGV[2]}
        end
        if string.sub(held, 1, 1) ~= 'f' then return {0, held} end
        local sum = 'f' .. string.format('%.17g', tonumber(string.sub(held, 2)) + tonumber(ARGV[1]))
        local left = redis.call('PTTL', KEYS[1])
        if left > 0 then redis.call('SET', KEYS[1], sum, 'PX', left) else redis.call('SET', KEYS[1], sum) end
        return {1, sum}
        """;

    public override async Task<long> IncrementAsync(string key, long by = 1, long initial = 0, TimeSpan? ttl = null)
    {
        var first = (Int128)initial + by;
        var fits = first >= long.MinValue && first <= long.MaxValue;
        var (done, held) = await AddAsync(
            key, AddToInteger, by.ToString(CultureInfo.InvariantCulture), fits ? first.ToString(CultureInfo.InvariantCulture) : "", ttl, () => $"the sum with {by} does not fit into a long");
        return done ? (long)held : throw OtherNumber(key, "an integer", held);
    }

    public override async Task<double> IncrementAsync(string key, double by, double initial = 0, TimeSpan? ttl = null)
    {
        var (done, held) = await AddAsync(
            key, AddToDouble, ClusterFormat.Digits(by), ClusterFormat.Write(StoredValue.Of(initial + by)), ttl, () => "");
        return done && ClusterFormat.Read(held) is { Kind: StoredKind.Float, Number: var bits } ? BitConverter.Int64BitsToDouble(bits) : throw OtherNumber(key, "a double", held);
    }

    private async Task<(bool Done, RedisValue Held)> AddAsync(string key, string script, RedisValue by, RedisValue first, TimeSpan? ttl, Func<string> overflow)
    {
        _values.CheckKey(key);
        DictionaryValues.CheckTtl(ttl);
        RedisValue limit = Whole(ttl) is { } span ? (long)span.TotalMilliseconds : "";
        try
        {
            var answer = (RedisResult[])(await _redis().ScriptEvaluateAsync(script, [Key(key)], [by, first, limit]))!;
            return ((int)answer[0] == 1, (RedisValue)answer[1]);
        }
        catch (RedisServerException error) when (IsOtherType(error) || error.Message.Contains("WRONGTYPE", StringComparison.Ordinal))
        {
            throw _values.OtherType(key, "a number", "a list");
        }
        catch (RedisServerException error) when (error.Message.Contains("overflow", StringComparison.Ordinal))
        {
            throw new OverflowException($"{_values.Where(key)}: {overflow()}", error);
        }
    }

    private InvalidCastException OtherNumber(string key, string wanted, RedisValue held) =>
        _values.OtherType(key, wanted, ClusterFormat.Read(held)?.TypeName ?? "what no gateway of this version wrote");
}
