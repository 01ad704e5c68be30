using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Sharing;

namespace ScriptProxy.Tests.Sharing;

public sealed class MemoryDictionaryTests
{
    private readonly MemoryDictionary d = new("dogs", new FakeTimeProvider());

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public void Surface_CallsAsScriptsWriteThem_Compile()
    {
        d.Set("k", 1, Seconds(0.5));
        Assert.Equal(1, d.Get<int>("k"));
        Assert.True(d.TryGet<int>("k", out var v));
        Assert.Equal(1, v);
        bool done = d.Add("k", 1) | d.Replace("k", 2) | d.Remove("k");
        Assert.True(done);
        long n = d.Increment("n", by: 1, initial: 0, ttl: null);
        Assert.Equal(1, n);
        Assert.Equal(2, d.Increment("n"));
        Assert.Equal(1.5, d.Increment("ms", 1.5));
        d.PushLeft("l", "x");
        d.PushRight("l", "y");
        Assert.Equal(("x", "y", 0), (d.PopLeft<string>("l"), d.PopRight<string>("l"), d.Length("l")));
        Assert.Equal(2, d.Keys(10).Count);
        Assert.Equal(2, d.Count);
        d.Clear();
        Assert.Equal(0, d.Count);
    }

    [Fact]
    public void Get_AbsentKey_ThrowsWithDictionaryAndKey()
    {
        var error = Assert.Throws<KeyNotFoundException>(() => d.Get<int>("rex"));
        Assert.Contains("Shared(\"dogs\"), key \"rex\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Get_OtherType_NamesBothTypes()
    {
        d.Set("rex", "woof");
        var error = Assert.Throws<InvalidCastException>(() => d.Get<Guid>("rex"));
        Assert.Contains("\"dogs\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("\"rex\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("System.Guid", error.Message, StringComparison.Ordinal);
        Assert.Contains("System.String", error.Message, StringComparison.Ordinal);
        Assert.False(d.TryGet<Guid>("rex", out _));
    }

    [Fact]
    public void Add_PresentKey_IsRefusedAndReplaceOfAbsentToo()
    {
        Assert.False(d.Replace("k", 1));
        Assert.True(d.Add("k", 2));
        Assert.False(d.Add("k", 3));
        Assert.Equal(2, d.Get<int>("k"));
        Assert.True(d.Replace("k", "four"));
        Assert.Equal("four", d.Get<string>("k"));
        Assert.True(d.Remove("k"));
        Assert.False(d.Remove("k"));
    }

    [Fact]
    public void Increment_AbsentKey_StartsAtInitialPlusBy()
    {
        Assert.Equal(15, d.Increment("n", by: 5, initial: 10));
        Assert.Equal(12, d.Increment("n", by: -3, initial: 10));
        d.Set("set", 41);
        Assert.Equal(42, d.Increment("set"));
        Assert.Equal(42, d.Get<int>("set"));
    }

    [Fact]
    public void Increment_BeyondLong_ThrowsAndKeepsTheValue()
    {
        d.Set("n", long.MaxValue);
        Assert.Throws<OverflowException>(() => d.Increment("n"));
        d.Set("m", long.MinValue);
        Assert.Throws<OverflowException>(() => d.Increment("m", -1));
        Assert.Throws<OverflowException>(() => d.Increment("new", by: 1, initial: long.MaxValue));
        Assert.Equal((long.MaxValue, long.MinValue, false), (d.Get<long>("n"), d.Get<long>("m"), d.TryGet<long>("new", out _)));
    }

    [Fact]
    public void Increment_NotANumber_Throws()
    {
        d.Set("s", "1");
        d.Set("f", 1.5);
        d.Set("i", 1);
        d.PushLeft("l", 1);
        Assert.Throws<InvalidCastException>(() => d.Increment("s"));
        Assert.Throws<InvalidCastException>(() => d.Increment("l"));
        Assert.Throws<InvalidCastException>(() => d.Increment("f", 1));
        Assert.Throws<InvalidCastException>(() => d.Increment("i", 0.5));
        Assert.Equal(2.0, d.Increment("f", 0.5));
    }

    [Fact]
    public void GetOrAdd_PresentKey_DoesNotMake()
    {
        Assert.Equal("a", d.GetOrAdd("k", Seconds(1), () => "a"));
        Assert.Equal("a", d.GetOrAdd("k", null, () => Fail<string>()));
        Assert.Throws<InvalidCastException>(() => d.GetOrAdd("k", null, () => 1));
        Assert.Throws<InvalidDataException>(() => d.GetOrAdd<int>("bad", null, () => throw new InvalidDataException()));
        Assert.False(d.TryGet<int>("bad", out _));
    }

    [Fact]
    public void GetOrAdd_AnotherStoresWhileMaking_TheFirstStoredWins() =>
        Assert.Equal("first", d.GetOrAdd("k", null, () =>
        {
            d.Set("k", "first");
            return "second";
        }));

    [Fact]
    public void Keys_MoreThanMax_GivesTheNewest()
    {
        for (var i = 0; i < 2000; i++)
        {
            d.Set($"k{i}", i);
        }

        Assert.Equal(1024, d.Keys().Count);
        Assert.Equal(["k1999", "k1998"], d.Keys(2));
        Assert.Equal(2000, d.Keys(0).Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => d.Keys(-1));
    }

    [Fact]
    public void Clear_WithTtlsAndLists_LeavesNothing()
    {
        d.Set("a", 1, Seconds(1));
        d.PushLeft("l", 1);
        d.Clear();
        Assert.Equal((0, 0L, 0), (d.Count, d.BytesUsed, d.Length("l")));
        d.Set("a", 2, Seconds(1));
        Assert.Equal((1, 2), (d.Count, d.Get<int>("a")));
    }

    [Fact]
    public void BadInput_IsRefusedWithWhatIsWrong()
    {
        Assert.Throws<ArgumentException>(() => d.Set("", 1));
        Assert.Throws<ArgumentException>(() => d.Get<int>(""));
        Assert.Throws<ArgumentNullException>(() => d.Increment(null!));
        Assert.Throws<ArgumentNullException>(() => d.Set<string?>("k", null));
        Assert.Throws<ArgumentNullException>(() => d.Set<int?>("k", null));
        Assert.Throws<ArgumentNullException>(() => d.GetOrAdd<int>("k", null, null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => d.Set("k", 1, TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => d.Increment("k", ttl: Seconds(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => d.Expire("k", TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MemoryDictionary("small", new FakeTimeProvider(), 100));
        Assert.Equal(0, d.Count);
    }

    [Fact]
    public void Set_KeyOfMoreThan64K_IsRefused()
    {
        d.Set(new string('k', 65_535), 1);
        Assert.Throws<ArgumentException>(() => d.Set(new string('k', 65_536), 1));
        var error = Assert.Throws<ArgumentException>(() => d.Set(new string('é', 40_000), 1));
        Assert.Contains("80,000", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 1, 400);
        Assert.False(d.TryGet<int>(new string('k', 70_000), out _));
    }

    private static T Fail<T>() => throw new InvalidOperationException("must not be called");
}
