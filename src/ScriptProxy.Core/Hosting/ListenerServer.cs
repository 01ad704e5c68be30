using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Net;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Hosting;

/// <summary>One listener: a Kestrel of its own, so that it can be opened and closed while the others serve.</summary>
internal sealed class ListenerServer : IAsyncDisposable
{
    // Slow is not stalled: a client may pause for a minute before its connection is taken for dead.
    private static readonly MinDataRate Slowest = new(bytesPerSecond: 1, gracePeriod: TimeSpan.FromSeconds(60));

    private readonly WebApplication _host;
    private readonly IServer _server;

    private ListenerServer(ListenerKey key, WebApplication host)
    {
        Key = key;
        _host = host;
        _server = host.Services.GetRequiredService<IServer>();
    }

    internal ListenerKey Key { get; }

    /// <summary>Where it really listens; differs from what was asked for where that was port 0.</summary>
    internal string Address { get; private set; } = "";

    /// <exception cref="IOException">The address is in use or cannot be bound, or the platform lacks the protocol.</exception>
    internal static async Task<ListenerServer> StartAsync<TContext>(
        ListenerKey key,
        GatewayLimits limits,
        TlsHandshakeCallbackOptions? tls,
        IHttpApplication<TContext> application,
        IConnectionListenerFactory? transport,
        ILoggerFactory loggers,
        CancellationToken stop)
        where TContext : notnull
    {
        // Another transport than sockets carries connections, and HTTP/3 has none.
        var http3 = key.Protocols.HasFlag(ListenerProtocols.Http3) && Tls.Http3.IsSupported && transport is null;
        if (key.Protocols == ListenerProtocols.Http3 && !http3)
        {
            throw new IOException(Tls.Http3.Unavailable ?? "HTTP/3 needs a network");
        }

        if (key.UnixPath is { } path && transport is null)
        {
            await SocketFile.ClearAsync(path, stop);
        }

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        if (transport is not null)
        {
            builder.Services.AddSingleton(transport);
        }

        builder.WebHost.UseKestrelCore();
        if (http3)
        {
            builder.WebHost.UseQuic();
        }

        if (transport is null)
        {
            builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = InlineCompletions.Enabled);
        }

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            Configure(kestrel, limits);
            Bind(kestrel, key, tls, limits, http3);
        });
        var host = builder.Build();
        var listener = new ListenerServer(key, host);
        try
        {
            await listener._server.StartAsync(application, stop);
            if (key.UnixPath is { } file && transport is null)
            {
                SocketFile.Open(file, toAll: !key.IsAdmin);
            }
        }
        catch (Exception error) when (error is IOException or SocketException or InvalidOperationException)
        {
            await host.DisposeAsync();
            throw new IOException(Explain(key, error), error);
        }

        listener.Address = listener._server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? key.Display;
        return listener;
    }

    /// <summary>Closes the door at once and waits for the requests under way, at most until cancelled; then they are cut off.</summary>
    internal async Task StopAsync(CancellationToken atMost)
    {
        await _server.StopAsync(atMost);
        await _host.DisposeAsync();
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private static void Configure(KestrelServerOptions kestrel, GatewayLimits limits)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        kestrel.AllowAlternateSchemes = true;
        kestrel.RequestHeaderEncodingSelector = static header => header.Equals("Connection", StringComparison.OrdinalIgnoreCase)
            ? ConnectionEncoding.Instance
            : EntityTags.AreIn(header) ? Encoding.Latin1
            : ContentLengthEncoding.Select(header);

        // What a peer sends is read as Latin-1, so that these are the bytes that it wrote.
        kestrel.ResponseHeaderEncodingSelector = static _ => AnswerHeaderEncoding.Instance;

        // RFC 9112, 3.2.2: the host of a whole URL on the request line counts, whatever Host says.
        kestrel.AllowHostHeaderOverride = true;
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MaxRequestLineSize = limits.RequestLine;
        kestrel.Limits.MaxRequestHeadersTotalSize = limits.RequestHeaders;

        // The limit is their size; no field is shorter than this.
        kestrel.Limits.MaxRequestHeaderCount = Math.Max(1, limits.RequestHeaders / "a:\r\n".Length);
        kestrel.Limits.MaxRequestBufferSize = Math.Max(1024 * 1024, limits.RequestLine);
        kestrel.Limits.Http2.MaxRequestHeaderFieldSize = limits.RequestHeaders;
        kestrel.Limits.MaxConcurrentConnections = limits.Connections;
        kestrel.Limits.MaxConcurrentUpgradedConnections = limits.Connections;
        kestrel.Limits.RequestHeadersTimeout = limits.HeadersTimeout;
        kestrel.Limits.KeepAliveTimeout = limits.KeepAlive;
        kestrel.Limits.MinRequestBodyDataRate = Slowest;
        kestrel.Limits.MinResponseDataRate = Slowest;
    }

    private static void Bind(KestrelServerOptions kestrel, ListenerKey key, TlsHandshakeCallbackOptions? tls, GatewayLimits limits, bool http3)
    {
        void Use(ListenOptions options)
        {
            if (tls is null)
            {
                DirectOutput.Use(options);
            }

            if (tls is null && key.Protocols == (ListenerProtocols.Http1 | ListenerProtocols.Http2))
            {
                // Kestrel would warn that it cannot tell the two apart if they were asked for by name; they are its default.
                PriorKnowledge.Use(options, limits.KeepAlive);
                return;
            }

            options.Protocols = (key.Protocols.HasFlag(ListenerProtocols.Http1) ? HttpProtocols.Http1 : HttpProtocols.None)
                | (key.Protocols.HasFlag(ListenerProtocols.Http2) ? HttpProtocols.Http2 : HttpProtocols.None)
                | (http3 ? HttpProtocols.Http3 : HttpProtocols.None);
            if (tls is not null)
            {
                options.UseHttps(tls);
            }
        }

        if (key.UnixPath is { } path)
        {
            kestrel.ListenUnixSocket(path, Use);
        }
        else if (key.Host == "localhost")
        {
            kestrel.ListenLocalhost(key.Port, Use);
        }
        else if (key.Host == "*")
        {
            kestrel.ListenAnyIP(key.Port, Use);
        }
        else
        {
            kestrel.Listen(IPAddress.Parse(key.Host), key.Port, Use);
        }
    }

    private static string Explain(ListenerKey key, Exception error)
    {
        for (var inner = error; inner is not null; inner = inner.InnerException)
        {
            if (inner is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
            {
                return PortOwner.Find(key.Port) is { } owner
                    ? $"port {key.Port} is in use by {owner}"
                    : $"port {key.Port} is in use by another program";
            }

            if (inner is SocketException { SocketErrorCode: SocketError.AccessDenied })
            {
                return $"this user may not listen on port {key.Port}";
            }

            if (inner is SocketException { SocketErrorCode: SocketError.AddressNotAvailable })
            {
                return $"this machine has no address {key.Host}";
            }
        }

        return error.Message;
    }
}
