using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using ScriptProxy.Tests.Real.Echoing;

namespace ScriptProxy.Tests.Real;

/// <summary>A gRPC server over HTTP/2 without TLS.</summary>
internal sealed class GrpcOrigin : IAsyncDisposable
{
    private readonly WebApplication _app;

    private GrpcOrigin(WebApplication app) => _app = app;

    internal string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>Done when Hang was called.</summary>
    internal Task Hanging => _app.Services.GetRequiredService<Signals>().Hanging.Task;

    /// <summary>Done when the server was told that the client no longer waits for Hang.</summary>
    internal Task Cancelled => _app.Services.GetRequiredService<Signals>().Cancelled.Task;

    internal static async Task<GrpcOrigin> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2));
        builder.Services.AddRouting().AddSingleton<Signals>().AddGrpc();
        var app = builder.Build();
        app.UseRouting();
        app.MapGrpcService<EchoService>();
        await app.StartAsync();
        return new GrpcOrigin(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed class Signals
    {
        internal TaskCompletionSource Hanging { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class EchoService(Signals signals) : Echo.EchoBase
    {
        public override async Task<Line> Unary(Line request, ServerCallContext context)
        {
            await context.WriteResponseHeadersAsync(new Metadata { { "x-begin", context.RequestHeaders.GetValue("x-ask") ?? "" } });
            context.ResponseTrailers.Add("x-end-bin", [1, 2, 3]);
            return new Line { Text = request.Text + "!", Count = request.Count + 1 };
        }

        public override async Task<Line> Collect(IAsyncStreamReader<Line> requestStream, ServerCallContext context)
        {
            var answer = new Line();
            await foreach (var line in requestStream.ReadAllAsync())
            {
                answer.Count++;
                answer.Text += line.Text;
            }

            return answer;
        }

        public override async Task Expand(Line request, IServerStreamWriter<Line> responseStream, ServerCallContext context)
        {
            for (var n = 0; n < request.Count; n++)
            {
                await responseStream.WriteAsync(new Line { Text = request.Text, Count = n });
            }
        }

        public override async Task Chat(IAsyncStreamReader<Line> requestStream, IServerStreamWriter<Line> responseStream, ServerCallContext context)
        {
            await foreach (var line in requestStream.ReadAllAsync())
            {
                await responseStream.WriteAsync(new Line { Text = line.Text + "!", Count = line.Count });
            }
        }

        public override Task<Line> Fail(Line request, ServerCallContext context)
        {
            context.ResponseTrailers.Add("x-why", request.Text);
            throw new RpcException(new Status(StatusCode.FailedPrecondition, "not so: ü"));
        }

        public override async Task<Line> Hang(Line request, ServerCallContext context)
        {
            var ended = new TaskCompletionSource();
            await using var registration = context.CancellationToken.Register(() => ended.SetResult());
            signals.Hanging.TrySetResult();
            await ended.Task;
            signals.Cancelled.TrySetResult();
            throw new RpcException(Status.DefaultCancelled);
        }
    }
}
