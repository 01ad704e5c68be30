using System.Buffers;

namespace ScriptProxy.Core.Bodies;

/// <summary>Bytes in an array of the shared pool. Empty, it holds no array; <see cref="Release"/> gives the array back.</summary>
internal sealed class PooledBuffer : IBufferWriter<byte>
{
    /// <summary>What a stage gathers before it passes its output on, in bytes.</summary>
    internal const int Spill = 16 * 1024;

    private byte[] _array = [];

    internal int Count { get; private set; }

    internal ReadOnlyMemory<byte> Memory => _array.AsMemory(0, Count);

    internal ReadOnlySpan<byte> Span => _array.AsSpan(0, Count);

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        Count += bytes.Length;
    }

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - Count);
        Count += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsMemory(Count);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsSpan(Count);
    }

    /// <summary>Forgets the bytes and keeps the array for the next ones.</summary>
    internal void Clear() => Count = 0;

    internal void Release()
    {
        var array = _array;
        _array = [];
        Count = 0;
        if (array.Length > 0)
            ArrayPool<byte>.Shared.Return(array);
    }

    private void Reserve(int sizeHint)
    {
        var needed = Math.Max(sizeHint, 1);
        if (_array.Length - Count >= needed)
            return;
        var size = Math.Min(Math.Max((long)Count + needed, Math.Max(4096, 2L * Count)), Array.MaxLength);
        if (size < (long)Count + needed)
            throw new BodyTooLargeException("body", Array.MaxLength);
        var larger = ArrayPool<byte>.Shared.Rent((int)size);
        Span.CopyTo(larger);
        var old = _array;
        _array = larger;
        if (old.Length > 0)
            ArrayPool<byte>.Shared.Return(old);
    }
}
