using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Sharing;

namespace ScriptProxy.Tests.Sharing;

public sealed class MemoryDictionaryExpiryTests
{
    private readonly FakeTimeProvider time = new();
    private readonly MemoryDictionary d;

    public MemoryDictionaryExpiryTests() => d = new("dogs", time);

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public void Set_WithTtl_IsGoneWhenItEnds()
    {
        d.Set("k", 1, Seconds(0.5));
        time.Advance(Seconds(0.5) - TimeSpan.FromTicks(1));
        Assert.Equal((1, 1, 1), (d.Get<int>("k"), d.Count, d.Keys().Count));
        time.Advance(TimeSpan.FromTicks(1));
        Assert.False(d.TryGet<int>("k", out _));
        Assert.Throws<KeyNotFoundException>(() => d.Get<int>("k"));
        Assert.Equal((0, 0), (d.Count, d.Keys().Count));
        Assert.False(d.Replace("k", 1));
        Assert.False(d.Remove("k"));
        Assert.True(d.Add("k", 2));
    }

    [Fact]
    public void Increment_OnAKeyWithTtl_KeepsItAndStartsAnewAfterwards()
    {
        Assert.Equal(1, d.Increment("n", ttl: Seconds(10)));
        time.Advance(Seconds(6));
        Assert.Equal(2, d.Increment("n", ttl: Seconds(10)));
        Assert.Equal(Seconds(4), d.Ttl("n"));
        time.Advance(Seconds(4));
        Assert.Equal(101, d.Increment("n", initial: 100));
        Assert.Equal(TimeSpan.MaxValue, d.Ttl("n"));
        Assert.Equal(0.5, d.Increment("f", 0.5, ttl: Seconds(1)));
        time.Advance(Seconds(1));
        Assert.Equal(0.25, d.Increment("f", 0.25));
    }

    [Fact]
    public void Ttl_AbsentOrWithoutLimitOrHuge_SaysSo()
    {
        Assert.Null(d.Ttl("k"));
        d.Set("k", 1);
        Assert.Equal(TimeSpan.MaxValue, d.Ttl("k"));
        d.Set("k", 1, TimeSpan.MaxValue);
        Assert.True(d.Ttl("k") > TimeSpan.FromDays(100_000));
        d.Set("k", 1, Seconds(3));
        Assert.Equal(Seconds(3), d.Ttl("k"));
        time.Advance(Seconds(3));
        Assert.Null(d.Ttl("k"));
    }

    [Fact]
    public void Expire_ChangesTheLimitBothWays()
    {
        Assert.False(d.Expire("k", Seconds(1)));
        d.Set("k", 1, Seconds(1));
        Assert.True(d.Expire("k", null));
        time.Advance(Seconds(5));
        Assert.Equal(1, d.Get<int>("k"));
        Assert.True(d.Expire("k", Seconds(2)));
        time.Advance(Seconds(2));
        Assert.False(d.Expire("k", Seconds(2)));
        Assert.Equal(0, d.Count);
    }

    [Fact]
    public void Replace_WithoutTtl_TakesTheLimitAway()
    {
        d.Set("k", 1, Seconds(1));
        d.Replace("k", 2);
        time.Advance(Seconds(2));
        Assert.Equal(2, d.Get<int>("k"));
    }

    [Fact]
    public void TryGetStale_AfterTheEnd_StillFindsIt()
    {
        d.Set("k", "old", Seconds(1));
        Assert.True(d.TryGetStale<string>("k", out _));
        time.Advance(Seconds(2));
        Assert.Equal(0, d.Count);
        Assert.True(d.TryGetStale<string>("k", out var stale));
        Assert.Equal("old", stale);
        Assert.False(d.TryGetStale<int>("k", out _));
        Assert.True(d.Remove("k") is false);
        Assert.False(d.TryGetStale<string>("k", out _));
        Assert.Equal(0, d.BytesUsed);
    }

    [Fact]
    public void ExpiredEntries_AreSweptByWritesOfOthers()
    {
        for (var i = 0; i < 100; i++)
        {
            d.Set($"k{i}", i, Seconds(1));
        }

        time.Advance(Seconds(2) + MemoryDictionary.StaleFor);
        for (var i = 0; i < 100; i++)
        {
            d.Set("other", i);
        }

        Assert.False(d.TryGetStale<int>("k0", out _));
        d.Remove("other");
        Assert.Equal(0, d.BytesUsed);
    }

    [Fact]
    public void Sweep_ManyExpired_FreesThemAllAndNoOther()
    {
        for (var i = 0; i < 1000; i++)
        {
            d.Set($"k{i}", i, Seconds(1));
        }

        d.Set("young", 1, MemoryDictionary.StaleFor);
        d.Set("stays", 1);
        time.Advance(Seconds(2) + MemoryDictionary.StaleFor);
        d.Sweep();
        Assert.False(d.TryGetStale<int>("k999", out _));
        Assert.True(d.TryGetStale<int>("young", out _));
        Assert.Equal(1, d.Count);
    }

    [Fact]
    public void List_WithExpiry_ExpiresAsAWhole()
    {
        d.PushLeft("l", 1);
        d.Expire("l", Seconds(1));
        d.PushLeft("l", 2);
        time.Advance(Seconds(1));
        Assert.Equal((0, 0), (d.Length("l"), d.PopLeft<int>("l")));
        Assert.Equal(1, d.PushRight("l", 3));
        Assert.Equal(TimeSpan.MaxValue, d.Ttl("l"));
    }
}
