using System.Buffers;
using Microsoft.AspNetCore.Connections.Features;

namespace ScriptProxy.Testing.Memory;

/// <summary>Memory as the sockets' transport gives it: Kestrel asks for zero bytes and counts on getting a block.</summary>
internal sealed class BlockPool : MemoryPool<byte>, IMemoryPoolFeature
{
    private const int Block = 4096;

    internal static BlockPool Instance { get; } = new();

    public override int MaxBufferSize => Shared.MaxBufferSize;

    public MemoryPool<byte> MemoryPool => this;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => Shared.Rent(Math.Max(minBufferSize, Block));

    protected override void Dispose(bool disposing)
    {
        // Nothing is held.
    }
}
