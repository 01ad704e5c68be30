using Microsoft.Extensions.Logging.Abstractions;
using ScriptProxy.Caching;
using ScriptProxy.Core.Caching;
using ScriptProxy.Core.Caching.Redis;
using ScriptProxy.Core.Redis;
using ScriptProxy.Tests.Caching;
using ScriptProxy.Tests.Harness;
using StackExchange.Redis;

namespace ScriptProxy.Tests.Redis;

/// <summary>A gateway's own answers over Redis, seen from one or two gateways.</summary>
public sealed class RedisLevelTests : StoreContract, IAsyncLifetime
{
    private readonly List<IDisposable> _open = [];
    private readonly LogLines _log = new();
    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _open.ForEach(o => o.Dispose());
        await _redis.DisposeAsync();
    }

    protected override IHttpCacheStore Make()
    {
        using (var admin = ConnectionMultiplexer.Connect(_redis.Address + ",allowAdmin=true"))
        {
            admin.GetServers().Single().FlushAllDatabases();
        }

        var level = Level();
        TestGateway.WaitAsync(() => level.IsInStep).GetAwaiter().GetResult();
        return level;
    }

    private RedisLevel Level(IHttpCacheStore? own = null, string? note = null, string? address = null)
    {
        var connection = new RedisConnection(address ?? _redis.Address, TimeProvider.System, NullLogger.Instance);
        var level = new RedisLevel(own ?? new MemoryStore(64 * 1024 * 1024), connection, TimeProvider.System, NullLogger.Instance, note);
        _open.Add(level);
        _open.Add(connection);
        return level;
    }

    private async Task<RedisLevel> InStepAsync(IHttpCacheStore? own = null, string? note = null)
    {
        var level = Level(own, note);
        await TestGateway.WaitAsync(() => level.IsInStep);
        return level;
    }

    private static StoredResponse Now(string url, int bytes = 1000, string variant = "", params string[] tags) =>
        Response(url, bytes, variant, tags) with { Received = TimeProvider.System.GetUtcNow() };

    private static async Task PutAndSettleAsync(RedisLevel level, string key, StoredResponse? response = null)
    {
        Assert.True(await PutAsync(level, key, response ?? Now(key)));
        await level.Settled;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(RedisEntries.Piece)]
    [InlineData(RedisEntries.Piece + 1)]
    [InlineData(2 * 1024 * 1024)]
    public async Task Store_OnOneGateway_IsFoundWholeOnAnother(int bytes)
    {
        var (one, other) = (await InStepAsync(), await InStepAsync());
        var stored = Now("http://a/ü?x=1", bytes, "x=1\n", "t1", "t2") with { Grace = TimeSpan.FromSeconds(4), Keep = TimeSpan.FromSeconds(5), Reason = "max-age" };
        await PutAndSettleAsync(one, "key", stored);
        var found = Assert.Single(await FindAsync(other, "key"));
        Assert.Equal(stored, found with { Headers = stored.Headers, Vary = stored.Vary, Tags = stored.Tags, Body = stored.Body, Size = stored.Size });
        Assert.Equal(Bytes(bytes), await ReadAsync(found.Body));
    }

    [Fact]
    public async Task Find_FreshHere_DoesNotAskRedis()
    {
        var level = await InStepAsync();
        await PutAndSettleAsync(level, "a");
        await _redis.KillAsync();
        Assert.True(level.FindAsync("a", CancellationToken.None) is { IsCompletedSuccessfully: true, Result.Count: 1 });
    }

    [Fact]
    public async Task Find_StaleHere_TakesTheNewerOfAnotherGateway()
    {
        var (one, other) = (await InStepAsync(), await InStepAsync());
        await PutAndSettleAsync(one, "a", Now("a", 1) with { Lifetime = TimeSpan.Zero, Keep = TimeSpan.FromHours(1) });
        await PutAndSettleAsync(other, "a", Now("a", 2));
        Assert.Equal(2, (await FindAsync(one, "a"))[0].Body.Length);
    }

    [Fact]
    public async Task Variants_StoredByTwoGatewaysAtOnce_AreAllThere()
    {
        var (one, other, third) = (await InStepAsync(), await InStepAsync(), await InStepAsync());
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => PutAsync(i % 2 == 0 ? one : other, "a", Now("a", i + 1, $"v{i}"))));
        await Task.WhenAll(one.Settled, other.Settled);
        Assert.Equal(20, (await FindAsync(third, "a")).Count);
    }

    [Fact]
    public async Task Variants_WithLargeBodies_AreReadAsTheyAreSent()
    {
        var (one, other) = (await InStepAsync(), await InStepAsync());
        await PutAndSettleAsync(one, "a", Now("a", 1_500_000, "v1"));
        await PutAndSettleAsync(one, "a", Now("a", 1_400_000, "v2"));
        var found = await FindAsync(other, "a");
        Assert.Equal([1_400_000L, 1_500_000L], found.Select(f => f.Body.Length).Order());
        var larger = found.Single(f => f.Body.Length == 1_500_000);
        Assert.Equal(Bytes(1_500_000), await ReadAsync(larger.Body));
        Assert.Equal(Bytes(1_500_000)[600_000..1_200_000], await ReadAsync(larger.Body, 600_000, 600_000));
    }

    [Theory]
    [InlineData("url", false)]
    [InlineData("prefix", false)]
    [InlineData("tag", false)]
    [InlineData("all", false)]
    [InlineData("both", false)]
    [InlineData("url", true)]
    [InlineData("prefix", true)]
    [InlineData("tag", true)]
    [InlineData("all", true)]
    public async Task Purge_OnOneGateway_IsHeededByAnotherAndByOneThatComesLater(string what, bool soft)
    {
        var (one, other) = (await InStepAsync(), await InStepAsync());
        await PutAndSettleAsync(one, "http://a/1", Now("http://a/1", 1, "", "red"));
        await PutAndSettleAsync(one, "http://b/1", Now("http://b/1", 1, "", "blue"));
        Assert.Single(await FindAsync(other, "http://a/1"));
        await one.PurgeAsync(
            (what switch
            {
                "url" => CachePurge.ByUrl("http://a/1"),
                "prefix" => CachePurge.ByPrefix("http://a/"),
                "tag" => CachePurge.ByTag("red"),
                "both" => CachePurge.Of("http://a/1", null, "red"),
                _ => CachePurge.All,
            }) with { Soft = soft },
            CancellationToken.None);
        await TestGateway.WaitAsync(() => other.Purges > 0);
        foreach (var level in new[] { one, other, await InStepAsync() })
        {
            var found = await FindAsync(level, "http://a/1");
            Assert.Equal(soft ? true : null, found.SingleOrDefault()?.SoftlyPurged);
            Assert.Equal(what == "all" && !soft ? 0 : 1, (await FindAsync(level, "http://b/1")).Count);
        }

        // What is fetched after the purge is good again.
        await PutAndSettleAsync(other, "http://a/1", Now("http://a/1", 5, "", "red"));
        Assert.Equal(5, Assert.Single(await FindAsync(await InStepAsync(), "http://a/1")).Body.Length);
    }

    [Fact]
    public async Task Purge_OfWhatAnotherGatewayIsStillFetching_IsNotForgotten()
    {
        var (one, other) = (await InStepAsync(), await InStepAsync());
        var before = one.Purges;
        await other.PurgeAsync(CachePurge.ByUrl("a"), CancellationToken.None);
        await TestGateway.WaitAsync(() => one.Purges > before);
        Assert.False(await one.StoreAsync("a", Now("a"), before, CancellationToken.None));
        Assert.Empty(await FindAsync(other, "a"));
    }

    [Fact]
    public async Task Purges_TooManyRules_MakeEverythingGo()
    {
        var one = await InStepAsync();
        await PutAndSettleAsync(one, "http://a/1");
        for (var i = 0; i < 400; i++)
        {
            await one.PurgeAsync(CachePurge.ByPrefix($"http://nothing/{i}/"), CancellationToken.None);
        }

        Assert.Single(await FindAsync(one, "http://a/1"));
        Assert.Empty(await FindAsync(await InStepAsync(), "http://a/1"));
    }

    [Fact]
    public async Task Redis_GoneAndBack_PurgesOfMeanwhileAreHeededByAll()
    {
        var (one, other) = (await InStepAsync(), await InStepAsync());
        await PutAndSettleAsync(one, "a");
        await PutAndSettleAsync(one, "b");
        Assert.Single(await FindAsync(other, "a"));
        await _redis.KillAsync();
        await TestGateway.WaitAsync(() => !one.IsInStep && !other.IsInStep);
        await one.PurgeAsync(CachePurge.ByUrl("a"), CancellationToken.None);
        Assert.Empty(await FindAsync(one, "a"));
        Assert.Single(await FindAsync(other, "a"));
        await _redis.BeginAsync();
        await TestGateway.WaitAsync(() => one.IsInStep && other.IsInStep);
        Assert.Empty(await FindAsync(one, "a"));
        Assert.Empty(await FindAsync(other, "a"));

        // What is stored in the first moments may stay out of Redis, which is asked again only after a while.
        await TestGateway.WaitAsync(() =>
        {
            PutAndSettleAsync(one, "a", Now("a", 7)).GetAwaiter().GetResult();
            return FindAsync(other, "a").GetAwaiter().GetResult() is [{ Body.Length: 7 }];
        });
    }

    [Fact]
    public async Task Restart_WithTheNote_OnlyWhatWasPurgedMeanwhileGoes()
    {
        using var folder = new TestFolder();
        var note = folder.PathOf("purges");
        var (own, other) = (new MemoryStore(1024 * 1024), await InStepAsync());
        var one = await InStepAsync(own, note);
        await PutAsync(own, "a", Now("a"));
        await PutAsync(own, "b", Now("b"));
        one.Dispose();
        await other.PurgeAsync(CachePurge.ByUrl("a"), CancellationToken.None);
        var again = await InStepAsync(own, note);
        Assert.Empty(await FindAsync(own, "a"));
        Assert.Single(await FindAsync(own, "b"));

        // One that goes on would write its note anew.
        again.Dispose();
        File.Delete(note);
        await InStepAsync(own, note);
        Assert.Empty(await FindAsync(own, "b"));
    }

    [Theory]
    [InlineData("body")]
    [InlineData("piece")]
    [InlineData("meta")]
    [InlineData("marks")]
    public async Task Find_WhatIsDamagedOrLost_IsAMiss(string what)
    {
        var one = await InStepAsync();
        await PutAndSettleAsync(one, "a", Now("a", 700_000));
        using var redis = await ConnectionMultiplexer.ConnectAsync(_redis.Address);
        var keys = redis.GetServers().Single().Keys().Select(k => k.ToString()).ToList();
        var database = redis.GetDatabase();
        switch (what)
        {
            case "body":
                await database.HashSetAsync(keys.Single(k => k.EndsWith(":1", StringComparison.Ordinal)), "data", Bytes(700_000 - RedisEntries.Piece).Reverse().ToArray());
                break;
            case "piece":
                await database.KeyDeleteAsync(keys.Single(k => k.EndsWith(":1", StringComparison.Ordinal)));
                break;
            case "meta":
                var meta = keys.Single(k => k.Contains(":m:", StringComparison.Ordinal));
                await database.HashSetAsync(meta, (await database.HashKeysAsync(meta)).Single(), "{\"Meta\":{}}");
                break;
            default:
                await database.KeyDeleteAsync(keys.Single(k => k.EndsWith(":marks", StringComparison.Ordinal)));
                break;
        }

        Assert.Empty(await FindAsync(await InStepAsync(), "a"));
    }

    [Fact]
    public async Task Store_LargerThanIsForRedis_StaysHere()
    {
        var (one, other) = (Level(new MemoryStore(1024L * 1024 * 1024)), await InStepAsync());
        await TestGateway.WaitAsync(() => one.IsInStep);
        var large = Now("a") with { Body = StoredBody.InMemory([new byte[RedisEntries.MaxBody + 1]]) };
        Assert.True(await PutAsync(one, "a", large));
        await one.Settled;
        Assert.Single(await FindAsync(one, "a"));
        Assert.Empty(await FindAsync(other, "a"));
    }

    [Fact]
    public async Task Redis_NotThereAtAll_TheFirstLevelServes()
    {
        var level = Level(address: $"127.0.0.1:{Ports.Free()},connectTimeout=500");
        Assert.True(await PutAsync(level, "a", Now("a")));
        Assert.Single(await FindAsync(level, "a"));
        Assert.Equal(1, await level.PurgeAsync(CachePurge.ByUrl("a"), CancellationToken.None));
        Assert.Empty(await FindAsync(level, "a"));
    }
}
