using System.Buffers;
using System.Globalization;
using System.IO.Hashing;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.StackExchangeRedis;
using ScriptProxy.Caching;
using ScriptProxy.Core.Redis;
using StackExchange.Redis;

namespace ScriptProxy.Core.Caching.Redis;

/// <summary>
/// Stored answers in Redis. For each key a hash with a field for each variant, which tells everything but the body; bodies lie in pieces, named by what
/// is in them, so that an answer that was confirmed shares the body it had. What tells of a body is written after it.
/// </summary>
/// <remarks>Another version of the format has another prefix: neither sees the other's.</remarks>
internal sealed class RedisEntries
{
    /// <summary>Larger bodies are not for Redis.</summary>
    internal const long MaxBody = 16 * 1024 * 1024;

    internal const int Piece = 512 * 1024;

    /// <summary>Of several variants, bodies up to this are read before it is known which one is wanted.</summary>
    private const int Small = 256 * 1024;

    private const int MostVariants = 100;

    private static readonly string Put = $$"""
        redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
        if redis.call('HLEN', KEYS[1]) > {{MostVariants}} then
            redis.call('DEL', KEYS[1])
            redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
        end
        if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
        return 1
        """;

    private readonly RedisConnection _connection;
    private readonly RedisCircuit _circuit;
    private readonly TimeProvider _time;

    // Never disposed of: that would close the connection, which is everybody's.
    private readonly RedisCache _bodies;

    internal RedisEntries(RedisConnection connection, RedisCircuit circuit, TimeProvider time)
    {
        _connection = connection;
        _circuit = circuit;
        _time = time;
        _bodies = new RedisCache(new RedisCacheOptions
        {
            ConnectionMultiplexerFactory = () => Task.FromResult(connection.Multiplexer),
            InstanceName = PurgeMarks.Prefix + "b:",
        });
    }

    /// <summary>What is there and was not purged, the newest first. Nothing where Redis does not answer.</summary>
    internal async ValueTask<IReadOnlyList<StoredResponse>> FindAsync(string key, CancellationToken stop)
    {
        if (_connection.Connected?.GetDatabase() is not { } redis)
        {
            return [];
        }

        var (_, fields) = await _circuit.AskAsync(() => redis.HashGetAllAsync(Key(key)));
        var entries = (fields ?? []).Select(f => Entry.Read(f.Value)).OfType<Entry>().Where(e => e.Meta.Key == key && e.Left(_time.GetUtcNow()) > TimeSpan.Zero).ToList();
        if (entries.Count == 0)
        {
            return [];
        }

        // After the entries: what was purged before this moment is seen.
        var (_, purges) = await _circuit.AskAsync(() => PurgeMarks.ReadAsync(redis, [.. entries.Select(e => (e.Meta.Url, (IReadOnlyList<string>)e.Meta.Tags))]));
        var found = new List<StoredResponse>();
        foreach (var entry in entries)
        {
            if (purges?.IsStale(entry.Position, entry.Meta.Url, entry.Meta.Tags) is { } stale && await BodyAsync(redis, entry, entries.Count == 1, stop) is { } body)
            {
                found.Add(entry.Meta.ToResponse(body, stale));
            }
        }

        return [.. found.OrderByDescending(r => r.Received)];
    }

    /// <param name="key">The key.</param>
    /// <param name="response">Of at most <see cref="MaxBody"/> bytes.</param>
    /// <param name="position">Of the purges, no later than the moment that the origin was asked, but for purges that do not mean it.</param>
    /// <returns>False where Redis did not take it.</returns>
    internal async Task<bool> StoreAsync(string key, StoredResponse response, PurgePosition position)
    {
        if (_connection.Connected?.GetDatabase() is not { } redis)
        {
            return false;
        }

        var meta = StoredMeta.Of(key, response);
        var entry = new Entry(meta, position.Epoch, position.Number, "", []);
        var left = entry.Left(_time.GetUtcNow());
        if (left <= TimeSpan.Zero)
        {
            return false;
        }

        var pieces = await PiecesAsync(response.Body);
        var name = NameOf(key, pieces);
        var expiry = new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = left };
        for (var i = 0; i < pieces.Count; i++)
        {
            var (at, piece) = (i, pieces[i]);
            var (done, _) = await _circuit.AskAsync(async () =>
            {
                await _bodies.SetAsync(NameOfPiece(name, at), piece, expiry);
                return true;
            });
            if (!done)
            {
                return false;
            }
        }

        var written = JsonSerializer.SerializeToUtf8Bytes(entry with { Body = name, Hashes = [.. pieces.Select(p => XxHash3.HashToUInt64(p))] });
        RedisValue[] arguments = [PurgeMarks.Hash($"{string.Join(',', response.Vary)}\n{response.Variant}"), written, (long)Math.Ceiling(left.TotalMilliseconds)];
        return (await _circuit.AskAsync(() => redis.ScriptEvaluateAsync(Put, [Key(key)], arguments))).Done;
    }

    /// <returns>Null where it is not whole.</returns>
    private async ValueTask<StoredBody?> BodyAsync(IDatabase redis, Entry entry, bool only, CancellationToken stop)
    {
        var length = entry.Meta.Length;
        var count = (int)((length + Piece - 1) / Piece);
        if (length is < 0 or > MaxBody || entry.Hashes.Length != count)
        {
            return null;
        }

        if (only || length <= Small)
        {
            var pieces = new List<ReadOnlyMemory<byte>>(count);
            for (var i = 0; i < count; i++)
            {
                if (await PieceAsync(entry, i, stop) is not { } piece)
                {
                    return null;
                }

                pieces.Add(piece);
            }

            return StoredBody.InMemory(pieces);
        }

        var names = Enumerable.Range(0, count).Select(i => (RedisKey)(PurgeMarks.Prefix + "b:" + NameOfPiece(entry.Body, i))).ToArray();
        var (done, there) = await _circuit.AskAsync(() => redis.KeyExistsAsync(names));
        return done && there == count ? new RemoteBody(this, entry) : null;
    }

    private async ValueTask<byte[]?> PieceAsync(Entry entry, int at, CancellationToken stop)
    {
        var (_, piece) = await _circuit.AskAsync(() => _bodies.GetAsync(NameOfPiece(entry.Body, at), stop));
        return piece is not null && piece.Length == Math.Min(Piece, entry.Meta.Length - ((long)at * Piece)) && XxHash3.HashToUInt64(piece) == entry.Hashes[at] ? piece : null;
    }

    private static async Task<List<byte[]>> PiecesAsync(StoredBody body)
    {
        var pieces = new List<byte[]>();
        for (long at = 0; at < body.Length; at += Piece)
        {
            var piece = new byte[Math.Min(Piece, body.Length - at)];
            var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
            await body.WriteAsync(pipe.Writer, at, piece.Length, CancellationToken.None);
            await pipe.Writer.CompleteAsync();
            var read = await pipe.Reader.ReadAtLeastAsync(piece.Length);
            read.Buffer.CopyTo(piece);
            await pipe.Reader.CompleteAsync();
            pieces.Add(piece);
        }

        return pieces;
    }

    /// <summary>By key and content, with a hash that nobody can aim at another's.</summary>
    private static string NameOf(string key, List<byte[]> pieces)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes(key + "\n"));
        foreach (var piece in pieces)
        {
            hash.AppendData(piece);
        }

        return System.Buffers.Text.Base64Url.EncodeToString(hash.GetHashAndReset());
    }

    private static string NameOfPiece(string body, int at) => string.Create(CultureInfo.InvariantCulture, $"{body}:{at}");

    private static RedisKey Key(string key) => $"{PurgeMarks.Prefix}m:{PurgeMarks.Hash(key)}";

    internal sealed record Entry(StoredMeta Meta, string Epoch, long Number, string Body, ulong[] Hashes)
    {
        internal PurgePosition Position => new(Epoch, Number);

        internal static Entry? Read(RedisValue written)
        {
            try
            {
                return JsonSerializer.Deserialize<Entry>((byte[])written!) is { Meta: { Key: not null, Url: not null, Headers: not null, Vary: not null, Tags: not null }, Epoch: not null, Body: not null, Hashes: not null } entry ? entry : null;
            }
            catch (JsonException)
            {
                return null;
            }
        }

        /// <summary>How long it may still be of use to anybody.</summary>
        internal TimeSpan Left(DateTimeOffset now)
        {
            var all = new TimeSpan(Meta.Lifetime) + Longer(Meta.Grace, Meta.Keep);
            var age = new TimeSpan(Meta.InitialAge) + Longer((now - new DateTimeOffset(Meta.Received, TimeSpan.Zero)).Ticks, 0);
            return all - age;
        }

        private static TimeSpan Longer(long a, long b) => new(Math.Max(a, b));
    }

    /// <summary>A large body of one of several variants, read as it is sent. What has gone meanwhile breaks it off.</summary>
    internal sealed class RemoteBody(RedisEntries entries, Entry entry) : StoredBody
    {
        public override long Length => entry.Meta.Length;

        public override async ValueTask WriteAsync(PipeWriter writer, long first, long count, CancellationToken stop)
        {
            while (count > 0)
            {
                var at = (int)(first / Piece);
                var piece = await entries.PieceAsync(entry, at, stop) ?? throw new IOException("Redis no longer has the whole body");
                var from = (int)(first % Piece);
                var part = piece.AsMemory(from, (int)Math.Min(count, piece.Length - from));
                await writer.WriteAsync(part, stop);
                first += part.Length;
                count -= part.Length;
            }
        }
    }
}
