using CsCheck;
using Microsoft.Extensions.Primitives;
using ScriptProxy.Caching;
using ScriptProxy.Core.Caching;

namespace ScriptProxy.Tests.Caching;

public class MemoryStoreTests
{
    private const int OneMebibyte = 1024 * 1024;

    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    internal static StoredResponse Response(string url, int bytes = 1000, string variant = "", params string[] tags) => new()
    {
        Url = url,
        StatusCode = 200,
        Headers = [KeyValuePair.Create("Content-Type", new StringValues("text/plain"))],
        Body = StoredBody.InMemory([new byte[bytes]]),
        Vary = variant.Length == 0 ? [] : ["x"],
        Variant = variant,
        Received = Now,
        Lifetime = TimeSpan.FromMinutes(1),
        Tags = tags,
    };

    private static async Task<IReadOnlyList<StoredResponse>> FindAsync(IHttpCacheStore store, string key) => await store.FindAsync(key, CancellationToken.None);

    private static async Task<bool> PutAsync(IHttpCacheStore store, string key, StoredResponse? response = null) =>
        await store.StoreAsync(key, response ?? Response(key), store.Purges, CancellationToken.None);

    [Fact]
    public async Task Store_SameVariant_TakesItsPlace_OthersStayNewestFirst()
    {
        var store = new MemoryStore(OneMebibyte);
        await PutAsync(store, "a", Response("a", 1, "v1"));
        await PutAsync(store, "a", Response("a", 2, "v2"));
        await PutAsync(store, "a", Response("a", 3, "v1"));
        Assert.Equal([3L, 2L], (await FindAsync(store, "a")).Select(r => r.Body.Length));
        Assert.Empty(await FindAsync(store, "b"));
    }

    [Fact]
    public async Task Bytes_AreBounded_AndCountWhatIsAround()
    {
        var store = new MemoryStore(OneMebibyte);
        for (var i = 0; i < 5000; i++)
        {
            await PutAsync(store, $"key {i}", Response($"key {i}", 10));
            Assert.InRange(store.Bytes, 0, OneMebibyte);
        }

        // Ten bytes of body are the least of it.
        Assert.InRange(store.Count, 500, 2500);
    }

    [Fact]
    public async Task OneHitWonders_DoNotFlushWhatIsAskedForAgain()
    {
        var store = new MemoryStore(OneMebibyte);
        for (var i = 0; i < 100; i++)
        {
            await PutAsync(store, $"hot {i}");
        }

        for (var i = 0; i < 100_000; i++)
        {
            await FindAsync(store, $"hot {i % 100}");
            await PutAsync(store, $"once {i}");
        }

        for (var i = 0; i < 100; i++)
        {
            Assert.NotEmpty(await FindAsync(store, $"hot {i}"));
        }
    }

    [Fact]
    public async Task Large_IsNotTaken()
    {
        var store = new MemoryStore(OneMebibyte);
        Assert.False(await PutAsync(store, "a", Response("a", OneMebibyte / 2)));
        Assert.Equal(0, store.Bytes);
    }

    [Fact]
    public async Task Purge_ByUrlPrefixTagAndAll_MeetsWhatItNames()
    {
        async Task<string> LeftAsync(CachePurge purge)
        {
            var store = new MemoryStore(OneMebibyte);
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
    }

    [Fact]
    public async Task Purge_Soft_MakesStale()
    {
        var store = new MemoryStore(OneMebibyte);
        await PutAsync(store, "a");
        Assert.Equal(1, await store.PurgeAsync(CachePurge.ByUrl("a") with { Soft = true }, CancellationToken.None));
        Assert.Equal(TimeSpan.Zero, Assert.Single(await FindAsync(store, "a")).Lifetime);
    }

    [Fact]
    public async Task Purge_OfWhatIsStillFetched_IsNotForgotten()
    {
        var store = new MemoryStore(OneMebibyte);
        var before = store.Purges;
        await store.PurgeAsync(CachePurge.ByUrl("a"), CancellationToken.None);
        Assert.False(await store.StoreAsync("a", Response("a"), before, CancellationToken.None));
        Assert.True(await store.StoreAsync("b", Response("b"), before, CancellationToken.None));
        for (var i = 0; i < 1001; i++)
        {
            await store.PurgeAsync(CachePurge.ByUrl("c"), CancellationToken.None);
        }

        // Too long ago to know: then it is as if it had been met.
        Assert.False(await store.StoreAsync("d", Response("d"), before, CancellationToken.None));
    }

    [Fact]
    public async Task Variants_WithoutEnd_TheOldestGo()
    {
        var store = new MemoryStore(OneMebibyte);
        for (var i = 0; i < 1000; i++)
        {
            await PutAsync(store, "a", Response("a", 10, $"v{i}"));
        }

        Assert.Equal(MemoryStore.MostVariants, (await FindAsync(store, "a")).Count);
        Assert.InRange(store.Bytes, 1, OneMebibyte);
    }

    [Fact]
    public void RandomOperations_NeverServeWhatWasPurgedAndNeverCountWrongly() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 20], Gen.Int[1, 20_000]).Array[0, 200].Sample(steps =>
        {
            var store = new MemoryStore(64 * 1024);
            var newest = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach (var (op, key, bytes) in steps)
            {
                var k = $"k{key}";
                switch (op)
                {
                    case <= 5:
                        var stored = store.StoreAsync(k, Response(k, bytes), store.Purges, CancellationToken.None).Result;
                        Assert.Equal(stored, bytes < 15_000 || (stored && bytes < 16_384));
                        newest[k] = stored ? bytes : newest.GetValueOrDefault(k, -1);
                        break;
                    case 6:
                        store.PurgeAsync(CachePurge.ByUrl(k), CancellationToken.None).AsTask().Wait();
                        newest.Remove(k);
                        break;
                    case 7 when bytes > 19_000:
                        store.PurgeAsync(CachePurge.All, CancellationToken.None).AsTask().Wait();
                        newest.Clear();
                        Assert.Equal(0, store.Bytes);
                        break;
                    default:
                        var found = store.FindAsync(k, CancellationToken.None).Result;
                        Assert.True(found.Count == 0 || (found.Count == 1 && newest.TryGetValue(k, out var length) && length == found[0].Body.Length));
                        break;
                }

                Assert.InRange(store.Bytes, 0, 64 * 1024);
                Assert.Equal(store.Count == 0, store.Bytes == 0);
            }
        });
}
