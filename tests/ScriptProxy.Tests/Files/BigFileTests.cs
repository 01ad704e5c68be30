namespace ScriptProxy.Tests.Files;

/// <summary>What the whole process allocates is measured here, so no other test may run beside it.</summary>
[CollectionDefinition("Static files' memory", DisableParallelization = true)]
public sealed class BigFileCollection;

[Collection("Static files' memory")]
public sealed class BigFileTests
{
    [Fact]
    public async Task BigFile_IsStreamedWithFlatMemory()
    {
        const long Size = 512L * 1024 * 1024;
        await using FileServer server = await FileServer.StartAsync();
        await using (FileStream file = File.Create(Path.Combine(server.Root, "big.bin")))
            file.SetLength(Size);

        using HttpResponseMessage answer = await server.Client.GetAsync("/big.bin", HttpCompletionOption.ResponseHeadersRead);
        await using Stream body = await answer.Content.ReadAsStreamAsync();
        var buffer = new byte[1 << 16];
        long allocatedBefore = GC.GetTotalAllocatedBytes();
        long received = 0;
        int read;
        while ((read = await body.ReadAsync(buffer)) > 0)
            received += read;

        Assert.Equal(Size, received);
        Assert.InRange(GC.GetTotalAllocatedBytes() - allocatedBefore, 0, Size / 8);
    }
}
