using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Bench.Purging;

/// <summary>An origin whose every answer is another one, and may be kept for an hour.</summary>
internal sealed class NewsOrigin : IAsyncDisposable
{
    private readonly WebApplication _host;
    private int _asked;

    private NewsOrigin(int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        _host = builder.Build();
        _host.Run(context =>
        {
            context.Response.Headers.CacheControl = "max-age=3600";
            context.Response.Headers["Cache-Tag"] = "news";
            var text = Interlocked.Increment(ref _asked).ToString(CultureInfo.InvariantCulture);
            context.Response.ContentLength = text.Length;
            return context.Response.WriteAsync(text, context.RequestAborted);
        });
    }

    internal static async Task<NewsOrigin> StartAsync(int port, CancellationToken stop)
    {
        var origin = new NewsOrigin(port);
        await origin._host.StartAsync(stop);
        return origin;
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
