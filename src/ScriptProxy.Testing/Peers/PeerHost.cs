using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Testing.Clock;
using ScriptProxy.Testing.Memory;

namespace ScriptProxy.Testing.Peers;

/// <summary>One Kestrel that stands for every server behind a gateway.</summary>
internal sealed partial class PeerHost : IAsyncDisposable
{
    private static readonly IPEndPoint At = new(IPAddress.Loopback, 1);

    private readonly MemoryTransport _transport = new();
    private readonly TestPeers _peers;
    private readonly Stillness _stillness;
    private readonly ILogger _logger;
    private readonly WebApplication _app;

    private PeerHost(TestPeers peers, Stillness stillness, ILogger logger)
    {
        _peers = peers;
        _stillness = stillness;
        _logger = logger;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<Microsoft.AspNetCore.Connections.IConnectionListenerFactory>(_transport);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(At, listen => PriorKnowledge.Use(listen, TimeSpan.FromMinutes(5)));
        });
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Run(AnswerAsync);
    }

    internal static async Task<PeerHost> StartAsync(TestPeers peers, Stillness stillness, ILogger logger)
    {
        var host = new PeerHost(peers, stillness, logger);
        await host._app.StartAsync();
        return host;
    }

    /// <param name="peer">Scheme and authority of the server that the connection is to.</param>
    internal Stream Connect(string peer) => _transport.Connect(At, new IPEndPoint(IPAddress.Loopback, 2), features => features.Set(new PeerAddress(peer)));

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await _app.StopAsync(atOnce.Token);
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var peer = context.Features.GetRequiredFeature<PeerAddress>().Address;
        try
        {
            var answer = await _peers.AnswerAsync(peer, context, _stillness);
            if (!answer.Waits)
            {
                await answer.WriteAsync(context);
                return;
            }

            _stillness.Park();
            try
            {
                await answer.WriteAsync(context);
            }
            finally
            {
                _stillness.Unpark();
            }
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The gateway has gone.
        }
        catch (Exception error)
        {
            LogFailed(_logger, peer, error);
            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }

            await PeerAnswer.Text($"the test's answer for {peer} failed: {error.Message}\n", StatusCodes.Status500InternalServerError).WriteAsync(context);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "the test's answer for {Peer} failed")]
    private static partial void LogFailed(ILogger logger, string peer, Exception error);

    private sealed record PeerAddress(string Address);
}
