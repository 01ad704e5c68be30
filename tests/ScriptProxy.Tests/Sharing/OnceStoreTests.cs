using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Sharing;

namespace ScriptProxy.Tests.Sharing;

public sealed class OnceStoreTests : IDisposable
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly FakeTimeProvider time = new();
    private readonly CancellationTokenSource retiring = new();
    private readonly OnceStore store;
    private int made;

    public OnceStoreTests() => store = new(time, retiring.Token);

    public void Dispose() => retiring.Dispose();

    [Fact]
    public async Task Once_ManyAtTheSameTime_MakeOnce()
    {
        var gate = new TaskCompletionSource<int>();
        var waiters = Enumerable.Range(0, 100).Select(_ => Task.Run(() => store.Once("k", Minute, async _ =>
        {
            Interlocked.Increment(ref made);
            return await gate.Task;
        }).AsTask())).ToList();
        gate.SetResult(42);
        Assert.All(await Task.WhenAll(waiters), value => Assert.Equal(42, value));
        Assert.Equal(1, made);
    }

    [Fact]
    public async Task Once_WithinTtl_KeepsTheValueAndMakesAnewAfterwards()
    {
        Assert.Equal(1, await store.Once("k", Minute, Next));
        time.Advance(Minute - TimeSpan.FromTicks(1));
        Assert.Equal(1, await store.Once("k", Minute, Next));
        time.Advance(TimeSpan.FromTicks(1));
        Assert.False(store.TryGet<int>("k", out _));
        Assert.Equal(2, await store.Once("k", Minute, Next));
        Assert.Equal(3, await store.Once("other", Minute, Next));
        Assert.True(store.TryGet<int>("k", out var kept));
        Assert.Equal(2, kept);
    }

    [Fact]
    public async Task Once_TtlCountsFromWhenItIsMade()
    {
        var gate = new TaskCompletionSource<int>();
        var slow = store.Once("k", Minute, _ => new ValueTask<int>(gate.Task));
        time.Advance(Minute * 10);
        gate.SetResult(7);
        Assert.Equal(7, await slow);
        time.Advance(Minute / 2);
        Assert.Equal(7, await store.Once("k", Minute, Next));
    }

    [Fact]
    public async Task Once_ZeroTtl_SharesWithThoseWhoWaitedOnly()
    {
        var gate = new TaskCompletionSource<int>();
        var first = store.Once("k", TimeSpan.Zero, _ => new ValueTask<int>(gate.Task));
        var second = store.Once("k", TimeSpan.Zero, Next);
        gate.SetResult(7);
        Assert.Equal((7, 7), (await first, await second));
        Assert.Equal(0, store.Count);
        Assert.Equal(1, await store.Once("k", TimeSpan.Zero, Next));
    }

    [Fact]
    public async Task Once_MakerFails_AllWhoWaitGetItAndTheNextMakesAnew()
    {
        var gate = new TaskCompletionSource<int>();
        var first = store.Once("k", Minute, _ => new ValueTask<int>(gate.Task)).AsTask();
        var second = store.Once("k", Minute, Next).AsTask();
        gate.SetException(new InvalidDataException("no"));
        await Assert.ThrowsAsync<InvalidDataException>(() => first);
        await Assert.ThrowsAsync<InvalidDataException>(() => second);
        Assert.Equal(0, store.Count);
        await Assert.ThrowsAsync<InvalidDataException>(() => store.Once<int>("k", Minute, _ => throw new InvalidDataException()).AsTask());
        Assert.Equal(1, await store.Once("k", Minute, Next));
    }

    [Fact]
    public async Task Once_AWaiterGoesAway_TheMakerAndTheOthersGoOn()
    {
        var gate = new TaskCompletionSource<int>();
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        CancellationToken makers = default;
        var one = store.Once("k", Minute, stop => { makers = stop; return new ValueTask<int>(gate.Task); }, first.Token).AsTask();
        var two = store.Once("k", Minute, Next, second.Token).AsTask();
        var three = store.Once("k", Minute, Next).AsTask();
        await first.CancelAsync();
        await second.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => two);
        Assert.False(makers.IsCancellationRequested);
        gate.SetResult(5);
        Assert.Equal(5, await three);
    }

    [Fact]
    public async Task Once_GenerationRetires_CancelsTheMaker()
    {
        var gate = new TaskCompletionSource<int>();
        var waiting = store.Once("k", Minute, async stop =>
        {
            using var registration = stop.Register(() => gate.TrySetCanceled(stop));
            return await gate.Task;
        }).AsTask();
        await retiring.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public async Task Once_AsksForItsOwnKey_IsTold()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => store.Once("a", Minute, _ =>
            store.Once("b", Minute, async _ =>
            {
                await Task.Yield();
                return await store.Once("a", Minute, Next);
            })).AsTask());
        Assert.Contains("\"a\"", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, store.Count);
        Assert.Equal(1, await store.Once("a", Minute, stop => store.Once("b", Minute, Next)));
    }

    [Fact]
    public async Task Once_ContextCapturedByAMaker_HoldsOnToNoValue()
    {
        var (context, value) = await MakeAndDrop();
        for (var i = 0; i < 20 && value.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(value.IsAlive);
        Assert.NotNull(context);

        async Task<(ExecutionContext?, WeakReference)> MakeAndDrop()
        {
            ExecutionContext? captured = null;
            var dropped = await store.Once("k", TimeSpan.Zero, _ =>
            {
                captured = ExecutionContext.Capture();
                return new ValueTask<object>(new object());
            });
            return (captured, new WeakReference(dropped));
        }
    }

    [Fact]
    public async Task Once_OtherTypeForTheKey_Throws()
    {
        await store.Once("k", Minute, Next);
        var error = await Assert.ThrowsAsync<InvalidCastException>(() => Task.Run(() => store.Once("k", Minute, _ => new ValueTask<string>("x")).AsTask()));
        Assert.Contains("System.String", error.Message, StringComparison.Ordinal);
        time.Advance(Minute);
        Assert.Equal("x", await store.Once("k", Minute, _ => new ValueTask<string>("x")));
    }

    [Fact]
    public async Task Once_NullValue_IsKeptToo()
    {
        Assert.Null(await store.Once<string?>("k", Minute, _ => new ValueTask<string?>((string?)null)));
        Assert.Null(await store.Once<string?>("k", Minute, _ => new ValueTask<string?>("second")));
    }

    [Fact]
    public async Task Once_MoreValuesThanAllowed_DropsSome()
    {
        var small = new OnceStore(time, retiring.Token, maxValues: 10);
        for (var i = 0; i < 1000; i++)
        {
            await small.Once($"k{i}", Minute, Next);
            Assert.InRange(small.Count, 1, 10);
            Assert.True(small.TryGet<int>($"k{i}", out _));
        }

        Assert.Equal(10, small.Count);
    }

    [Fact]
    public async Task Once_ExpiredValues_AreSweptByNewOnes()
    {
        for (var i = 0; i < 100; i++)
        {
            await store.Once($"k{i}", Minute, Next);
        }

        time.Advance(Minute);
        for (var i = 0; i < 60; i++)
        {
            await store.Once($"new{i}", Minute, Next);
        }

        Assert.InRange(store.Count, 60, 100);
    }

    [Fact]
    public async Task Once_Hit_CompletesSynchronouslyAndAllocatesNothing()
    {
        Func<CancellationToken, ValueTask<int>> make = Next;
        await store.Once("k", Minute, make);
        var before = 0L;
        for (var i = 0; i < 200; i++)
        {
            if (i == 100)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
            }

            var hit = store.Once("k", Minute, make);
            if (!hit.IsCompletedSuccessfully)
            {
                Assert.Fail("a hit waits for nobody");
            }

            await hit;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void BadInput_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => { _ = store.Once("", Minute, Next); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = store.Once("k", -Minute, Next); });
        Assert.Throws<ArgumentNullException>(() => { _ = store.Once<int>("k", Minute, null!); });
        Assert.Equal(0, made);
    }

    private ValueTask<int> Next(CancellationToken stop) => new(++made);
}
