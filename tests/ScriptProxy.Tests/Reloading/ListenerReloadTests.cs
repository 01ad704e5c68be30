using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Phases;
using ScriptProxy.Tests.Real;

namespace ScriptProxy.Tests.Reloading;

/// <summary>Listeners that stay, come and go.</summary>
public class ListenerReloadTests
{
    [Fact]
    public async Task ThatStays_KeepsItsConnections_OfHttp1AndHttp2()
    {
        await using var gateway = await TestGateway.StartAsync(Version(1));
        using var raw = await RawClient.ConnectAsync(gateway.Address);
        var connections = 0;
        using var http2 = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (context, stop) =>
            {
                Interlocked.Increment(ref connections);
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint, stop);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        {
            BaseAddress = new Uri(gateway.Address),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        for (var n = 1; n <= 4; n++)
        {
            await raw.SendAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            Assert.Equal($"version {n}", (await raw.ReadAnswerAsync()).Body);
            Assert.Equal($"version {n}", await http2.GetStringAsync("/"));
            await gateway.SaveAsync(Version(n + 1));
        }

        Assert.Equal(1, connections);
    }

    [Fact]
    public async Task Added_Opens_Removed_Closes_RequestsUnderWayEndWell()
    {
        var asked = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            await c.Response.WriteAsync("begun ");
            await c.Response.Body.FlushAsync();
            asked.TrySetResult();
            await release.Task;
            await c.Response.WriteAsync("ended");
        });
        var (first, second) = (Ports.Free(), Ports.Free());
        string Text(params int[] ports) =>
            $"""Route("/slow").To("{origin.Address}");""" + "\n" + Version(ports.Length) + "\n"
            + string.Concat(ports.Select(p => $"Listen(\"http://127.0.0.1:{p}\");\n"));
        await using var gateway = await TestGateway.StartAsync(Text(first));
        using var http2 = Clients.Http2(gateway);
        using var other = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{second}") };
        await Assert.ThrowsAsync<HttpRequestException>(() => other.GetStringAsync("/"));
        await gateway.SaveAsync(Text(first, second));
        Assert.Equal("version 2", await other.GetStringAsync("/"));
        Assert.Equal("version 2", await gateway.Client.GetStringAsync("/"));

        using var raw = await RawClient.ConnectAsync(gateway.Address);
        await raw.SendAsync("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
        var onHttp2 = http2.GetStringAsync("/slow");
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await TestGateway.WaitAsync(() => gateway.Host.Current!.Snapshot.Gate.Leases == 3);
        await gateway.SaveAsync(Text(second));
        await Refused(first);
        Assert.Equal("version 1", await other.GetStringAsync("/"));
        Assert.Equal([second], gateway.Host.Open.Select(l => l.Key.Port));
        release.SetResult();
        Assert.Equal("begun ended", (await raw.ReadAnswerAsync()).Body);
        Assert.Equal("begun ended", await onHttp2.WaitAsync(TimeSpan.FromSeconds(20)));

        // Closed as well, once it is idle.
        Assert.Equal("", await raw.ReadToEndAsync());
        await gateway.Log.WaitForAsync($"no longer listening on http://127.0.0.1:{first}");
        await gateway.SaveAsync(Text(first, second));
        Assert.Equal("version 2", await gateway.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task UnixSocket_RemovedAndAddedAgain_Serves()
    {
        await using var gateway = await TestGateway.StartAsync(Version(1) + "\nListen(\"http://127.0.0.1:0\");");
        var path = gateway.Folder.PathOf("s.sock");
        for (var n = 0; n < 2; n++)
        {
            await gateway.SaveAsync(Version(2) + $"\nListen(\"http://127.0.0.1:0\");\nListen(\"unix:{path}\");");
            using (var raw = await RawClient.ConnectAsync(new UnixDomainSocketEndPoint(path), ProtocolType.Unspecified))
            {
                await raw.SendAsync("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
                Assert.Equal("version 2", (await raw.ReadAnswerAsync()).Body);
            }

            await gateway.SaveAsync(Version(1) + "\nListen(\"http://127.0.0.1:0\");");
            await TestGateway.WaitAsync(() => gateway.Log.All.Count(l => l == $"no longer listening on unix:{path}") == n + 1);
        }
    }

    [Fact]
    public async Task PortThatChangesItsScheme_IsToldTheWay_WhichWorks()
    {
        var port = Ports.Free();
        await using var gateway = await TestGateway.StartAsync(Version(1) + $"\nListen(\"http://127.0.0.1:{port}\");");
        var https = Version(2) + $"\nListen(\"https://127.0.0.1:{port}\");";
        var told = await gateway.SaveBrokenAsync(https);
        Assert.Contains($"proxy.csx(2,1): error SP1020: cannot listen on https://127.0.0.1:{port}: http://127.0.0.1:{port} is open there", told, StringComparison.Ordinal);
        Assert.Equal("version 1", await gateway.Client.GetStringAsync("/"));
        await gateway.SaveAsync(Version(1) + "\nListen(\"http://127.0.0.1:0\");");
        await gateway.Log.WaitForAsync($"no longer listening on http://127.0.0.1:{port}");
        await gateway.SaveAsync(https);
        using var tls = Clients.Http11(gateway);
        Assert.Equal("version 2", await tls.GetStringAsync("/"));
    }

    private static string Version(int n) => $"""Route("/").Content(c => c.Text("version {n}"));""";

    private static async Task Refused(int port)
    {
        await TestGateway.WaitAsync(() =>
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Connect(IPAddress.Loopback, port);
                return false;
            }
            catch (SocketException error)
            {
                return error.SocketErrorCode == SocketError.ConnectionRefused;
            }
        });
    }
}
