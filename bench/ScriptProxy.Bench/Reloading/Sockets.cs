using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ScriptProxy.Bench.Reloading;

/// <summary>An origin that echoes WebSocket messages.</summary>
internal sealed class EchoOrigin : IAsyncDisposable
{
    private readonly WebApplication _host;

    private EchoOrigin(WebApplication host) => _host = host;

    internal string Address => _host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    internal static async Task<EchoOrigin> StartAsync(CancellationToken stop)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var host = builder.Build();
        host.UseWebSockets();
        host.Run(EchoAsync);
        await host.StartAsync(stop);
        return new EchoOrigin(host);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[1024];
        try
        {
            while (await socket.ReceiveAsync(buffer, context.RequestAborted) is { MessageType: not WebSocketMessageType.Close } message)
            {
                await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, message.EndOfMessage, context.RequestAborted);
            }

            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException)
        {
            // The other side is gone.
        }
    }
}

/// <summary>WebSockets through the gateway that are opened once and must go on to the end.</summary>
internal sealed class OpenSockets : IDisposable
{
    private readonly List<ClientWebSocket> _sockets = [];
    private long _messages;

    internal long Messages => Interlocked.Read(ref _messages);

    internal int Broken { get; private set; }

    internal async Task OpenAsync(int port, int count, CancellationToken stop)
    {
        for (var i = 0; i < count; i++)
        {
            var socket = new ClientWebSocket();
            _sockets.Add(socket);
            await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/socket"), stop);
        }
    }

    /// <summary>A message to and fro on each, a few times a second.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        var results = await Task.WhenAll(_sockets.Select(s => TalkAsync(s, stop)));
        Broken = results.Count(whole => !whole);
    }

    public void Dispose() => _sockets.ForEach(s => s.Dispose());

    private async Task<bool> TalkAsync(ClientWebSocket socket, CancellationToken stop)
    {
        var buffer = new byte[1024];
        using var limit = new CancellationTokenSource();
        try
        {
            for (var n = 0; !stop.IsCancellationRequested; n++)
            {
                limit.CancelAfter(TimeSpan.FromSeconds(30));
                var message = Encoding.ASCII.GetBytes(n.ToString(CultureInfo.InvariantCulture));
                await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, limit.Token);
                var received = await socket.ReceiveAsync(buffer, limit.Token);
                if (!buffer.AsSpan(0, received.Count).SequenceEqual(message))
                {
                    return false;
                }

                Interlocked.Increment(ref _messages);
                await Task.Delay(200, limit.Token);
            }

            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token);
            return true;
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException)
        {
            return false;
        }
    }
}
