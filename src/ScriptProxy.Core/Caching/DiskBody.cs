using System.Buffers.Binary;
using System.IO.Hashing;
using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;
using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>A body in a file. Each block is checked before any of it is sent: what the disk got wrong breaks the answer off instead.</summary>
internal sealed class DiskBody(string path, long offset, long length) : StoredBody
{
    public override long Length => length;

    public override async ValueTask WriteAsync(PipeWriter writer, long first, long count, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(writer);
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
        var buffer = new byte[(int)Math.Min(DiskFormat.Block, length)];
        while (count > 0)
        {
            var block = first / DiskFormat.Block;
            var bytes = await ReadAsync(file, block, buffer, stop) ?? throw new IOException($"{path} is damaged");
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
