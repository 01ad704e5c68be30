using System.IO.Pipelines;
using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Caching;
using ScriptProxy.Core.Caching;
using ScriptProxy.Tests.Harness;
using static ScriptProxy.Tests.Caching.StoreContract;

namespace ScriptProxy.Tests.Caching;

/// <summary>Disks that lose, change and refuse things, and answers that go while they are being sent.</summary>
public sealed class DiskFaultTests : IDisposable
{
    private const int OneMebibyte = 1024 * 1024;

    private readonly TestFolder _folder = new();
    private readonly List<DiskStore> _open = [];
    private readonly LogLines _log = new();
    private readonly FakeTimeProvider _time = new();
    private int _folders;

    private string Files => Path.Combine(_folder.Root, "d", "v1");

    public void Dispose()
    {
        _open.ForEach(s => s.Dispose());
        _folder.Dispose();
    }

    private DiskStore Open(string? folder = null, long capacity = 100 * OneMebibyte)
    {
        var store = new DiskStore(folder ?? _folder.PathOf("d"), capacity, _time, _log.CreateLogger(""));
        _open.Add(store);
        return store;
    }

    private async Task<DiskStore> ReopenAsync(DiskStore store)
    {
        _open.Remove(store);
        store.Dispose();
        await store.Indexed;
        return Open();
    }

    private string[] Paths() => Directory.GetFiles(Files, "*", SearchOption.AllDirectories);

    private int Warnings => _log.All.Count(l => l.Contains("cannot be written to", StringComparison.Ordinal));

    [Fact]
    public void File_WithAnythingWrongAnywhere_IsRightOrNotThere() =>
        Gen.Select(
            Gen.Int[0, 6].Select(i => new[] { 0, 1, 300, 65_536, 70_000, 262_145, 300_000 }[i]),
            Gen.Int[0, 2],
            Gen.Select(Gen.Int[0, 3], Gen.Double[0, 1], Gen.Byte[1, 255]).Array[1, 3],
            Gen.Bool).Sample((length, stale, wrongs, restart) => CheckAsync(length, stale, wrongs, restart).GetAwaiter().GetResult(), iter: 300, threads: 1);

    private async Task CheckAsync(int length, int stale, (int How, double Where, byte Bits)[] wrongs, bool restart)
    {
        var folder = _folder.PathOf($"p{_folders++}");
        var stored = Response("a", length, "", "t") with { Lifetime = TimeSpan.FromMinutes(5) };
        var store = new DiskStore(folder, 100 * OneMebibyte, _time, NullLogger.Instance);
        await store.Indexed;
        await PutAsync(store, "a", stored);
        if (stale == 1)
        {
            await store.PurgeAsync(CachePurge.ByTag("t") with { Soft = true }, CancellationToken.None);
        }

        var path = Assert.Single(Directory.GetFiles(folder, "*-*", SearchOption.AllDirectories));
        var bytes = (await File.ReadAllBytesAsync(path)).ToList();
        foreach (var (how, where, bits) in wrongs)
        {
            var at = (int)(where * bytes.Count);
            switch (how)
            {
                case 0 when at < bytes.Count:
                    bytes[at] ^= bits;
                    break;
                case 1 when bytes.Count > 0:
                    // Where nearly all that matters is.
                    bytes[at % Math.Min(bytes.Count, 60)] ^= bits;
                    break;
                case 2:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, Enumerable.Repeat(bits, bits));
                    break;
            }
        }

        if (restart)
        {
            store.Dispose();
        }

        await File.WriteAllBytesAsync(path, [.. bytes]);
        if (restart)
        {
            store = new DiskStore(folder, 100 * OneMebibyte, _time, NullLogger.Instance);
        }

        try
        {
            foreach (var found in await FindAsync(store, "a"))
            {
                Assert.Equal(stale == 1 ? TimeSpan.Zero : TimeSpan.FromMinutes(5), found.Lifetime);
                Assert.Equal("a", found.Url);
                byte[] read;
                try
                {
                    read = await ReadAsync(found.Body);
                }
                catch (IOException) when (!restart && found.Body.IsBroken)
                {
                    // Written by this process and changed since: broken off, once.
                    continue;
                }

                Assert.Equal(Bytes(length), read);
            }
        }
        finally
        {
            store.Dispose();
            await store.Indexed;
        }
    }

    [Fact]
    public async Task LargeBody_DamagedBeforeARestart_IsNotThere()
    {
        var store = Open();
        await PutAsync(store, "a", Response("a", OneMebibyte));
        using (var file = File.OpenHandle(Assert.Single(Paths()), FileMode.Open, FileAccess.Write))
        {
            RandomAccess.Write(file, [0xFF], RandomAccess.GetLength(file) - 1000);
        }

        store = await ReopenAsync(store);
        Assert.Empty(await FindAsync(store, "a"));
        Assert.Empty(Paths());
    }

    [Theory]
    [InlineData("evicted")]
    [InlineData("replaced")]
    [InlineData("purged")]
    [InlineData("too large")]
    public async Task LargeBody_GoneWhileItIsSent_IsSentToItsEnd(string how)
    {
        var store = Open(capacity: 4 * OneMebibyte);
        await PutAsync(store, "a", Response("a", OneMebibyte));
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 100_000, resumeWriterThreshold: 1));
        var begun = Assert.Single(await FindAsync(store, "a")).Body;
        var found = Assert.Single(await FindAsync(store, "a")).Body;
        var sending = begun.WriteAsync(pipe.Writer, 0, OneMebibyte, CancellationToken.None).AsTask();
        var some = await pipe.Reader.ReadAtLeastAsync(100_000);
        Assert.False(sending.IsCompleted);
        var other = Bytes(OneMebibyte);
        Array.Reverse(other);
        switch (how)
        {
            case "evicted":
                for (var i = 0; i < 6; i++)
                {
                    await PutAsync(store, $"b{i}", Response($"b{i}", OneMebibyte - 1000));
                }

                break;
            case "replaced":
                // All but the body the same.
                await PutAsync(store, "a", Response("a", OneMebibyte) with { Body = StoredBody.InMemory([other]) });
                break;
            case "purged":
                await store.PurgeAsync(CachePurge.ByUrl("a"), CancellationToken.None);
                break;
            default:
                Assert.False(await PutAsync(store, "a", Response("a", 2 * OneMebibyte)));
                break;
        }

        pipe.Reader.AdvanceTo(some.Buffer.Start);
        var reading = Task.Run(async () =>
        {
            using var read = new MemoryStream();
            await pipe.Reader.CopyToAsync(read);
            return read.ToArray();
        });
        await sending;
        await pipe.Writer.CompleteAsync();
        Assert.Equal(Bytes(OneMebibyte), await reading);
        Assert.Equal(Bytes(OneMebibyte), await ReadAsync(found));
        var now = await FindAsync(store, "a");
        Assert.Equal(how == "replaced" ? 1 : 0, now.Count);
        Assert.All(now, r => Assert.Equal(other, ReadAsync(r.Body).GetAwaiter().GetResult()));
    }

    [Fact]
    public async Task Handles_ManyReadsWritesAndEvictions_AreClosedOnceNobodyReads()
    {
        var store = Open(capacity: 8 * OneMebibyte);
        await store.Indexed;
        await Parallel.ForAsync(0, 300, async (i, _) =>
        {
            var key = $"k{i % 30}";
            await PutAsync(store, key, Response(key, 400_000));
            foreach (var found in await FindAsync(store, $"k{i * 7 % 30}"))
            {
                Assert.Equal(Bytes(400_000), await ReadAsync(found.Body));
            }
        });
        await TestGateway.WaitAsync(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return OpenFiles(Files).Count == 0;
        });
        Assert.InRange(store.Bytes, 1, 8 * OneMebibyte);
        Assert.Equal(store.Bytes, Paths().Sum(f => new FileInfo(f).Length));
    }

    [Fact]
    public async Task Store_GivenUpOrUnreadable_LeavesNothingBehind_AndTheDiskIsNotBlamed()
    {
        var store = Open();
        await PutAsync(store, "a", Response("a", 10));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PutAsync(store, "a", Response("a") with { Body = new FailingBody(new OperationCanceledException()) }));
        Assert.Empty(Paths());
        Assert.False(await PutAsync(store, "a", Response("a") with { Body = new FailingBody(new IOException("damaged")) }));
        Assert.Empty(Paths());
        Assert.Empty(await FindAsync(store, "a"));
        Assert.Equal(0, Warnings);
        Assert.True(await PutAsync(store, "a"));
    }

    [Fact]
    public async Task Index_WhileItIsMade_WhatIsPurgedIsGoneAndStaysGone()
    {
        var store = Open();
        foreach (var key in new[] { "http://a/1", "http://a/2", "http://a/3", "http://a/4" })
        {
            await PutAsync(store, key, Response(key, 300, "", key[^1..]));
        }

        await PutAsync(store, "key:own", Response("http://a/1", 300));
        var pipe = Path.Combine(Files, "hangs-1");
        (await Programs.RunAsync(Programs.Require("mkfifo"), [pipe])).Success();
        store = await ReopenAsync(store);
        Assert.Single(await FindAsync(store, "http://a/4"));
        Assert.InRange(await store.PurgeAsync(CachePurge.ByUrl("http://a/1"), CancellationToken.None), 1, 2);
        Assert.Empty(await FindAsync(store, "http://a/1"));
        Assert.Empty(await FindAsync(store, "key:own"));
        var byTag = store.PurgeAsync(CachePurge.ByTag("2"), CancellationToken.None).AsTask();
        var soft = store.PurgeAsync(CachePurge.ByTag("3") with { Soft = true }, CancellationToken.None).AsTask();
        Assert.Empty(await FindAsync(store, "http://a/2"));
        Assert.Equal(TimeSpan.Zero, Assert.Single(await FindAsync(store, "http://a/3")).Lifetime);
        Assert.True(await PutAsync(store, "http://a/2", Response("http://a/2", 77, "", "2")));
        Assert.False(store.Indexed.IsCompleted);
        Assert.False(byTag.IsCompleted);
        await using (File.Open(pipe, FileMode.Open, FileAccess.Write))
        {
            // The index reads on.
        }

        await store.Indexed;
        Assert.Equal((1, 1), (await byTag, await soft));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(
                "0 0 1 1 1",
                string.Join(' ', (await Task.WhenAll(new[] { "http://a/1", "key:own", "http://a/2", "http://a/3", "http://a/4" }.Select(k => FindAsync(store, k)))).Select(f => f.Count)));
            Assert.Equal(77, Assert.Single(await FindAsync(store, "http://a/2")).Body.Length);
            Assert.Equal(TimeSpan.Zero, Assert.Single(await FindAsync(store, "http://a/3")).Lifetime);
            store = await ReopenAsync(store);
            await store.Indexed;
        }

        Assert.Equal(3, Paths().Length);
    }

    [Fact]
    public async Task DiskFull_OneWarningAndNothingIsStored_UntilThereIsRoomAgain()
    {
        await using var disk = await SmallDisk.MountAsync(_folder.PathOf("small"), "1m");
        var store = Open(Path.Combine(disk.Folder, "cache"));
        await store.Indexed;
        var filler = Path.Combine(disk.Folder, "filler");
        for (var outage = 1; outage <= 2; outage++)
        {
            await PutAsync(store, "old", Response("old", 1000));
            Fill(filler);
            var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => PutAsync(store, i == 0 ? "old" : $"k{i}", Response($"k{i}", 50_000))));
            Assert.All(all, Assert.False);
            Assert.Equal(outage, Warnings);
            Assert.Empty(await FindAsync(store, "old"));
            _time.Advance(TimeSpan.FromMinutes(2));
            Assert.False(await PutAsync(store, "new", Response("new", 50_000)));
            Assert.Equal(outage, Warnings);
            Assert.Empty(Directory.GetFiles(disk.Folder, "tmp-*", SearchOption.AllDirectories));
            File.Delete(filler);
            Assert.False(await PutAsync(store, "a", Response("a", 50_000)));
            _time.Advance(TimeSpan.FromMinutes(2));
            Assert.True(await PutAsync(store, "a", Response("a", 50_000)));
            Assert.Equal(Bytes(50_000), await ReadAsync(Assert.Single(await FindAsync(store, "a")).Body));
            Assert.Equal(outage, _log.All.Count(l => l.Contains("written to again", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task DiskBecomesReadOnly_WhatIsThereIsServed_WhatIsPurgedIsNot()
    {
        await using var disk = await SmallDisk.MountAsync(_folder.PathOf("small"), "1m");
        var store = Open(Path.Combine(disk.Folder, "cache"));
        await store.Indexed;
        foreach (var key in new[] { "a", "b", "c" })
        {
            await PutAsync(store, key, Response(key, 1000));
        }

        await using var readOnly = await SmallDisk.SealAsync(Path.Combine(disk.Folder, "cache", "v1"));
        Assert.False(await PutAsync(store, "d"));
        Assert.False(await PutAsync(store, "e"));
        Assert.Equal(1, Warnings);
        Assert.Equal(Bytes(1000), await ReadAsync(Assert.Single(await FindAsync(store, "a")).Body));
        Assert.Equal(1, await store.PurgeAsync(CachePurge.ByUrl("b"), CancellationToken.None));
        Assert.Equal(1, await store.PurgeAsync(CachePurge.ByUrl("c") with { Soft = true }, CancellationToken.None));
        Assert.Empty(await FindAsync(store, "b"));
        Assert.Empty(await FindAsync(store, "c"));
    }

    private static void Fill(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            while (true)
            {
                file.Write(new byte[4096]);
            }
        }
        catch (IOException)
        {
            // It is full.
        }
    }

    private sealed class FailingBody(Exception error) : StoredBody
    {
        public override long Length => 1000;

        public override bool IsBroken => error is IOException;

        public override ValueTask WriteAsync(PipeWriter writer, long first, long count, CancellationToken stop) => throw error;
    }

    /// <summary>A file system in memory, which only root may mount.</summary>
    private sealed class SmallDisk : IAsyncDisposable
    {
        private SmallDisk(string folder) => Folder = folder;

        internal string Folder { get; }

        internal static async Task<SmallDisk> MountAsync(string folder, string size)
        {
            Directory.CreateDirectory(folder);
            var mounted = await Programs.RunAsync(Programs.Require("mount"), ["-t", "tmpfs", "-o", $"size={size}", "tmpfs", folder]);
            Assert.SkipUnless(mounted.ExitCode == 0, $"nothing can be mounted here: {mounted.Error}");
            return new SmallDisk(folder);
        }

        /// <summary>A folder that nobody can write to, not even root.</summary>
        internal static async Task<SmallDisk> SealAsync(string folder)
        {
            (await Programs.RunAsync(Programs.Require("mount"), ["--bind", folder, folder])).Success();
            var sealedDisk = new SmallDisk(folder);
            (await Programs.RunAsync(Programs.Require("mount"), ["-o", "remount,bind,ro", folder])).Success();
            return sealedDisk;
        }

        public async ValueTask DisposeAsync() => await Programs.RunAsync(Programs.Require("umount"), ["-l", Folder]);
    }
}
