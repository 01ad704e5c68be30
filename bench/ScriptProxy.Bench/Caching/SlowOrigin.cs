using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Bench.Caching;

/// <summary>An origin that takes its time, and counts who asks.</summary>
internal sealed class SlowOrigin : IAsyncDisposable
{
    internal static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(500);

    private readonly WebApplication _host;
    private int _asked;

    private SlowOrigin(int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        _host = builder.Build();
        _host.Run(AnswerAsync);
    }

    internal int Asked => Volatile.Read(ref _asked);

    internal static async Task<SlowOrigin> StartAsync(int port, CancellationToken stop)
    {
        var origin = new SlowOrigin(port);
        await origin._host.StartAsync(stop);
        return origin;
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        Interlocked.Increment(ref _asked);
        await Task.Delay(Delay, context.RequestAborted);
        context.Response.Headers.CacheControl = "max-age=3600";
        context.Response.ContentLength = Stampede.Body.Length;
        await context.Response.WriteAsync(Stampede.Body, context.RequestAborted);
    }
}
