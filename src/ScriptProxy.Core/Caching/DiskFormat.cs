using System.Buffers.Binary;
using System.IO.Hashing;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>What became of an attempt to read a file.</summary>
/// <param name="Content">Null where there is none.</param>
/// <param name="IsUseless">It is not whole, of another version or not there: it may go. Otherwise reading failed for a reason that may pass.</param>
internal readonly record struct DiskRead(DiskContent? Content, bool IsUseless)
{
    internal static DiskRead Useless { get; } = new(null, true);
}

/// <summary>What a file holds.</summary>
/// <param name="Key">What it is stored under.</param>
/// <param name="Response">The answer.</param>
/// <param name="Id">Different for every file that was ever written.</param>
/// <param name="Size">Of the file.</param>
internal sealed record DiskContent(string Key, StoredResponse Response, Guid Id, long Size);

/// <summary>How much of a body is read.</summary>
internal enum DiskDepth
{
    /// <summary>Nothing.</summary>
    Head,

    /// <summary>What is small.</summary>
    Small,

    /// <summary>All of it, to be sure of it; kept is what is small.</summary>
    Whole,
}

/// <summary>
/// A stored answer as a file: a head of fixed length (mark with version, whether it was made stale, an id, length and hash of what follows), everything but
/// the body as JSON, the body, and a hash of each 64 KiB of it. What is of another version, or not whole, is not there.
/// </summary>
internal static class DiskFormat
{
    internal const int Block = 64 * 1024;

    /// <summary>Bodies up to this length are checked and read at once.</summary>
    private const int Small = 256 * 1024;

    private const int StateAt = 8;
    private const int IdAt = StateAt + 8;
    private const int LengthAt = IdAt + 16;
    private const int HashAt = LengthAt + 4;
    private const int Head = HashAt + 8;
    private const int LargestMeta = 1024 * 1024;

    private static ReadOnlySpan<byte> Mark => "SPCACHE2"u8;

    // So different that a wrong bit makes neither of them the other: what was made stale must never be fresh again.
    private static ReadOnlySpan<byte> AsStored => "AsStored"u8;

    private static ReadOnlySpan<byte> MadeStale => "~Stale~!"u8;

    /// <returns>The id and length of the file.</returns>
    internal static async Task<(Guid Id, long Size)> WriteAsync(string path, string key, StoredResponse response, CancellationToken stop)
    {
        var id = Guid.NewGuid();
        var meta = JsonSerializer.SerializeToUtf8Bytes(StoredMeta.Of(key, response));
        var head = new byte[Head];
        Mark.CopyTo(head);
        AsStored.CopyTo(head.AsSpan(StateAt));
        id.TryWriteBytes(head.AsSpan(IdAt));
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(LengthAt), meta.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(HashAt), Hash(head, meta));
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, Block, FileOptions.Asynchronous);
        await file.WriteAsync(head, stop);
        await file.WriteAsync(meta, stop);
        await using var hashing = new BlockHashes(file);
        var writer = PipeWriter.Create(hashing, new StreamPipeWriterOptions(leaveOpen: true));
        await response.Body.WriteAsync(writer, 0, response.Body.Length, stop);
        await writer.CompleteAsync();
        await file.WriteAsync(hashing.Finish(), stop);
        return (id, Head + meta.Length + response.Body.Length + (8 * Blocks(response.Body.Length)));
    }

    internal static async Task<DiskRead> ReadAsync(string path, DiskDepth depth, CancellationToken stop)
    {
        try
        {
            using var file = Open(path);
            var head = new byte[Head];
            if (await ReadFullyAsync(file, head, 0, stop) != Head || !head.AsSpan(0, Mark.Length).SequenceEqual(Mark) || IsMadeStale(head) is not { } stale)
            {
                return DiskRead.Useless;
            }

            var length = BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(LengthAt));
            if (length is <= 0 or > LargestMeta)
            {
                return DiskRead.Useless;
            }

            var bytes = new byte[length];
            if (await ReadFullyAsync(file, bytes, Head, stop) != length || Hash(head, bytes) != BinaryPrimitives.ReadUInt64LittleEndian(head.AsSpan(HashAt)))
            {
                return DiskRead.Useless;
            }

            var meta = JsonSerializer.Deserialize<StoredMeta>(bytes)!;
            var size = RandomAccess.GetLength(file);
            if (meta.Length < 0 || size != Head + length + meta.Length + (8 * Blocks(meta.Length)))
            {
                return DiskRead.Useless;
            }

            var id = new Guid(head.AsSpan(IdAt, 16));
            var stored = new DiskBody(path, id, Head + length, meta.Length);
            var content = depth != DiskDepth.Head && meta.Length <= Small ? await stored.LoadAsync(file, stop)
                : depth == DiskDepth.Whole ? await stored.VerifyAsync(file, stop)
                : stored;
            return content is null ? DiskRead.Useless : new DiskRead(new DiskContent(meta.Key, meta.ToResponse(content, stale), id, size), false);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or JsonException or NotSupportedException)
        {
            return DiskRead.Useless;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Too many open files, say: it may be whole.
            return default;
        }
    }

    /// <summary>Opens the file of that id.</summary>
    /// <returns>Null where it is another one by now.</returns>
    internal static SafeFileHandle? Open(string path, Guid id)
    {
        var file = Open(path);
        Span<byte> found = stackalloc byte[16];
        if (RandomAccess.Read(file, found, IdAt) == found.Length && new Guid(found) == id)
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    /// <summary>Made stale for good, also for the time after a restart.</summary>
    internal static void MarkStale(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.Write(file, MadeStale, StateAt);
    }

    private static SafeFileHandle Open(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);

    /// <returns>Null where it is neither.</returns>
    private static bool? IsMadeStale(ReadOnlySpan<byte> head)
    {
        var state = head.Slice(StateAt, AsStored.Length);
        return state.SequenceEqual(AsStored) ? false : state.SequenceEqual(MadeStale) ? true : null;
    }

    private static ulong Hash(ReadOnlySpan<byte> head, ReadOnlySpan<byte> meta)
    {
        var hash = new XxHash3();
        hash.Append(head[IdAt..HashAt]);
        hash.Append(meta);
        return hash.GetCurrentHashAsUInt64();
    }

    internal static long Blocks(long length) => (length + Block - 1) / Block;

    internal static async Task<int> ReadFullyAsync(SafeFileHandle file, Memory<byte> into, long at, CancellationToken stop)
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
