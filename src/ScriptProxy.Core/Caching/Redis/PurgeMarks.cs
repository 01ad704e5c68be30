using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ScriptProxy.Caching;
using StackExchange.Redis;

namespace ScriptProxy.Core.Caching.Redis;

/// <summary>Where the purges of all gateways stood at some moment.</summary>
/// <param name="Epoch">Another one: Redis has lost what it knew.</param>
/// <param name="Number">Of the last purge.</param>
internal sealed record PurgePosition(string Epoch, long Number);

/// <summary>
/// The purges in Redis. Each has a number, leaves a mark of it where it can be looked up for an answer (its URL, its tags, a short list of rules),
/// a line in a log for gateways that were away, and is told to those that are there. So a purge costs the same however much is stored; what it
/// meets is found when it is read, by the number that stood when its origin was asked.
/// </summary>
/// <remarks>All marks are one hash with the epoch in it: where Redis evicts it, the epoch goes too, and nothing that is stored counts any more.</remarks>
internal static class PurgeMarks
{
    internal const string Prefix = "scriptproxy:cache1:";

    /// <summary>Marks are not forgotten one by one: with too many of them everything begins anew.</summary>
    private const int MostMarks = 200_000;

    private const int MostLogged = 1000;

    private const int MostOfRules = 32 * 1024;

    private static readonly RedisKey Marks = Prefix + "{purges}:marks";
    private static readonly RedisKey Log = Prefix + "{purges}:log";

    internal static RedisChannel Channel { get; } = RedisChannel.Literal(Prefix + "purges");

    private const string Begin = """
        if redis.call('HEXISTS', KEYS[1], 'epoch') == 0 then
            redis.call('DEL', KEYS[1], KEYS[2])
            redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'number', '0')
        end
        """;

    private static readonly string Purge = $$"""
        if redis.call('HLEN', KEYS[1]) > {{MostMarks}} then redis.call('DEL', KEYS[1]) end
        {{Begin}}
        local number = redis.call('HINCRBY', KEYS[1], 'number', 1)
        if ARGV[2] ~= '' then
            redis.call('HSET', KEYS[1], ARGV[2], number)
        else
            local rules = (redis.call('HGET', KEYS[1], 'rules') or '') .. number .. ' ' .. ARGV[3] .. '\n'
            if string.len(rules) > {{MostOfRules}} then
                redis.call('HSET', KEYS[1], 'all', number)
                rules = ''
            end
            redis.call('HSET', KEYS[1], 'rules', rules)
        end
        redis.call('LPUSH', KEYS[2], number .. ' ' .. ARGV[3])
        redis.call('LTRIM', KEYS[2], 0, {{MostLogged - 1}})
        redis.call('PUBLISH', ARGV[4], redis.call('HGET', KEYS[1], 'epoch') .. ' ' .. number .. ' ' .. ARGV[3])
        return {redis.call('HGET', KEYS[1], 'epoch'), number}
        """;

    private static readonly string State = $$"""
        {{Begin}}
        return {redis.call('HGET', KEYS[1], 'epoch'), redis.call('HGET', KEYS[1], 'number'), redis.call('LRANGE', KEYS[2], 0, -1)}
        """;

    /// <param name="redis">The database.</param>
    /// <param name="purge">What is to go.</param>
    /// <param name="sender">Tells a gateway its own purges.</param>
    /// <returns>Where the purges stand with it.</returns>
    internal static async Task<PurgePosition> AddAsync(IDatabase redis, CachePurge purge, string sender)
    {
        var answer = (RedisResult[])(await redis.ScriptEvaluateAsync(Purge, [Marks, Log], [NewEpoch(), Field(purge), Told.Of(purge, sender).Write(), Channel.ToString()]))!;
        return new PurgePosition((string)answer[0]!, (long)answer[1]);
    }

    /// <returns>Where the purges stand, and the last of them, the newest first.</returns>
    internal static async Task<(PurgePosition Position, IReadOnlyList<(long Number, Told Purge)> Last)> StateAsync(IDatabase redis)
    {
        var answer = (RedisResult[])(await redis.ScriptEvaluateAsync(State, [Marks, Log], [NewEpoch()]))!;
        var last = new List<(long Number, Told Purge)>();
        foreach (var line in (string[])answer[2]!)
        {
            if (Told.Read(line, 0) is not { } told)
            {
                break;
            }

            last.Add(told);
        }

        return (new PurgePosition((string)answer[0]!, (long)answer[1]), last);
    }

    /// <returns>Of a message on the channel; null where it cannot be read.</returns>
    internal static (PurgePosition Position, Told Purge)? ReadMessage(string message) =>
        message.IndexOf(' ', StringComparison.Ordinal) is > 0 and var end && Told.Read(message, end + 1) is var (number, told)
            ? (new PurgePosition(message[..end], number), told)
            : null;

    /// <summary>The marks that could mean one of these answers.</summary>
    internal static async Task<PurgesSeen> ReadAsync(IDatabase redis, IReadOnlyList<(string Url, IReadOnlyList<string> Tags)> answers)
    {
        var fields = new List<RedisValue> { "epoch", "all", "ALL", "rules" };
        foreach (var (url, tags) in answers)
        {
            fields.AddRange([Name('u', url), Name('U', url)]);
            foreach (var tag in tags)
            {
                fields.AddRange([Name('t', tag), Name('T', tag)]);
            }
        }

        RedisValue[] asked = [.. fields.Distinct()];
        var values = await redis.HashGetAsync(Marks, asked);
        var found = new Dictionary<string, RedisValue>(StringComparer.Ordinal);
        for (var i = 0; i < asked.Length; i++)
        {
            found[asked[i].ToString()] = values[i];
        }

        return new PurgesSeen(found);
    }

    /// <summary>In capitals where it is soft. Empty where only a rule can say what it means.</summary>
    private static RedisValue Field(CachePurge purge) => purge switch
    {
        { Url: null, Prefix: null, Tag: null } => purge.Soft ? "ALL" : "all",
        { Url: { } url, Prefix: null, Tag: null } => Name(purge.Soft ? 'U' : 'u', url),
        { Url: null, Prefix: null, Tag: { } tag } => Name(purge.Soft ? 'T' : 't', tag),
        _ => "",
    };

    private static string Name(char kind, string text) => $"{kind}:{Hash(text)}";

    internal static string Hash(string text) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 20));

    private static string NewEpoch() => Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);

    /// <summary>A purge as gateways tell it one another.</summary>
    internal sealed record Told(string Sender, string? Url, string? Prefix, string? Tag, bool Soft)
    {
        internal static Told Of(CachePurge purge, string sender) => new(sender, purge.Url, purge.Prefix, purge.Tag, purge.Soft);

        internal CachePurge ToPurge() => CachePurge.Of(Url, Prefix, Tag) with { Soft = Soft };

        internal string Write() => JsonSerializer.Serialize(this);

        /// <returns>Number and purge; null where the text is none of this version.</returns>
        internal static (long Number, Told Purge)? Read(string text, int from)
        {
            try
            {
                return text.IndexOf(' ', from) is > 0 and var end
                    && long.TryParse(text.AsSpan(from, end - from), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    && JsonSerializer.Deserialize<Told>(text.AsSpan(end + 1)) is { } told
                    ? (number, told)
                    : null;
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }

    /// <summary>What a reader knows of the purges.</summary>
    internal sealed class PurgesSeen(Dictionary<string, RedisValue> marks)
    {
        private readonly List<(long Number, Told Purge)>? _rules = Rules(marks["rules"]);

        internal string? Epoch => marks["epoch"];

        /// <returns>Null: it is gone; else whether it was made stale.</returns>
        internal bool? IsStale(PurgePosition since, string url, IReadOnlyList<string> tags)
        {
            if (!since.Epoch.Equals(Epoch, StringComparison.Ordinal) || _rules is null || Is("all") || Is(Name('u', url)) || tags.Any(t => Is(Name('t', t))))
            {
                return null;
            }

            var met = _rules.Where(r => r.Number > since.Number && r.Purge.ToPurge().Meets(url, tags)).ToList();
            return met.Exists(r => !r.Purge.Soft) ? null : met.Count > 0 || Is("ALL") || Is(Name('U', url)) || tags.Any(t => Is(Name('T', t)));

            bool Is(string field) => marks.TryGetValue(field, out var number) && !number.IsNull && (!number.TryParse(out long at) || at > since.Number);
        }

        /// <returns>Null where a rule cannot be read: then it could mean everything.</returns>
        private static List<(long Number, Told Purge)>? Rules(RedisValue lines)
        {
            var rules = new List<(long Number, Told Purge)>();
            foreach (var line in lines.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                if (Told.Read(line, 0) is not { } rule)
                {
                    return null;
                }

                rules.Add(rule);
            }

            return rules;
        }
    }
}
