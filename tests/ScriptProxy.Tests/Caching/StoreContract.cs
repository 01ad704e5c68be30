using System.IO.Pipelines;
using Microsoft.Extensions.Primitives;
using ScriptProxy.Caching;

namespace ScriptProxy.Tests.Caching;

/// <summary>What every <see cref="IHttpCacheStore"/> promises. A new store derives one class from it.</summary>
public abstract class StoreContract
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly byte[] Some = [.. Enumerable.Range(0, 2 * 1024 * 1024).Select(i => (byte)((i * 7) ^ (i >> 8)))];

    /// <summary>An empty one with room for a few megabytes.</summary>
    protected abstract IHttpCacheStore Make();

    internal static StoredResponse Response(string url, int bytes = 1000, string variant = "", params string[] tags) => new()
    {
        Url = url,
        StatusCode = 200,
        Headers = [KeyValuePair.Create("Content-Type", new StringValues("text/plain"))],
        Body = StoredBody.InMemory(Segments(bytes)),
        Vary = variant.Length == 0 ? [] : ["x"],
        Variant = variant,
        Received = Now,
        Lifetime = TimeSpan.FromMinutes(1),
        Tags = tags,
    };

    /// <summary>Bytes that differ from place to place.</summary>
    internal static byte[] Bytes(int count) => Some[..count];

    private static List<ReadOnlyMemory<byte>> Segments(int count)
    {
        var segments = new List<ReadOnlyMemory<byte>>();
        for (var at = 0; at < count; at += 50_000)
        {
            segments.Add(Some.AsMemory(at, Math.Min(50_000, count - at)));
        }

        return segments;
    }

    internal static async Task<IReadOnlyList<StoredResponse>> FindAsync(IHttpCacheStore store, string key) => await store.FindAsync(key, CancellationToken.None);

    internal static async Task<bool> PutAsync(IHttpCacheStore store, string key, StoredResponse? response = null) =>
        await store.StoreAsync(key, response ?? Response(key), store.Purges, CancellationToken.None);

    internal static async Task<byte[]> ReadAsync(StoredBody body, long first = 0, long? count = null)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await body.WriteAsync(pipe.Writer, first, count ?? (body.Length - first), CancellationToken.None);
        await pipe.Writer.CompleteAsync();
        using var read = new MemoryStream();
        await pipe.Reader.CopyToAsync(read);
        return read.ToArray();
    }

    /// <summary>What this process has open in a folder.</summary>
    internal static List<string> OpenFiles(string folder)
    {
        var found = new List<string>();
        foreach (var handle in Directory.GetFiles("/proc/self/fd"))
        {
            try
            {
                if (File.ResolveLinkTarget(handle, returnFinalTarget: false) is { } target && target.FullName.StartsWith(folder, StringComparison.Ordinal))
                {
                    found.Add(target.FullName);
                }
            }
            catch (IOException)
            {
                // Another test has closed it.
            }
        }

        return found;
    }

    [Fact]
    public async Task Find_WhatWasStored_IsAllThere()
    {
        var store = Make();
        var stored = Response("http://a/ü?x=1", 70_000, "x=1\n", "t1", "t2") with
        {
            StatusCode = 404,
            Headers = [KeyValuePair.Create("A", new StringValues(["1", "2"])), KeyValuePair.Create("B", new StringValues("")), KeyValuePair.Create("Ü", new StringValues("ö\"\\"))],
            InitialAge = TimeSpan.FromSeconds(3.5),
            Grace = TimeSpan.FromSeconds(4),
            Keep = TimeSpan.FromSeconds(5),
            AlwaysValidate = true,
            ForbidsStale = true,
            Reason = "max-age",
        };
        Assert.True(await PutAsync(store, "key", stored));
        var found = Assert.Single(await FindAsync(store, "key"));
        Assert.Equal(stored.Headers, found.Headers);
        Assert.Equal(stored.Vary, found.Vary);
        Assert.Equal(stored.Tags, found.Tags);
        Assert.Equal(stored, found with { Headers = stored.Headers, Vary = stored.Vary, Tags = stored.Tags, Body = stored.Body, Size = stored.Size });
        Assert.Equal(Bytes(70_000), await ReadAsync(found.Body));
        Assert.Equal(Bytes(70_000)[65_000..66_000], await ReadAsync(found.Body, 65_000, 1000));
        Assert.Empty(await FindAsync(store, "other"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_536)]
    [InlineData(700_000)]
    public async Task Body_OfAnyLength_ComesBack(int length)
    {
        var store = Make();
        await PutAsync(store, "a", Response("a", length));
        var found = Assert.Single(await FindAsync(store, "a"));
        Assert.Equal(length, found.Body.Length);
        Assert.Equal(Bytes(length), await ReadAsync(found.Body));
    }

    [Fact]
    public async Task Store_SameVariant_TakesItsPlace_OthersStayNewestFirst()
    {
        var store = Make();
        await PutAsync(store, "a", Response("a", 1, "v1"));
        await PutAsync(store, "a", Response("a", 2, "v2") with { Received = Now + TimeSpan.FromSeconds(1) });
        await PutAsync(store, "a", Response("a", 3, "v1") with { Received = Now + TimeSpan.FromSeconds(2) });
        Assert.Equal([3L, 2L], (await FindAsync(store, "a")).Select(r => r.Body.Length));
    }

    [Fact]
    public async Task Purge_ByUrlPrefixTagAndAll_MeetsWhatItNames()
    {
        async Task<string> LeftAsync(CachePurge purge)
        {
            var store = Make();
            await PutAsync(store, "http://a/1", Response("http://a/1", 1, "v1", "red"));
            await PutAsync(store, "http://a/1", Response("http://a/1", 1, "v2"));
            await PutAsync(store, "key:own", Response("http://a/1", 1, "", "blue"));
            await PutAsync(store, "http://a/12", Response("http://a/12", 1, "", "red", "blue"));
            await PutAsync(store, "http://b/1", Response("http://b/1"));
            var met = await store.PurgeAsync(purge, CancellationToken.None);
            var left = 0;
            foreach (var key in new[] { "http://a/1", "key:own", "http://a/12", "http://b/1" })
            {
                left = (left * 10) + (await FindAsync(store, key)).Count;
            }

            return $"{met}: {left}";
        }

        Assert.Equal("3: 11", await LeftAsync(CachePurge.ByUrl("http://a/1")));
        Assert.Equal("4: 1", await LeftAsync(CachePurge.ByPrefix("http://a/")));
        Assert.Equal("2: 1101", await LeftAsync(CachePurge.ByTag("red")));
        Assert.Equal("5: 0", await LeftAsync(CachePurge.All));
        Assert.Equal("0: 2111", await LeftAsync(CachePurge.ByTag("RED")));
        Assert.Equal("1: 2011", await LeftAsync(CachePurge.Of("http://a/1", null, "blue")));
    }

    [Fact]
    public async Task Purge_Soft_MakesStale()
    {
        var store = Make();
        await PutAsync(store, "a");
        await PutAsync(store, "b");
        Assert.Equal(1, await store.PurgeAsync(CachePurge.ByUrl("a") with { Soft = true }, CancellationToken.None));

        // Its freshness ends at the age that it has at the moment of the purge, or, where the store does not know that any more, at none.
        var stale = Assert.Single(await FindAsync(store, "a"));
        Assert.Equal((true, true), (stale.SoftlyPurged, stale.Lifetime <= stale.Age(DateTimeOffset.UtcNow)));
        var other = Assert.Single(await FindAsync(store, "b"));
        Assert.Equal((false, TimeSpan.FromMinutes(1)), (other.SoftlyPurged, other.Lifetime));
        await PutAsync(store, "a");
        var anew = Assert.Single(await FindAsync(store, "a"));
        Assert.Equal((false, TimeSpan.FromMinutes(1)), (anew.SoftlyPurged, anew.Lifetime));
    }

    [Fact]
    public async Task Purge_OfWhatIsStillFetched_IsNotForgotten()
    {
        var store = Make();
        var before = store.Purges;
        await store.PurgeAsync(CachePurge.ByUrl("a"), CancellationToken.None);
        Assert.False(await store.StoreAsync("a", Response("a"), before, CancellationToken.None));
        Assert.Empty(await FindAsync(store, "a"));
        Assert.True(await store.StoreAsync("b", Response("b"), before, CancellationToken.None));
        Assert.True(await PutAsync(store, "a"));
    }

    [Fact]
    public async Task Everything_AtOnce_ServesWholeAnswersOnly()
    {
        var store = Make();
        await Parallel.ForAsync(0, 400, async (i, stop) =>
        {
            var key = $"k{i % 7}";
            switch (i % 10)
            {
                case < 4:
                    await PutAsync(store, key, Response(key, 300 + (i % 7)));
                    break;
                case 9 when i % 3 == 0:
                    await store.PurgeAsync(CachePurge.ByUrl(key), stop);
                    break;
                default:
                    foreach (var found in await FindAsync(store, key))
                    {
                        Assert.Equal(key, found.Url);
                        Assert.Equal(Bytes((int)found.Body.Length), await ReadAsync(found.Body));
                    }

                    break;
            }
        });
    }
}
