using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Http1;

/// <summary>A timer that waits for a request which has long ended is memory: a minute and a half of all requests.</summary>
public class TimersTests
{
    [Theory]
    [InlineData("plain", """Route("/{**path}").To("ORIGIN");""")]
    [InlineData("a handler that waits, after which nothing of the request is used again", """Route("/{**path}").Access(async r => await Task.Yield()).To("ORIGIN");""")]
    [InlineData("a miss of the cache", """Route("/{**path}").Cache(ttl: Minutes(1)).To("ORIGIN");""")]
    [InlineData("a subrequest", """Route("/sub/{**path}").To("ORIGIN"); Route("/{**path}").Content(async c => c.Text(await (await c.Subrequest("/sub/x")).ReadTextAsync()));""")]
    public async Task AfterManyRequests_NoneIsLeftBehind(string what, string proxy)
    {
        await using var origin = await Origin.StartAsync(c => c.Response.WriteAsync("hello"));
        var time = new CountedTime();
        await using var gateway = await TestGateway.StartAsync(proxy.Replace("ORIGIN", origin.Address, StringComparison.Ordinal), time);
        await AskAsync(gateway, 0, 3);
        var before = time.Alive;
        await AskAsync(gateway, 3, 100);
        Assert.True(time.Alive < before + 10, $"{what}: {before} timers, {time.Alive} after 100 requests");
    }

    private static async Task AskAsync(TestGateway gateway, int from, int count)
    {
        for (var i = from; i < from + count; i++)
        {
            Assert.Equal("hello", await gateway.Client.GetStringAsync($"/{i}"));
        }
    }

    private sealed class CountedTime : TimeProvider
    {
        private int _alive;

        internal int Alive => Volatile.Read(ref _alive);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Increment(ref _alive);
            return new Counted(this, System.CreateTimer(callback, state, dueTime, period));
        }

        private sealed class Counted(CountedTime owner, ITimer timer) : ITimer
        {
            private int _disposed;

            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

            public void Dispose()
            {
                timer.Dispose();
                Count();
            }

            public ValueTask DisposeAsync()
            {
                Count();
                return timer.DisposeAsync();
            }

            private void Count()
            {
                if (Interlocked.Exchange(ref _disposed, 1) == 0)
                {
                    Interlocked.Decrement(ref owner._alive);
                }
            }
        }
    }
}
