using System.Buffers.Binary;
using System.IO.Hashing;
using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;
using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>A body in a file. Each block is checked before any of it is sent: what the disk got wrong breaks the answer off instead, once.</summary>
/// <param name="path">The file. Another one may take its place.</param>
/// <param name="id">What tells it from that other one.</param>
/// <param name="offset">Where the body begins.</param>
/// <param name="length">Of the body.</param>
internal sealed class DiskBody(string path, Guid id, long offset, long length) : StoredBody
{
    private volatile SafeFileHandle? _kept;
    private volatile bool _broken;

    public override long Length => length;

    public override bool IsBroken => _broken;

    /// <summary>To be called before the file goes or another one takes its place: whoever has this body reads it to its end all the same.</summary>
    /// <remarks>Nobody says when the last reader has gone: the handle is closed when this object is collected.</remarks>
    internal void Keep()
    {
        try
        {
            _kept ??= DiskFormat.Open(path, id);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _broken = true;
        }
    }

    public override async ValueTask WriteAsync(PipeWriter writer, long first, long count, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var kept = _kept;
        using var own = kept is null ? Open() : null;

        // What is there no more was kept before it went.
        var file = kept ?? own ?? _kept ?? throw Broken("is gone");
        var buffer = new byte[(int)Math.Min(DiskFormat.Block, length)];
        while (count > 0)
        {
            var block = first / DiskFormat.Block;
            var bytes = await ReadAsync(file, block, buffer, stop) ?? throw Broken("is damaged");
            var at = (int)(first - (block * DiskFormat.Block));
            var piece = bytes[at..(int)Math.Min(bytes.Length, at + count)];
            await writer.WriteAsync(piece, stop);
            first += piece.Length;
            count -= piece.Length;
        }
    }

    /// <summary>The whole of it.</summary>
    /// <returns>Null where it is damaged.</returns>
    internal async Task<StoredBody?> LoadAsync(SafeFileHandle file, CancellationToken stop)
    {
        var segments = new List<ReadOnlyMemory<byte>>();
        for (var block = 0L; block < DiskFormat.Blocks(length); block++)
        {
            if (await ReadAsync(file, block, new byte[(int)Math.Min(DiskFormat.Block, length - (block * DiskFormat.Block))], stop) is not { } bytes)
            {
                return null;
            }

            segments.Add(bytes);
        }

        return InMemory(segments);
    }

    /// <summary>Reads all of it.</summary>
    /// <returns>Null where it is damaged.</returns>
    internal async Task<StoredBody?> VerifyAsync(SafeFileHandle file, CancellationToken stop)
    {
        var buffer = new byte[DiskFormat.Block];
        for (var block = 0L; block < DiskFormat.Blocks(length); block++)
        {
            if (await ReadAsync(file, block, buffer, stop) is null)
            {
                return null;
            }
        }

        return this;
    }

    private SafeFileHandle? Open()
    {
        try
        {
            return DiskFormat.Open(path, id);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private IOException Broken(string what)
    {
        _broken = true;
        return new IOException($"{path} {what}");
    }

    private async Task<Memory<byte>?> ReadAsync(SafeFileHandle file, long block, byte[] buffer, CancellationToken stop)
    {
        var hash = new byte[8];
        var bytes = buffer.AsMemory(0, (int)Math.Min(DiskFormat.Block, length - (block * DiskFormat.Block)));
        return await DiskFormat.ReadFullyAsync(file, hash, offset + length + (8 * block), stop) == hash.Length
            && await DiskFormat.ReadFullyAsync(file, bytes, offset + (block * DiskFormat.Block), stop) == bytes.Length
            && XxHash3.HashToUInt64(bytes.Span) == BinaryPrimitives.ReadUInt64LittleEndian(hash)
            ? bytes

            // Without its type null would become memory of no bytes.
            : (Memory<byte>?)null;
    }
}
