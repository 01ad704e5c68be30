using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Plugins;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Hosting;

/// <summary>
/// What a start needs whatever proxy.csx says, done once on another core while the rest of the process begins: the code of the plugins that come with the program
/// is loaded, and a Kestrel without a socket answers one request, so that the code of both is compiled when it is needed. A start without it takes a quarter longer.
/// </summary>
internal static class Rehearsal
{
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(5);

    /// <summary>Begins it, and returns at once. What fails here fails again where it matters, and is told there.</summary>
    internal static void Begin(GatewaySetup setup)
    {
        // On one core it would only be in the way.
        if (Environment.ProcessorCount > 1)
        {
            _ = Task.Run(() => ShippedPlugins.LoadAhead(setup.ShippedPlugins, setup.BaseFolder));
            _ = Task.Run(async () =>
            {
                using var limit = new CancellationTokenSource(AtMost);
                try
                {
                    await AnswerAsync(limit.Token);
                }
                catch (Exception)
                {
                    // The listeners that matter will tell.
                }
            });
        }
    }

    /// <returns>The answer's beginning.</returns>
    internal static async Task<string> AnswerAsync(CancellationToken stop)
    {
        var (up, down) = (new Pipe(), new Pipe());
        await up.Writer.WriteAsync("GET / HTTP/1.1\r\nHost: rehearsal\r\n\r\n"u8.ToArray(), stop);
        var connection = new Connection(new Ends(up.Reader, down.Writer), new Ends(down.Reader, up.Writer));
        var key = new ListenerKey("http", IPAddress.Loopback.ToString(), 0, ListenerProtocols.Http1 | ListenerProtocols.Http2, IsAdmin: false);
        await using var listener = await ListenerServer.StartAsync(key, new GatewayLimits(), tls: null, new Hello(), new OneConnection(connection), NullLoggerFactory.Instance, stop);
        var answer = Encoding.ASCII.GetString((await down.Reader.ReadAsync(stop)).Buffer);
        await up.Writer.CompleteAsync();
        await down.Reader.CompleteAsync();
        await listener.StopAsync(stop);
        return answer;
    }

    private sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class Hello : IHttpApplication<IFeatureCollection>
    {
        public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

        public async Task ProcessRequestAsync(IFeatureCollection context)
        {
            context.GetRequiredFeature<IHttpResponseFeature>().Headers.ContentType = "text/plain; charset=utf-8";
            var body = context.GetRequiredFeature<IHttpResponseBodyFeature>();
            await body.Writer.WriteAsync("hello"u8.ToArray());
            await body.CompleteAsync();
        }

        public void DisposeContext(IFeatureCollection context, Exception? exception)
        {
        }
    }

    /// <summary>Ends when the client's side of it does.</summary>
    private sealed class Connection(IDuplexPipe transport, IDuplexPipe application) : DefaultConnectionContext("rehearsal", transport, application)
    {
        // Its own way cancels a token on another thread, which then may be disposed of: that would end the process.
        public override void Abort(ConnectionAbortedException abortReason)
        {
        }
    }

    /// <summary>Hands out one connection, then none.</summary>
    private sealed class OneConnection(ConnectionContext connection) : IConnectionListenerFactory, IConnectionListener
    {
        private readonly TaskCompletionSource<ConnectionContext?> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private ConnectionContext? _next = connection;

        public EndPoint EndPoint { get; } = new IPEndPoint(IPAddress.Loopback, 0);

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(this);

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            Interlocked.Exchange(ref _next, null) is { } next ? new(next) : new(_closed.Task);

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _closed.TrySetResult(null);
            return default;
        }

        public ValueTask DisposeAsync() => UnbindAsync(CancellationToken.None);
    }
}
