using ScriptProxy.Core.Sharing;

namespace ScriptProxy.Tests.Sharing;

public sealed class MemoryDictionaryConcurrencyTests
{
    private const int Threads = 8;

    [Fact]
    public void Increment_EightThreads_LosesNothing()
    {
        var d = new MemoryDictionary("dogs", TimeProvider.System);
        OnThreads(_ =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                d.Increment("one");
                d.Increment("half", 0.5);
                d.Increment($"k{i % 50}", 2, initial: 5, ttl: TimeSpan.FromHours(1));
                if (i % 100 == 0)
                {
                    d.Expire("one", TimeSpan.FromHours(1));
                    d.Set($"other{i}", i);
                }
            }
        });

        Assert.Equal(Threads * 20_000, d.Get<long>("one"));
        Assert.Equal(Threads * 20_000 * 0.5, d.Get<double>("half"));
        Assert.Equal(Threads * 20_000 * 2 + (50 * 5), Enumerable.Range(0, 50).Sum(i => d.Get<long>($"k{i}")));
    }

    [Fact]
    public void AddAndRemove_EightThreads_EachKeyIsWonOnce()
    {
        var d = new MemoryDictionary("dogs", TimeProvider.System);
        var added = 0;
        var removed = 0;
        OnThreads(_ =>
        {
            for (var i = 0; i < 5000; i++)
            {
                if (d.Add($"k{i}", i))
                {
                    Interlocked.Increment(ref added);
                }
            }
        });
        OnThreads(_ =>
        {
            for (var i = 0; i < 5000; i++)
            {
                if (d.Remove($"k{i}"))
                {
                    Interlocked.Increment(ref removed);
                }
            }
        });
        Assert.Equal((5000, 5000, 0, 0L), (added, removed, d.Count, d.BytesUsed));
    }

    [Fact]
    public void Writes_EightThreadsOnAFullDictionary_NeverExceedTheCapacity()
    {
        var d = new MemoryDictionary("dogs", TimeProvider.System, 64 * 1024);
        OnThreads(seed =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 10_000; i++)
            {
                var key = $"k{random.Next(500)}";
                switch (random.Next(5))
                {
                    case 0: d.Set(key, new byte[random.Next(2000)]); break;
                    case 1: d.Set(key, i, TimeSpan.FromMilliseconds(random.Next(1, 5))); break;
                    case 2: d.TryGet<byte[]>(key, out _); break;
                    case 3: d.PushLeft($"l{seed}", i); break;
                    default: d.Remove(key); break;
                }

                Assert.InRange(d.BytesUsed, 0, d.Capacity);
            }
        });

        foreach (var key in d.Keys(0))
        {
            d.Remove(key);
        }

        d.Clear();
        Assert.Equal((0, 0L), (d.Count, d.BytesUsed));
    }

    [Fact]
    public void Pop_EightThreads_EachValueIsTakenOnce()
    {
        var d = new MemoryDictionary("dogs", TimeProvider.System);
        for (var i = 1; i <= 4000; i++)
        {
            d.PushRight("l", new Box(i));
        }

        var sum = 0L;
        OnThreads(seed =>
        {
            while ((seed % 2 == 0 ? d.PopLeft<Box>("l") : d.PopRight<Box>("l")) is { } box)
            {
                Interlocked.Add(ref sum, box.Value);
            }
        });
        Assert.Equal(4000L * 4001 / 2, sum);
        Assert.Equal(0, d.BytesUsed);
    }

    private static void OnThreads(Action<int> body)
    {
        using var start = new Barrier(Threads);
        var errors = new List<Exception>();
        var threads = Enumerable.Range(0, Threads).Select(n => new Thread(() =>
        {
            start.SignalAndWait();
            try
            {
                body(n);
            }
            catch (Exception error)
            {
                lock (errors)
                {
                    errors.Add(error);
                }
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        Assert.Empty(errors);
    }

    private sealed record Box(int Value);
}
