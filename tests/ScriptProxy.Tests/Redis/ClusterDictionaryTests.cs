using System.Text.Json;
using ScriptProxy.Core.Sharing.Cluster;
using ScriptProxy.Tests.Harness;
using StackExchange.Redis;

namespace ScriptProxy.Tests.Redis;

/// <summary>Shared(name, cluster: true) against a real Redis.</summary>
public sealed class ClusterDictionaryTests : IAsyncLifetime
{
    private RedisServer _redis = null!;
    private ConnectionMultiplexer _connection = null!;
    private RedisDictionary _one = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _connection = await ConnectionMultiplexer.ConnectAsync(_redis.Address);
        _one = Dictionary("d");
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _redis.DisposeAsync();
    }

    private RedisDictionary Dictionary(string name) => new(name, () => _connection.GetDatabase());

    public static TheoryData<object> Values =>
    [
        1, -1L, long.MaxValue, long.MinValue, 1.5, -0.0, double.NaN, double.PositiveInfinity, "", "text ü\n", "123", true, 'x', 12.50m, ulong.MaxValue,
        new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc).AddTicks(7), new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2)), new DateOnly(2026, 1, 2), new TimeOnly(1, 2, 3, 4),
        TimeSpan.FromTicks(-5), Guid.Parse("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
    ];

    [Theory]
    [MemberData(nameof(Values), DisableDiscoveryEnumeration = true)]
    public async Task Set_AnyPlainValue_ComesBackAsItWas(object value)
    {
        await _one.SetAsync("k", value);
        var read = await _one.GetAsync<object>("k");
        Assert.Equal(value is int n ? (long)n : value, read);
    }

    [Fact]
    public async Task Set_BytesAndRecords_ComeBack()
    {
        await _one.SetAsync("bytes", new byte[] { 0, 1, 255 });
        Assert.Equal([0, 1, 255], await _one.GetAsync<byte[]>("bytes"));
        await _one.SetAsync("list", new List<int> { 1, 2 });
        Assert.Equal([1, 2], await _one.GetAsync<List<int>>("list"));
        Assert.Equal(2, (await _one.GetAsync<JsonElement>("list"))[1].GetInt32());
        var error = await Assert.ThrowsAsync<InvalidCastException>(() => _one.GetAsync<string>("list"));
        Assert.Contains("Shared(\"d\"), key \"list\": asked for System.String, but it holds System.Collections.Generic.List`1[System.Int32]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_Absent_ThrowsOrIsNotFound()
    {
        Assert.Contains("there is no such key", (await Assert.ThrowsAsync<KeyNotFoundException>(() => _one.GetAsync<int>("k"))).Message, StringComparison.Ordinal);
        Assert.Equal((false, 0), await _one.TryGetAsync<int>("k"));
        await _one.SetAsync("k", 5);
        Assert.Equal((true, 5), await _one.TryGetAsync<int>("k"));
        Assert.Equal((false, null), await _one.TryGetAsync<string>("k"));
        Assert.True(await _one.RemoveAsync("k"));
        Assert.False(await _one.RemoveAsync("k"));
    }

    [Fact]
    public async Task AddAndReplace_LookFirst()
    {
        Assert.False(await _one.ReplaceAsync("k", 1));
        Assert.True(await _one.AddAsync("k", 1));
        Assert.False(await _one.AddAsync("k", 2));
        Assert.True(await _one.ReplaceAsync("k", 3));
        Assert.Equal(3, await _one.GetOrAddAsync("k", null, () => Task.FromResult(4)));
        Assert.Equal(4, await _one.GetOrAddAsync("new", TimeSpan.FromMinutes(1), () => Task.FromResult(4)));
        Assert.Equal(4, await _one.GetAsync<int>("new"));
    }

    [Fact]
    public async Task Increment_FromManyGateways_CountsEachOnce()
    {
        var all = Enumerable.Range(0, 200).Select(i => Dictionary("d").IncrementAsync("hits", i % 3 == 0 ? 2 : 1, initial: 100)).ToList();
        var seen = await Task.WhenAll(all);
        Assert.Equal(200, seen.Distinct().Count());
        Assert.Equal(100 + 200 + 67, await _one.GetAsync<long>("hits"));
        Assert.Equal(1.75, await _one.IncrementAsync("ms", 0.5, initial: 1.25));
        Assert.Equal(1.85, await _one.IncrementAsync("ms", 0.1), 12);
    }

    [Fact]
    public async Task Increment_WhatCannotBe_SaysWhy()
    {
        _redis.RequireItself("Garnet does not tell an overflow from a text that is no number");
        await _one.SetAsync("max", long.MaxValue);
        await Assert.ThrowsAsync<OverflowException>(() => _one.IncrementAsync("max"));
        Assert.Equal(long.MaxValue, await _one.GetAsync<long>("max"));
        await Assert.ThrowsAsync<OverflowException>(() => _one.IncrementAsync("absent", long.MaxValue, long.MaxValue));
        Assert.False((await _one.TryGetAsync<long>("absent")).Found);
        await _one.SetAsync("text", "1");
        Assert.Contains("asked for an integer, but it holds System.String", (await Assert.ThrowsAsync<InvalidCastException>(() => _one.IncrementAsync("text"))).Message, StringComparison.Ordinal);
        Assert.Contains("asked for a double, but it holds an integer", (await Assert.ThrowsAsync<InvalidCastException>(() => _one.IncrementAsync("max", 1.5))).Message, StringComparison.Ordinal);
        await _one.PushLeftAsync("list", 1);
        await Assert.ThrowsAsync<InvalidCastException>(() => _one.IncrementAsync("list"));
        await Assert.ThrowsAsync<InvalidCastException>(() => _one.GetAsync<int>("list"));
        await Assert.ThrowsAsync<InvalidCastException>(() => _one.LengthAsync("text"));
    }

    [Fact]
    public async Task Ttl_OfANewKeyOnly_AndExpire()
    {
        _redis.RequireItself("Garnet answers an expiry of 1 ms with what the client cannot read");
        await _one.IncrementAsync("k", ttl: TimeSpan.FromMinutes(5));
        await _one.IncrementAsync("k", ttl: TimeSpan.FromHours(5));
        Assert.InRange((await _one.TtlAsync("k"))!.Value, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
        await _one.IncrementAsync("d", 0.5, ttl: TimeSpan.FromMinutes(5));
        await _one.IncrementAsync("d", 0.5);
        Assert.InRange((await _one.TtlAsync("d"))!.Value, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
        Assert.True(await _one.ExpireAsync("k", null));
        Assert.True(await _one.ExpireAsync("k", null));
        Assert.Equal(TimeSpan.MaxValue, await _one.TtlAsync("k"));
        Assert.True(await _one.ExpireAsync("k", TimeSpan.FromTicks(1)));
        await TestGateway.WaitAsync(() => _one.TtlAsync("k").GetAwaiter().GetResult() is null);
        Assert.False(await _one.ExpireAsync("k", TimeSpan.FromMinutes(1)));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _one.SetAsync("k", 1, TimeSpan.Zero));
        await Assert.ThrowsAsync<ArgumentException>(() => _one.SetAsync("", 1));
        await Assert.ThrowsAsync<ArgumentException>(() => _one.SetAsync(new string('ü', 40_000), 1));
    }

    [Fact]
    public async Task Lists_FromBothEnds()
    {
        Assert.Equal(1, await _one.PushRightAsync("q", "b"));
        Assert.Equal(2, await _one.PushLeftAsync("q", "a"));
        Assert.Equal(3, await _one.PushRightAsync("q", 3));
        Assert.Equal(3, await _one.LengthAsync("q"));
        Assert.Equal("a", await _one.PopLeftAsync<string>("q"));
        Assert.Equal(3, await _one.PopRightAsync<int>("q"));
        Assert.Equal("b", await _one.PopRightAsync<string>("q"));
        Assert.Null(await _one.PopLeftAsync<string>("q"));
        Assert.Null(await _one.PopLeftAsync<int?>("q"));
    }

    [Fact]
    public async Task KeysAndClear_OfThisDictionaryOnly()
    {
        var (odd, other) = (Dictionary("o*[d]?\\"), Dictionary("o*"));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => odd.SetAsync($"k{i}", i)));
        await other.SetAsync("x", 1);
        Assert.Equal(50, (await odd.KeysAsync()).Count);
        Assert.Equal(7, (await odd.KeysAsync(7)).Count);
        Assert.Equal(["x"], await other.KeysAsync());
        await odd.ClearAsync();
        Assert.Empty(await odd.KeysAsync(0));
        Assert.Equal(["x"], await other.KeysAsync());
    }
}
