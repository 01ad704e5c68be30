using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Sharing;

namespace ScriptProxy.Tests.Sharing;

public sealed class SharedDictionariesTests : IDisposable
{
    private readonly FakeTimeProvider time = new();
    private readonly SharedDictionaries all;

    public SharedDictionariesTests() => all = new(time);

    public void Dispose() => all.Dispose();

    [Fact]
    public void Get_SameName_IsTheSameDictionary()
    {
        all.Get("dogs").Set("rex", 1);
        Assert.Equal(1, all.Get("dogs").Get<int>("rex"));
        Assert.False(all.Get("cats").TryGet<int>("rex", out _));
        Assert.Equal(("dogs", 10L * 1024 * 1024), (all.Get("dogs").Name, all.Get("dogs").Capacity));
    }

    [Fact]
    public void Get_OtherCapacity_TheLargerWins()
    {
        var dogs = all.Get("dogs", 64 * 1024);
        Assert.Same(dogs, all.Get("dogs"));
        Assert.Equal(64 * 1024, dogs.Capacity);
        all.Get("dogs", 128 * 1024);
        Assert.Equal(128 * 1024, dogs.Capacity);
        all.Get("dogs", 32 * 1024);
        Assert.Equal(128 * 1024, dogs.Capacity);
        dogs.Set("k", new byte[100 * 1024]);
        Assert.Throws<ArgumentOutOfRangeException>(() => all.Get("dogs", 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => all.Get("new", -1));
        Assert.Throws<ArgumentException>(() => all.Get(""));
    }

    [Fact]
    public void Get_MoreNamesThanAllowed_SaysToUseKeys()
    {
        for (var i = 0; i < SharedDictionaries.MaxDictionaries; i++)
        {
            all.Get($"d{i}");
        }

        var error = Assert.Throws<InvalidOperationException>(() => all.Get("one too many"));
        Assert.Contains("one too many", error.Message, StringComparison.Ordinal);
        Assert.NotNull(all.Get("d0"));
    }

    [Fact]
    public void Snapshot_TellsNamesCountsAndBytes()
    {
        all.Get("b").Set("k", 1, TimeSpan.FromSeconds(1));
        all.Get("a", 8 * 1024);
        var bytes = all.Get("b").BytesUsed;
        Assert.Equal([new("a", 0, 0, 8 * 1024, 0), new("b", 1, bytes, 10 * 1024 * 1024, 0)], all.Snapshot());
    }

    [Fact]
    public void ExpiredEntries_WithoutAnyTraffic_AreSweptByTheTimer()
    {
        var dogs = all.Get("dogs");
        for (var i = 0; i < 1000; i++)
        {
            dogs.Set($"k{i}", i, TimeSpan.FromSeconds(1));
        }

        time.Advance(MemoryDictionary.StaleFor + TimeSpan.FromMinutes(2));
        Assert.Equal(0, dogs.BytesUsed);
        dogs.Set("k", 1, TimeSpan.FromSeconds(1));
        all.Dispose();
        time.Advance(MemoryDictionary.StaleFor + TimeSpan.FromMinutes(2));
        Assert.NotEqual(0, dogs.BytesUsed);
    }
}
