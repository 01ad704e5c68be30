using CsCheck;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Caching;
using ScriptProxy.Core.Caching;

namespace ScriptProxy.Tests.Caching;

public class MemoryStoreTests : StoreContract
{
    private const int OneMebibyte = 1024 * 1024;

    protected override IHttpCacheStore Make() => new MemoryStore(8 * OneMebibyte);

    [Fact]
    public async Task Purges_TooManyToRemember_AreTakenForOneThatMetIt()
    {
        var store = Make();
        var before = store.Purges;
        for (var i = 0; i < 1001; i++)
        {
            await store.PurgeAsync(CachePurge.ByUrl("c"), CancellationToken.None);
        }

        Assert.False(await store.StoreAsync("d", Response("d"), before, CancellationToken.None));
    }

    [Theory]
    [InlineData(20, 20)]
    [InlineData(70, 60)]
    public async Task Purge_Soft_EndsFreshnessAtThatMoment(int after, int lifetime)
    {
        var time = new FakeTimeProvider(Response("a").Received);
        var store = new MemoryStore(OneMebibyte, time);
        await PutAsync(store, "a");
        time.Advance(TimeSpan.FromSeconds(after));
        await store.PurgeAsync(CachePurge.ByUrl("a") with { Soft = true }, CancellationToken.None);
        Assert.Equal(TimeSpan.FromSeconds(lifetime), Assert.Single(await FindAsync(store, "a")).Lifetime);
    }

    [Fact]
    public async Task OtherKeys_OfAUrl_AreKnownUntilTheyGo()
    {
        var store = Make();
        await PutAsync(store, "u");
        await PutAsync(store, "key:1", Response("u"));
        await PutAsync(store, "key:2", Response("u", 1, "", "t"));
        await PutAsync(store, "key:3", Response("other"));
        Assert.Equal(["key:1", "key:2"], (await store.OtherKeysAsync("u", CancellationToken.None)).Order(StringComparer.Ordinal));
        await store.PurgeAsync(CachePurge.ByTag("t"), CancellationToken.None);
        Assert.Equal(["key:1"], await store.OtherKeysAsync("u", CancellationToken.None));
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
