using CsCheck;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Sharing;

namespace ScriptProxy.Tests.Sharing;

public sealed class MemoryDictionaryBoundTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void Set_WhenFull_EvictsTheLeastRecentlyUsed()
    {
        var d = new MemoryDictionary("dogs", time, 64 * 1024);
        var text = new string('x', 4000);
        for (var i = 0; i < 200; i++)
        {
            d.Set($"k{i}", text);
            d.Set("hot", d.TryGet<int>("hot", out var n) ? n + 1 : 1);
            d.TryGet<int>("warm", out _);
            d.Add("warm", 0);
            Assert.InRange(d.BytesUsed, 1, d.Capacity);
        }

        Assert.Equal(200, d.Get<int>("hot"));
        Assert.True(d.TryGet<int>("warm", out _));
        Assert.False(d.TryGet<string>("k100", out _));
        Assert.True(d.TryGet<string>("k199", out _));
        Assert.Equal(200 + 2, d.Evictions + d.Count);
    }

    [Fact]
    public void Set_WhenFull_ReadKeysOutliveUnreadOnes()
    {
        var d = new MemoryDictionary("dogs", time, 8 * 1024);
        var text = new string('x', 800);
        d.Set("a", text);
        d.Set("b", text);
        d.Set("c", text);
        d.Get<string>("a");
        d.Set("d", text);
        d.Set("e", text);
        Assert.Equal(["a", "c", "d", "e"], d.Keys().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Set_WhenFull_DropsExpiredBeforeLive()
    {
        var d = new MemoryDictionary("dogs", time, 8 * 1024);
        var text = new string('x', 800);
        d.Set("live", text);
        d.Set("short", text, TimeSpan.FromSeconds(1));
        d.Get<string>("short");
        d.Set("c", text);
        d.Set("d", text);
        time.Advance(TimeSpan.FromSeconds(1));
        d.Set("e", text);
        Assert.True(d.TryGet<string>("live", out _));
        Assert.False(d.TryGetStale<string>("short", out _));
        Assert.Equal(0, d.Evictions);
    }

    [Fact]
    public void Set_NeedsTheRoomOfMany_DropsAllExpiredBeforeLive()
    {
        var d = new MemoryDictionary("dogs", time, 8 * 1024);
        d.Set("live", 1);
        for (var i = 0; i < 20; i++)
        {
            d.Set($"short{i}", i, TimeSpan.FromSeconds(1));
        }

        time.Advance(TimeSpan.FromSeconds(1));
        d.Set("big", new byte[7000]);
        Assert.True(d.TryGet<int>("live", out _));
        Assert.Equal(0, d.Evictions);
    }

    [Fact]
    public void Set_EverythingUsed_StillEvicts()
    {
        var d = new MemoryDictionary("dogs", time, 64 * 1024);
        for (var i = 0; i < 1000; i++)
        {
            d.Set($"k{i}", i);
            foreach (var key in d.Keys(0))
            {
                d.TryGet<int>(key, out _);
            }
        }

        Assert.InRange(d.BytesUsed, 32 * 1024, d.Capacity);
        Assert.Equal(999, d.Get<int>("k999"));
    }

    [Fact]
    public void Set_LargerThanTheCapacity_IsRefusedAndNothingChanges()
    {
        var d = new MemoryDictionary("dogs", time, 64 * 1024);
        d.Set("k", "old");
        d.Set("other", 1);
        var error = Assert.Throws<ArgumentException>(() => d.Set("k", new byte[65 * 1024]));
        Assert.Contains("\"dogs\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("65,536", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => d.Add("new", new string('x', 40_000)));
        Assert.Equal(("old", 2), (d.Get<string>("k"), d.Count));
        d.Set("k", new byte[60 * 1024]);
        d.Set("k", new byte[61 * 1024]);
        Assert.Equal(61 * 1024, d.Get<byte[]>("k").Length);
    }

    [Fact]
    public void Set_OverWithAnotherSize_CountsTheDifference()
    {
        var d = new MemoryDictionary("dogs", time);
        d.Set("k", new byte[1000]);
        var small = d.BytesUsed;
        d.Set("k", new byte[3000]);
        Assert.Equal(small + 2000, d.BytesUsed);
        d.Set("k", 1);
        Assert.Equal(small - 1024, d.BytesUsed);
    }

    [Fact]
    public void BytesUsed_IsNotLessThanWhatIsAllocated()
    {
        var d = new MemoryDictionary("dogs", time, 256 * 1024);
        var keys = Enumerable.Range(0, 4000).Select(i => $"key number {i:D6}").ToArray();
        Fill(0, 2000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Fill(2000, 4000);
        var perEntry = (GC.GetAllocatedBytesForCurrentThread() - before) / 2000.0;

        // The key is made outside of the loop: a string of 17 characters takes 56 bytes. The slots of table and heap are 32 more.
        Assert.InRange(d.BytesUsed / (double)d.Count, perEntry + 56, perEntry + 56 + 64);

        void Fill(int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                d.Set(keys[i], i, TimeSpan.FromSeconds(100));
            }
        }
    }

    [Fact]
    public void Increment_OnAnExistingKey_AllocatesNothing()
    {
        var d = new MemoryDictionary("dogs", TimeProvider.System);
        d.Increment("n", ttl: TimeSpan.FromHours(1));
        d.Increment("f", 0.5);
        Assert.Equal(0, Allocated(() =>
        {
            d.Increment("n", ttl: TimeSpan.FromHours(1));
            d.Increment("f", 0.5);
            d.Get<int>("n");
            d.TryGet<long>("n", out _);
            d.Get<double>("f");
        }));
    }

    [Fact]
    public void RandomWrites_NeverExceedTheCapacityAndTheAccountEndsAtZero() =>
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 40], Gen.Int[0, 3000], Gen.Int[1, 2000]).Array[0, 300].Sample(steps =>
        {
            var clock = new FakeTimeProvider();
            var d = new MemoryDictionary("dogs", clock, 16 * 1024);
            foreach (var (op, k, size, ms) in steps)
            {
                var key = $"k{k}";
                switch (op)
                {
                    case 0: d.Set(key, new byte[size]); break;
                    case 1: d.Set(key, new byte[size], TimeSpan.FromMilliseconds(ms)); break;
                    case 2: d.Remove(key); break;
                    case 3: clock.Advance(TimeSpan.FromMilliseconds(ms)); break;
                    case 4: d.TryGet<object>(key, out _); break;
                    default: PushOrPop(d, $"l{k % 4}", size); break;
                }

                Assert.InRange(d.BytesUsed, 0, d.Capacity);
            }

            Assert.Equal(d.Count, d.Keys(0).Count);
            for (var k = 0; k <= 40; k++)
            {
                d.Remove($"k{k}");
                d.Remove($"l{k}");
            }

            Assert.Equal((0L, 0), (d.BytesUsed, d.Count));
        });

    private static void PushOrPop(MemoryDictionary d, string key, int size)
    {
        if (size % 3 == 0 || d.Length(key) >= 4)
        {
            d.PopLeft<byte[]>(key);
        }
        else
        {
            d.PushRight(key, new byte[size]);
        }
    }

    private static long Allocated(Action action)
    {
        for (var i = 0; i < 100; i++)
        {
            action();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            action();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
