using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Caching;
using ScriptProxy.Core.Caching;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Caching;

public sealed class DiskStoreTests : StoreContract, IDisposable
{
    private const int OneMebibyte = 1024 * 1024;

    private readonly TestFolder _folder = new();
    private readonly List<DiskStore> _open = [];

    protected override IHttpCacheStore Make() => Open(Path.Combine(_folder.Root, $"{_open.Count}"));

    public void Dispose()
    {
        _open.ForEach(s => s.Dispose());
        _folder.Dispose();
    }

    private DiskStore Open(string folder, long capacity = 100 * OneMebibyte)
    {
        var store = new DiskStore(folder, capacity, new FakeTimeProvider(), NullLogger.Instance);
        _open.Add(store);
        return store;
    }

    private async Task<DiskStore> ReopenAsync(DiskStore store, string folder, bool indexed = true)
    {
        _open.Remove(store);
        store.Dispose();
        var again = Open(folder);
        if (indexed)
        {
            await again.Indexed;
        }

        return again;
    }

    private static string OnlyFile(string folder) => Assert.Single(Directory.GetFiles(Path.Combine(folder, "v1"), "*", SearchOption.AllDirectories));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Restart_WhatWasStored_IsServedAgain(bool indexed)
    {
        var folder = _folder.PathOf("d");
        var store = Open(folder);
        await PutAsync(store, "a", Response("a", 1, "v1", "t"));
        await PutAsync(store, "a", Response("a", 2, "v2"));
        store = await ReopenAsync(store, folder, indexed);
        Assert.Equal(2, (await FindAsync(store, "a")).Count);
        Assert.Equal(1, await store.PurgeAsync(CachePurge.ByTag("t"), CancellationToken.None));
        store = await ReopenAsync(store, folder, indexed);
        Assert.Equal(2, Assert.Single(await FindAsync(store, "a")).Body.Length);
    }

    [Fact]
    public async Task Restart_WhatWasMadeStale_StaysStale()
    {
        var folder = _folder.PathOf("d");
        var store = Open(folder);
        await PutAsync(store, "a");
        await store.PurgeAsync(CachePurge.All with { Soft = true }, CancellationToken.None);
        store = await ReopenAsync(store, folder);
        Assert.Equal(TimeSpan.Zero, Assert.Single(await FindAsync(store, "a")).Lifetime);
    }

    [Fact]
    public async Task Restart_WhatSomebodyWasKilledOver_IsTakenAway()
    {
        var folder = _folder.PathOf("d");
        var store = Open(folder);
        await PutAsync(store, "a");
        var half = Path.Combine(Path.GetDirectoryName(OnlyFile(folder))!, "tmp-old-1");
        File.WriteAllText(half, "half");
        store = await ReopenAsync(store, folder);
        Assert.False(File.Exists(half));
        Assert.Single(await FindAsync(store, "a"));
    }

    [Fact]
    public async Task File_CutAnywhereOrWithAWrongByte_IsNotThere()
    {
        var folder = _folder.PathOf("d");
        var store = Open(folder);
        await PutAsync(store, "a", Response("a", 300));
        var path = OnlyFile(folder);
        var good = await File.ReadAllBytesAsync(path);
        for (var i = 0; i < good.Length; i += 7)
        {
            foreach (var bad in new[] { good[..i], [.. good[..i], (byte)(good[i] ^ 0x41), .. good[(i + 1)..]] })
            {
                await PutAsync(store, "a", Response("a", 300));
                await File.WriteAllBytesAsync(path, bad);
                Assert.Empty(await FindAsync(store, "a"));
                Assert.False(File.Exists(path));
                Assert.Equal((0, 0L), (store.Count, store.Bytes));
            }
        }

        await PutAsync(store, "a", Response("a", 300));
        await File.WriteAllBytesAsync(path, [.. good, 0]);
        Assert.Empty(await FindAsync(store, "a"));
    }

    [Fact]
    public async Task LargeBody_WithAWrongByte_BreaksOffBeforeIt()
    {
        var folder = _folder.PathOf("d");
        var store = Open(folder);
        await PutAsync(store, "a", Response("a", OneMebibyte));
        var path = OnlyFile(folder);
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write))
        {
            RandomAccess.Write(file, [0xFF], RandomAccess.GetLength(file) - (8 * 16) - 1);
        }

        var body = Assert.Single(await FindAsync(store, "a")).Body;
        Assert.Equal(Bytes(OneMebibyte)[..900_000], await ReadAsync(body, 0, 900_000));
        await Assert.ThrowsAsync<IOException>(() => ReadAsync(body));
    }

    [Fact]
    public async Task Bytes_AreBounded_TheLeastUsedGoFirst()
    {
        var folder = _folder.PathOf("d");
        var store = Open(folder, OneMebibyte);
        for (var i = 0; i < 50; i++)
        {
            await PutAsync(store, $"k{i}", Response($"k{i}", 100_000));
            await FindAsync(store, "k0");
            Assert.InRange(store.Bytes, 0, OneMebibyte);
        }

        Assert.Single(await FindAsync(store, "k0"));
        Assert.Single(await FindAsync(store, "k49"));
        Assert.Empty(await FindAsync(store, "k10"));
        Assert.Equal(store.Count, Directory.GetFiles(Path.Combine(folder, "v1"), "*", SearchOption.AllDirectories).Length);
        Assert.Equal(store.Bytes, new DirectoryInfo(Path.Combine(folder, "v1")).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length));
    }

    [Fact]
    public async Task Folder_CannotBeWrittenTo_OneWarningAndNothingIsStored()
    {
        var folder = _folder.PathOf("d");
        var log = new LogLines();
        var time = new FakeTimeProvider();
        using var store = new DiskStore(folder, OneMebibyte, time, log.CreateLogger(""));
        await store.Indexed;
        Directory.Delete(Path.Combine(folder, "v1"));
        File.WriteAllText(Path.Combine(folder, "v1"), "in the way");
        for (var i = 0; i < 3; i++)
        {
            Assert.False(await PutAsync(store, "a"));
        }

        Assert.Single(log.All, l => l.Contains("cannot be written to", StringComparison.Ordinal));
        File.Delete(Path.Combine(folder, "v1"));
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.True(await PutAsync(store, "a"));
    }

    [Fact]
    public void Folder_OfAnotherGateway_IsRefused()
    {
        Open(_folder.PathOf("d"));
        Assert.ThrowsAny<IOException>(() => Open(_folder.PathOf("d")));
    }

    [Fact]
    public async Task Handles_AreAllClosed()
    {
        var store = Open(_folder.PathOf("d"));
        await PutAsync(store, "a", Response("a", OneMebibyte));
        for (var i = 0; i < 20; i++)
        {
            await ReadAsync(Assert.Single(await FindAsync(store, "a")).Body, 0, 10);
        }

        Assert.Empty(StoreContract.OpenFiles($"{_folder.Root}/d/v1"));
    }
}

public sealed class LayeredStoreTests : StoreContract, IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly List<DiskStore> _open = [];

    protected override IHttpCacheStore Make() => Over(new MemoryStore(1024 * 1024));

    public void Dispose()
    {
        _open.ForEach(s => s.Dispose());
        _folder.Dispose();
    }

    private LayeredStore Over(IHttpCacheStore upper)
    {
        var disk = new DiskStore(_folder.PathOf($"{_open.Count}"), 100 * 1024 * 1024, new FakeTimeProvider(), NullLogger.Instance);
        _open.Add(disk);
        return new LayeredStore(upper, disk);
    }

    [Fact]
    public async Task Find_WhatOnlyTheLowerHas_ComesUp()
    {
        var memory = new MemoryStore(1024 * 1024);
        var store = Over(memory);
        await PutAsync(store.Lower, "a", Response("a", 1, "v1"));
        await PutAsync(store.Lower, "a", Response("a", 2, "v2"));
        await PutAsync(store, "a", Response("a", 3, "v3"));
        Assert.Equal(3, (await FindAsync(memory, "a")).Count);
        await store.PurgeAsync(CachePurge.All, CancellationToken.None);
        Assert.Empty(await FindAsync(memory, "a"));
        Assert.Empty(await FindAsync(store, "a"));
    }
}
