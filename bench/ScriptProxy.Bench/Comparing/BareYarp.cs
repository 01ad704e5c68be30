using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using ScriptProxy.Core.Hosting;
using Yarp.ReverseProxy.Forwarder;

namespace ScriptProxy.Bench.Comparing;

/// <summary>The least that YARP and Kestrel can be asked to do, tuned like the gateway: what the gateway costs beyond that is its own.</summary>
internal static class BareYarp
{
    private static readonly ForwarderRequestConfig Config = new() { ActivityTimeout = TimeSpan.FromSeconds(100) };

    private static readonly HttpTransformer Scripted = new Stripping("/script", "scripted");
    private static readonly HttpTransformer Big = new Stripping("/big", gateway: null);
    private static int _turn;

    internal static async Task<int> RunAsync(int port, string[] backends, CancellationToken stop)
    {
        InlineCompletions.Enable();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddHttpForwarder();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        await using var host = builder.Build();
        var forwarder = host.Services.GetRequiredService<IHttpForwarder>();
        using var client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            EnableMultipleHttp2Connections = true,
        });
        host.Run(context => AnswerAsync(context, forwarder, client, backends));
        await host.StartAsync(stop);
        try
        {
            await Task.Delay(Timeout.Infinite, stop);
        }
        catch (OperationCanceledException)
        {
            await host.StopAsync(CancellationToken.None);
        }

        return 0;
    }

    private static Task AnswerAsync(HttpContext context, IHttpForwarder forwarder, HttpMessageInvoker client, string[] backends)
    {
        var backend = backends[(uint)Interlocked.Increment(ref _turn) % (uint)backends.Length];
        var path = context.Request.Path;
        if (path == "/content")
        {
            context.Response.ContentType = "text/plain; charset=utf-8";
            context.Response.ContentLength = 12;
            return context.Response.WriteAsync("hello world\n", context.RequestAborted);
        }

        if (path.StartsWithSegments("/script", StringComparison.Ordinal))
        {
            var token = context.Request.Headers["X-Token"].ToString();
            if (token == "bad")
            {
                context.Response.StatusCode = StatusCodes.Status403Forbidden;
                return Task.CompletedTask;
            }

            context.Request.Headers["X-User"] = "u-" + token;
            return forwarder.SendAsync(context, backend, client, Config, Scripted, CancellationToken.None).AsTask();
        }

        var transformer = path.StartsWithSegments("/big", StringComparison.Ordinal) ? Big : HttpTransformer.Default;
        return forwarder.SendAsync(context, backend, client, Config, transformer, CancellationToken.None).AsTask();
    }

    /// <summary>Takes a prefix off the path, and marks the answer.</summary>
    private sealed class Stripping(string prefix, string? gateway) : HttpTransformer
    {
        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            httpContext.Request.Path.StartsWithSegments(prefix, StringComparison.Ordinal, out var rest);
            proxyRequest.RequestUri = RequestUtilities.MakeDestinationAddress(destinationPrefix, rest, httpContext.Request.QueryString);
        }

        public override ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
        {
            var pending = base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
            if (gateway is not null)
            {
                httpContext.Response.Headers["X-Gateway"] = gateway;
            }

            return pending;
        }
    }
}
