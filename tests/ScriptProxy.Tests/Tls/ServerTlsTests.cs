using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Tls;

namespace ScriptProxy.Tests.Tls;

public sealed class ServerTlsTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData("shop.example", "CN=shop.example")]
    [InlineData("SHOP.example", "CN=shop.example")]
    [InlineData("a.wild.example", "CN=*.wild.example")]
    [InlineData("bücher.example", "CN=xn--bcher-kva.example")]
    [InlineData("unknown.example", "CN=default.example")]
    [InlineData("127.0.0.1", "CN=default.example")]
    [InlineData("", "CN=default.example")]
    public async Task Handshake_ServerName_ChoosesTheCertificate(string serverName, string subject)
    {
        using CertificateSet set = LoadNamed();
        await using Listener listener = await Listener.StartAsync(hello => new TlsAnswer(set.Find(hello.ServerName)));

        using Client client = await listener.ConnectAsync(serverName);

        Assert.Equal(subject, client.ServerCertificate.Subject);
        Assert.StartsWith("HTTP/1.1 200", await client.GetAsync());
    }

    [Fact]
    public async Task Handshake_NoServerName_IsToldAsNull()
    {
        using CertificateSet set = LoadNamed();
        var seen = new List<TlsHello>();
        await using Listener listener = await Listener.StartAsync(hello =>
        {
            seen.Add(hello);
            return new TlsAnswer(set.Find(hello.ServerName));
        });

        using Client first = await listener.ConnectAsync("");
        using Client second = await listener.ConnectAsync("shop.example");

        Assert.Equal([null, "shop.example"], seen.Select(h => h.ServerName));
        Assert.True(seen[0].Protocols.HasFlag(SslProtocols.Tls12));
        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)seen[0].Connection.RemoteEndPoint!).Address);
    }

    [Fact]
    public async Task Handshake_SendsTheIntermediateAndNotTheRoot()
    {
        using CertificateSet set = LoadNamed();
        await using Listener listener = await Listener.StartAsync(hello => new TlsAnswer(set.Find(hello.ServerName)));

        using Client client = await listener.ConnectAsync("shop.example");

        Assert.Equal(["CN=shop.example", "CN=Test intermediate"], client.Sent);
    }

    [Theory]
    [InlineData(HttpProtocols.Http1AndHttp2, "h2")]
    [InlineData(HttpProtocols.Http1, "http/1.1")]
    [InlineData(HttpProtocols.Http2, "h2")]
    public async Task Handshake_Alpn_OffersTheListenersProtocols(HttpProtocols protocols, string expected)
    {
        using CertificateSet set = LoadNamed();
        await using Listener listener = await Listener.StartAsync(hello => new TlsAnswer(set.Find(hello.ServerName)), protocols);

        using Client client = await listener.ConnectAsync("shop.example", o => o.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11]);

        Assert.Equal(expected, client.Stream.NegotiatedApplicationProtocol.ToString());
    }

    [Fact]
    public async Task Handshake_Versions_TwelveIsTheLeast()
    {
        using CertificateSet set = LoadNamed();
        await using Listener listener = await Listener.StartAsync(hello => new TlsAnswer(set.Find(hello.ServerName)));

        foreach (SslProtocols version in (SslProtocols[])[SslProtocols.Tls12, SslProtocols.Tls13])
        {
            using Client client = await listener.ConnectAsync("shop.example", o => o.EnabledSslProtocols = version);
            Assert.Equal(version, client.Stream.SslProtocol);
        }

#pragma warning disable SYSLIB0039, CA5397 // The test asks for what must be refused.
        await Assert.ThrowsAnyAsync<Exception>(() => listener.ConnectAsync("shop.example", o => o.EnabledSslProtocols = SslProtocols.Tls11));
#pragma warning restore SYSLIB0039, CA5397
    }

    [Fact]
    public async Task Handshake_NoCertificateOrFailingSelector_IsRefusedAndTheListenerLivesOn()
    {
        using CertificateSet set = LoadNamed();
        await using Listener listener = await Listener.StartAsync(hello => hello.ServerName switch
        {
            "none.example" => default,
            "throws.example" => throw new InvalidOperationException("the handler broke"),
            _ => new TlsAnswer(set.Find(hello.ServerName)),
        });

        await Assert.ThrowsAnyAsync<Exception>(() => listener.ConnectAsync("none.example"));
        await Assert.ThrowsAnyAsync<Exception>(() => listener.ConnectAsync("throws.example"));
        using Client client = await listener.ConnectAsync("shop.example");

        Assert.StartsWith("HTTP/1.1 200", await client.GetAsync());
        Assert.Contains(listener.Log, l => l.Contains("There is no certificate for none.example"));
        Assert.Contains(listener.Log, l => l.Contains("Choosing the certificate for throws.example failed: the handler broke"));
        Assert.DoesNotContain(listener.Log, l => l.Split(' ')[0] is "Error" or "Critical");
    }

    [Theory]
    [InlineData(ClientCertificateMode.NoCertificate, "none", "200 nobody")]
    [InlineData(ClientCertificateMode.NoCertificate, "good", "200 nobody")]
    [InlineData(ClientCertificateMode.AllowCertificate, "none", "200 nobody")]
    [InlineData(ClientCertificateMode.AllowCertificate, "good", "200 CN=alice")]
    [InlineData(ClientCertificateMode.AllowCertificate, "foreign", "refused")]
    [InlineData(ClientCertificateMode.RequireCertificate, "none", "refused")]
    [InlineData(ClientCertificateMode.RequireCertificate, "good", "200 CN=alice")]
    [InlineData(ClientCertificateMode.RequireCertificate, "foreign", "refused")]
    [InlineData(ClientCertificateMode.DelayCertificate, "good", "200 CN=alice")]
    public async Task ClientCertificate_FollowsTheMode(ClientCertificateMode mode, string which, string outcome)
    {
        using var foreigners = new TestAuthority();
        using CertificateSet set = LoadNamed();
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.Add(_authority.Root);
        trust.ExtraStore.Add(_authority.Intermediate);
        await using Listener listener = await Listener.StartAsync(_ => new TlsAnswer(set.Find("shop.example"), mode, trust), HttpProtocols.Http1);
        X509Certificate2? own = which switch
        {
            "good" => _authority.Issue("alice"),
            "foreign" => foreigners.Issue("alice"),
            _ => null,
        };

        string answer = "refused";
        try
        {
            using Client client = await listener.ConnectAsync("shop.example", o => o.ClientCertificateContext = own is null ? null : SslStreamCertificateContext.Create(own, null, offline: true));
            string[] lines = (await client.GetAsync()).Split("\r\n");
            if (lines.Length > 1)
                answer = $"{lines[0].Split(' ')[1]} {lines[^1]}";
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // TLS 1.3 tells the client only with its first read.
        }

        Assert.Equal(outcome, answer);
    }

    [Fact]
    public async Task SelfSigned_IsAcceptedByAClientThatTrustsIt()
    {
        SslStreamCertificateContext own = SelfSigned.Create(["dev.example"], TimeProvider.System);
        await using Listener listener = await Listener.StartAsync(_ => new TlsAnswer(own));
        SslPolicyErrors? errors = null;

        using Client client = await listener.ConnectAsync("dev.example", o =>
        {
            o.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            o.CertificateChainPolicy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(own.TargetCertificate.RawData));
            o.RemoteCertificateValidationCallback = (_, _, _, e) =>
            {
                errors = e;
                return true;
            };
        });

        Assert.Equal(SslPolicyErrors.None, errors);
    }

    [Fact]
    public void Http3_WhereItIsNotSupported_SaysWhy()
    {
#pragma warning disable CA1416 // Asking is what is tested, on every platform.
        Assert.Equal(System.Net.Quic.QuicListener.IsSupported, Http3.IsSupported);
#pragma warning restore CA1416
        Assert.Equal(Http3.IsSupported, Http3.Unavailable is null);
        if (!Http3.IsSupported)
            Assert.StartsWith("HTTP/3 is off: ", Http3.Unavailable);
    }

    private CertificateSet LoadNamed()
    {
        _authority.WriteBoth("shop", "shop.example");
        _authority.WriteBoth("wild", "*.wild.example");
        _authority.WriteBoth("idn", "xn--bcher-kva.example");
        _authority.WriteBoth("default", "default.example");
        return CertificateSet.Load(
            [
                new("shop.example", "shop.pem", "shop.key"),
                new("*.wild.example", "wild.pem", "wild.key"),
                new("bücher.example", "idn.pem", "idn.key"),
                new("*", "default.pem", "default.key"),
            ],
            _authority.Folder,
            TimeProvider.System);
    }

    private sealed class Listener : IAsyncDisposable
    {
        private readonly WebApplication _app;

        private Listener(WebApplication app, LogLines log)
        {
            _app = app;
            Log = log.Lines;
        }

        public IReadOnlyCollection<string> Log { get; }

        public static async Task<Listener> StartAsync(Func<TlsHello, TlsAnswer> select, HttpProtocols protocols = HttpProtocols.Http1AndHttp2)
        {
            var log = new LogLines();
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders().AddProvider(log).SetMinimumLevel(LogLevel.Debug);
            builder.WebHost.UseKestrelHttpsConfiguration();
            builder.WebHost.ConfigureKestrel(o => o.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = protocols;
                listen.UseHttps(ServerTls.Options((hello, _) => new(select(hello))));
            }));
            WebApplication app = builder.Build();
            app.Run(async context =>
            {
                X509Certificate2? certificate = await context.Connection.GetClientCertificateAsync();
                await context.Response.WriteAsync(certificate?.Subject ?? "nobody");
            });
            await app.StartAsync();
            return new Listener(app, log);
        }

        public async Task<Client> ConnectAsync(string serverName, Action<SslClientAuthenticationOptions>? configure = null)
        {
            var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, new Uri(_app.Urls.Single()).Port);
            var client = new Client(socket);
            var options = new SslClientAuthenticationOptions { TargetHost = serverName };
            options.CertificateChainPolicy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
            options.RemoteCertificateValidationCallback = (_, _, chain, _) =>
            {
                client.Sent = [.. chain!.ChainElements.Select(e => e.Certificate.Subject)];
                return true;
            };
            configure?.Invoke(options);
            await client.Stream.AuthenticateAsClientAsync(options);
            return client;
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();
    }

    private sealed class Client(TcpClient socket) : IDisposable
    {
        public SslStream Stream { get; } = new(socket.GetStream());

        /// <summary>The subjects of the chain that the client could build: it knows nothing but what was sent.</summary>
        public string[] Sent { get; set; } = [];

        public X509Certificate2 ServerCertificate => (X509Certificate2)Stream.RemoteCertificate!;

        public async Task<string> GetAsync()
        {
            await Stream.WriteAsync("GET / HTTP/1.0\r\nHost: x\r\n\r\n"u8.ToArray());
            return await new StreamReader(Stream, Encoding.UTF8).ReadToEndAsync();
        }

        public void Dispose()
        {
            Stream.Dispose();
            socket.Dispose();
        }
    }

    private sealed class LogLines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => Lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
