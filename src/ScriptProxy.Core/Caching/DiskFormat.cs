using System.Buffers.Binary;
using System.IO.Hashing;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.Extensions.Primitives;
using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>
/// A stored answer as a file: a head of fixed length (mark with version, whether it was made stale, length and hash of what follows), everything but
/// the body as JSON, the body, and a hash of each 64 KiB of it. What is of another version, or not whole, is not there.
/// </summary>
internal static class DiskFormat
{
    internal const int Block = 64 * 1024;

    /// <summary>Bodies up to this length are checked and read at once.</summary>
    private const int Small = 256 * 1024;

    private const int Head = 8 + 1 + 4 + 8;
    private const int StaleAt = 8;
    private const int LargestMeta = 1024 * 1024;

    private static ReadOnlySpan<byte> Mark => "SPCACHE1"u8;

    /// <returns>The length of the file.</returns>
    internal static async Task<long> WriteAsync(string path, string key, StoredResponse response, CancellationToken stop)
    {
        var meta = JsonSerializer.SerializeToUtf8Bytes(Meta.Of(key, response));
        var head = new byte[Head];
        Mark.CopyTo(head);
        head[StaleAt] = 0;
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(9), meta.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(13), XxHash3.HashToUInt64(meta));
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, Block, FileOptions.Asynchronous);
        await file.WriteAsync(head, stop);
        await file.WriteAsync(meta, stop);
        await using var hashing = new BlockHashes(file);
        var writer = PipeWriter.Create(hashing, new StreamPipeWriterOptions(leaveOpen: true));
        await response.Body.WriteAsync(writer, 0, response.Body.Length, stop);
        await writer.CompleteAsync();
        await file.WriteAsync(hashing.Finish(), stop);
        return Head + meta.Length + response.Body.Length + (8 * Blocks(response.Body.Length));
    }

    /// <summary>Everything but the body, which is only read where it is small.</summary>
    /// <returns>Null where the file is not whole, not of this version, or not there.</returns>
    internal static async Task<(string Key, StoredResponse Response, long Size)?> ReadAsync(string path, bool body, CancellationToken stop)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
            var head = new byte[Head];
            if (await ReadFullyAsync(file, head, 0, stop) != Head || !head.AsSpan(0, Mark.Length).SequenceEqual(Mark))
            {
                return null;
            }

            var length = BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(9));
            if (length is <= 0 or > LargestMeta)
            {
                return null;
            }

            var bytes = new byte[length];
            if (await ReadFullyAsync(file, bytes, Head, stop) != length || XxHash3.HashToUInt64(bytes) != BinaryPrimitives.ReadUInt64LittleEndian(head.AsSpan(13)))
            {
                return null;
            }

            var meta = JsonSerializer.Deserialize<Meta>(bytes)!;
            var size = RandomAccess.GetLength(file);
            if (meta.Length < 0 || size != Head + length + meta.Length + (8 * Blocks(meta.Length)))
            {
                return null;
            }

            var stored = new DiskBody(path, Head + length, meta.Length);
            StoredBody? content = stored;
            if (body && meta.Length <= Small)
            {
                content = await stored.LoadAsync(file, stop);
            }

            return content is null ? null : (meta.Key, meta.ToResponse(content, stale: head[StaleAt] != 0), size);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Made stale for good, also for the time after a restart.</summary>
    internal static void MarkStale(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.Write(file, [1], StaleAt);
    }

    internal static long Blocks(long length) => (length + Block - 1) / Block;

    internal static async Task<int> ReadFullyAsync(Microsoft.Win32.SafeHandles.SafeFileHandle file, Memory<byte> into, long at, CancellationToken stop)
    {
        var read = 0;
        while (read < into.Length)
        {
            var more = await RandomAccess.ReadAsync(file, into[read..], at + read, stop);
            if (more == 0)
            {
                break;
            }

            read += more;
        }

        return read;
    }

    private sealed record Meta(
        string Key, string Url, int Status, string?[][] Headers, string[] Vary, string Variant, long Received, long InitialAge, long Lifetime, long Grace, long Keep,
        bool AlwaysValidate, bool ForbidsStale, string Reason, string[] Tags, long Length)
    {
        internal static Meta Of(string key, StoredResponse r) => new(
            key, r.Url, r.StatusCode, [.. r.Headers.Select(h => (string?[])[h.Key, .. h.Value])], [.. r.Vary], r.Variant, r.Received.UtcTicks, r.InitialAge.Ticks,
            r.Lifetime.Ticks, r.Grace.Ticks, r.Keep.Ticks, r.AlwaysValidate, r.ForbidsStale, r.Reason, [.. r.Tags], r.Body.Length);

        internal StoredResponse ToResponse(StoredBody body, bool stale) => new()
        {
            Url = Url,
            StatusCode = Status,
            Headers = [.. Headers.Select(h => KeyValuePair.Create(h[0]!, h.Length == 2 ? new StringValues(h[1]) : new StringValues(h[1..])))],
            Body = body,
            Vary = Vary,
            Variant = Variant,
            Received = new DateTimeOffset(Received, TimeSpan.Zero),
            InitialAge = TimeSpan.FromTicks(InitialAge),
            Lifetime = stale ? TimeSpan.Zero : TimeSpan.FromTicks(Lifetime),
            Grace = TimeSpan.FromTicks(Grace),
            Keep = TimeSpan.FromTicks(Keep),
            AlwaysValidate = AlwaysValidate,
            ForbidsStale = ForbidsStale,
            Reason = Reason,
            Tags = Tags,
        };
    }

    /// <summary>Hashes what passes, block by block.</summary>
    private sealed class BlockHashes(Stream file) : Bodies.WriteOnlyStream
    {
        private readonly XxHash3 _hash = new();
        private readonly MemoryStream _done = new();
        private int _inBlock;

        internal byte[] Finish()
        {
            if (_inBlock > 0)
            {
                Close(_hash.GetCurrentHashAsUInt64());
            }

            return _done.ToArray();
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (var rest = buffer; !rest.IsEmpty;)
            {
                var piece = rest[..Math.Min(rest.Length, Block - _inBlock)];
                rest = rest[piece.Length..];
                _hash.Append(piece.Span);
                _inBlock += piece.Length;
                if (_inBlock == Block)
                {
                    Close(_hash.GetCurrentHashAsUInt64());
                }
            }

            await file.WriteAsync(buffer, cancellationToken);
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => file.FlushAsync(cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => file.Flush();

        private void Close(ulong hash)
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, hash);
            _done.Write(bytes);
            _hash.Reset();
            _inBlock = 0;
        }
    }
}
