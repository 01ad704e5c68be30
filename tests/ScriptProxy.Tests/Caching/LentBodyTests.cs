using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Caching;

/// <summary>Large bodies in memory are sent from where they are stored: every client gets its own answer whole, and what is stored is never changed.</summary>
[Collection("The cache's memory")]
public sealed class LentBodyTests
{
    private static readonly int[] Sizes = [1, 16_384, 16_385, 65_536, 100_000, 700_000, 3_000_000];

    /// <summary>/b/LENGTH, with a length and without one.</summary>
    private static async Task AnswerAsync(HttpContext context)
    {
        var body = Body(int.Parse(context.Request.Path.Value!.Split('/')[^1], System.Globalization.CultureInfo.InvariantCulture));
        context.Response.Headers.CacheControl = "max-age=600";
        context.Response.ContentType = "text/plain";
        context.Response.ContentLength = context.Request.Query.ContainsKey("chunked") ? null : body.Length;
        await context.Response.Body.WriteAsync(body);
    }

    private static byte[] Body(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(33 + ((i ^ (i / 90) ^ length) % 90)))];

    private static async Task StoreAsync(CacheLab lab, string path)
    {
        // Until the one who fetched it has stored it.
        for (var answer = ""; !answer.Contains("; hit", StringComparison.Ordinal);)
        {
            answer = (await lab.GetAsync(path))["Cache-Status"]!;
        }
    }

    [Fact]
    public async Task Hits_OneAfterTheOtherOnOneConnection_AreWholeAndInOrder()
    {
        await using var lab = await CacheLab.StartAsync(AnswerAsync);
        var paths = Sizes.SelectMany(size => new[] { $"/b/{size}", $"/b/{size}?chunked" }).ToList();
        foreach (var path in paths)
        {
            await StoreAsync(lab, path);
        }

        using var client = await ConnectAsync(lab);
        var asking = Task.Run(async () =>
        {
            for (var round = 0; round < 3; round++)
            {
                foreach (var path in paths)
                {
                    await client.GetStream().WriteAsync(Get(lab, path));
                    await client.GetStream().WriteAsync(Get(lab, path, "Range: bytes=1-"));
                    await client.GetStream().WriteAsync(Get(lab, path, "Range: bytes=-20000"));
                }
            }
        });
        for (var round = 0; round < 3; round++)
        {
            foreach (var path in paths)
            {
                var body = Body(int.Parse(path.Split('/', '?')[2], System.Globalization.CultureInfo.InvariantCulture));
                Assert.Equal(body, await ReadAsync(client));
                Assert.Equal(body.Length == 1 ? [] : body[1..], await ReadAsync(client));
                Assert.Equal(body[^Math.Min(20_000, body.Length)..], await ReadAsync(client));
            }
        }

        await asking;
        Assert.Equal(paths.Count, lab.Asked.Count);
    }

    [Theory]
    [InlineData("2.0", "")]
    [InlineData("1.1", ".BodyFilter(b => b.ReplaceText(\"!\", \"!\"))")]
    [InlineData("1.1", ".HeaderFilter(c => c.Response.Headers[\"X-Filtered\"] = \"yes\")")]
    [InlineData("1.1", ".Log(c => { })")]
    public async Task Hits_ThroughWhatStandsBetween_AreTheSame(string version, string verbs)
    {
        await using var lab = await CacheLab.StartAsync(AnswerAsync, $$"""Route("/{**path}").Cache().To("ORIGIN"){{verbs}};""");
        await StoreAsync(lab, "/b/700000");
        for (var i = 0; i < 5; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/b/700000") { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var answer = await lab.Client.SendAsync(request);
            Assert.Equal(Version.Parse(version), answer.Version);
            Assert.Equal(Body(700_000), await answer.Content.ReadAsByteArrayAsync());
        }

        Assert.Single(lab.Asked);
    }

    [Fact]
    public async Task Clients_ThatGoInTheMiddle_HurtNobody()
    {
        await using var lab = await CacheLab.StartAsync(AnswerAsync);
        await StoreAsync(lab, "/b/3000000");
        for (var i = 0; i < 20; i++)
        {
            using var client = await ConnectAsync(lab);
            client.LingerState = new LingerOption(i % 2 == 0, 0);
            await client.GetStream().WriteAsync(Get(lab, "/b/3000000"));
            await client.GetStream().ReadExactlyAsync(new byte[1000 * (i + 1)]);
        }

        Assert.Equal(Body(3_000_000), Encoding.ASCII.GetBytes((await lab.GetAsync("/b/3000000")).Text));
    }

    [Fact]
    public async Task SlowReaders_HoldNoMemoryOfTheirOwn()
    {
        const int Clients = 200;
        await using var lab = await CacheLab.StartAsync(AnswerAsync);
        await StoreAsync(lab, "/b/3000000");
        var clients = new List<TcpClient>();
        try
        {
            long Connections(int count)
            {
                while (clients.Count < count)
                {
                    clients.Add(ConnectAsync(lab, receive: 4096).GetAwaiter().GetResult());
                    clients[^1].GetStream().Write(Get(lab, "/b/3000000"));
                    clients[^1].GetStream().ReadExactly(new byte[20]);
                }

                return Heap.Live();
            }

            // The first ones have made what all of them use; what earlier tests left may still come and go.
            var least = long.MaxValue;
            for (var round = 0; round < 4 && least > Clients * 32 * 1024; round++)
            {
                var before = Connections(clients.Count + 20);
                least = Math.Min(least, Connections(clients.Count + Clients) - before);
            }

            Assert.InRange(least, long.MinValue, Clients * 32 * 1024);
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
        }
    }

    private static byte[] Get(CacheLab lab, string path, string? header = null) => Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {new Uri(lab.Gateway.Address).Authority}\r\n{(header is null ? "" : header + "\r\n")}\r\n");

    private static async Task<TcpClient> ConnectAsync(CacheLab lab, int receive = 65_536)
    {
        var client = new TcpClient { ReceiveBufferSize = receive };
        await client.ConnectAsync(IPAddress.Loopback, new Uri(lab.Gateway.Address).Port);
        return client;
    }

    /// <summary>The body of the next answer.</summary>
    private static async Task<byte[]> ReadAsync(TcpClient client)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (head.Count < 4 || !head[^4..].SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            await client.GetStream().ReadExactlyAsync(one);
            head.Add(one[0]);
        }

        var lines = Encoding.ASCII.GetString([.. head]).Split("\r\n");
        var body = new byte[int.Parse(lines.Single(l => l.StartsWith("Content-Length: ", StringComparison.Ordinal))[16..], System.Globalization.CultureInfo.InvariantCulture)];
        await client.GetStream().ReadExactlyAsync(body);
        return body;
    }
}
