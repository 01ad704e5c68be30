using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.LoadBalancing;

/// <summary>A server that answers its name; to /hold only when it is let go.</summary>
internal sealed class Holding : IAsyncDisposable
{
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly ConcurrentQueue<TaskCompletionSource> _held = new();
    private readonly Origin _origin;

    private Holding(Origin origin) => _origin = origin;

    internal string Address => _origin.Address;

    internal static async Task<Holding> StartAsync(string name)
    {
        Holding? self = null;
        var origin = await Origin.StartAsync(async c =>
        {
            if (c.Request.Path.StartsWithSegments("/hold", StringComparison.Ordinal))
            {
                var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                self!._held.Enqueue(held);
                self._arrived.Release();
                await held.Task;
            }

            c.Response.StatusCode = c.Request.Query.ContainsKey("fail") ? 503 : 200;
            c.Response.Headers.SetCookie = "own=1";
            await c.Response.WriteAsync(name);
        });
        return self = new Holding(origin);
    }

    /// <summary>Waits until one more request is held.</summary>
    internal async Task ArrivedAsync() => Assert.True(await _arrived.WaitAsync(TimeSpan.FromSeconds(20)), "no request arrived");

    internal void LetOneGo()
    {
        Assert.True(_held.TryDequeue(out var held));
        held.SetResult();
    }

    public async ValueTask DisposeAsync()
    {
        while (_held.TryDequeue(out var held))
        {
            held.TrySetResult();
        }

        await _origin.DisposeAsync();
        _arrived.Dispose();
    }
}
