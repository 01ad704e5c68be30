using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.AspNetCore.Hosting.Server;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Tests.Bodies;

/// <summary>A real server whose answers pass one ResponseBody, as those of the gateway do.</summary>
internal sealed class ResponseBodyServer : IResponseBodyOwner, IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ResponseBody _body = new();
    private HttpContext _context = null!;

    private ResponseBodyServer(RequestDelegate handler)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(System.Net.IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http1));
        _app = builder.Build();
        _app.Run(context => RunAsync(context, handler));
        Client = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = System.Net.DecompressionMethods.None });
    }

    internal HttpClient Client { get; }

    internal Func<HttpContext, ValueTask<BodyPlan?>> Decide { get; set; } = _ => default;

    internal int Decisions { get; private set; }

    internal ResponseBody Body => _body;

    /// <summary>What the last request sent, and failed with.</summary>
    internal TaskCompletionSource<(long Bytes, Exception? Failure)> Done { get; private set; } = new();

    internal static async Task<ResponseBodyServer> StartAsync(RequestDelegate handler, BodyPlan? plan = null)
    {
        var server = new ResponseBodyServer(handler);
        if (plan is not null)
            server.Decide = _ => new(plan);
        await server._app.StartAsync();
        server.Client.BaseAddress = new Uri(server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return server;
    }

    public ValueTask<BodyPlan?> OnStartAsync()
    {
        Decisions++;
        return Decide(_context);
    }

    /// <summary>Sends a request and gives all that comes back until the connection closes.</summary>
    internal async Task<string> RawAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", Client.BaseAddress!.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        var all = new MemoryStream();
        try
        {
            await stream.CopyToAsync(all);
        }
        catch (IOException)
        {
            // A reset is an end as well.
        }

        return Encoding.Latin1.GetString(all.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }

    private async Task RunAsync(HttpContext context, RequestDelegate handler)
    {
        var inner = context.Features.Get<IHttpResponseBodyFeature>()!;
        _context = context;
        _body.Initialize(context, inner, this);
        context.Features.Set<IHttpResponseBodyFeature>(_body);
        Exception? failed = null;
        try
        {
            await handler(context);
            await _body.FinishAsync();
        }
        catch (Exception e)
        {
            var failure = _body.Failure ?? e;
            if (_body.TryRestart())
            {
                context.Response.Clear();
                context.Response.StatusCode = failure is BodyNotFilterableException ? 502 : 500;
                Decide = _ => default;
                await context.Response.WriteAsync(failure.GetType().Name);
                await _body.FinishAsync();
            }
            else
            {
                context.Abort();
            }

            failed = failure;
        }

        var sent = _body.BytesSent;
        context.Features.Set(inner);
        _body.Reset();
        Done.TrySetResult((sent, failed));
    }

    /// <summary>Waits for the last request's end on this side, and makes ready for the next.</summary>
    internal async Task<(long Bytes, Exception? Failure)> DoneAsync()
    {
        var result = await Done.Task.WaitAsync(TestContext.Current.CancellationToken);
        Done = new TaskCompletionSource<(long, Exception?)>();
        return result;
    }
}
