using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Real;

/// <summary>Bodies that must not be held up, and readers that hold them up.</summary>
public class StreamingTests
{
    [Theory]
    [InlineData("1.1", "")]
    [InlineData("2.0", "")]
    [InlineData("1.1", """.BodyFilter(b => b.ReplaceText("internal", "public")).HeaderFilter(h => h.Response.Headers["X-F"] = "1").Log(l => { })""")]
    [InlineData("2.0", """.BodyFilter(b => b.ReplaceText("internal", "public"))""")]
    [InlineData("1.1", """.BodyFilter(b => b.Events(e => e))""")]
    [InlineData("1.1", """.BodyFilter(b => b.Lines(l => l))""")]
    public async Task ServerSentEvents_EachReachesTheClientBeforeTheNextIsSent(string version, string filters)
    {
        using var next = new SemaphoreSlim(1);
        await using var origin = await Origin.StartAsync(async c =>
        {
            c.Response.ContentType = "text/event-stream";
            for (var n = 0; n < 20; n++)
            {
                await next.WaitAsync(c.RequestAborted);
                await c.Response.WriteAsync($"data: internal {n}\n\n");
            }
        });
        await using var gateway = await TestGateway.StartAsync($"""Route("/events").To("{origin.Address}"){filters};""");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events") { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var answer = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        for (var n = 0; n < 20; n++)
        {
            var line = await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Equal(filters.Contains("ReplaceText", StringComparison.Ordinal) ? $"data: public {n}" : $"data: internal {n}", line);
            Assert.Equal("", await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)));
            next.Release();
        }

        Assert.Null(await reader.ReadLineAsync());
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Upload_EachPieceReachesTheOriginBeforeTheNextIsSent(string version)
    {
        using var next = new SemaphoreSlim(0);
        await using var origin = await Origin.StartAsync(async c =>
        {
            var one = new byte[100];
            while (await c.Request.Body.ReadAsync(one) > 0)
            {
                next.Release();
            }

            await c.Response.WriteAsync("done");
        });
        await using var gateway = await TestGateway.StartAsync($"""Route("/up").To("{origin.Address}").RequestBodyFilter(b => b.ReplaceText("zz", "y"));""");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/up") { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Content = new Pieces(async stream =>
        {
            for (var n = 0; n < 20; n++)
            {
                await stream.WriteAsync("piece"u8.ToArray());
                await stream.FlushAsync();
                Assert.True(await next.WaitAsync(TimeSpan.FromSeconds(20)), $"piece {n} did not arrive");
            }
        });
        request.Content.Headers.ContentType = new("text/plain");
        using var answer = await gateway.Client.SendAsync(request);
        Assert.Equal("done", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task SlowReader_HoldsTheOriginBack_AndGetsEverything(string version)
    {
        const int Piece = 64 * 1024;
        const int Pieces = 1024;
        long written = 0;
        await using var origin = await Origin.StartAsync(async c =>
        {
            var piece = RandomNumberGenerator.GetBytes(Piece);
            c.Response.Headers["X-Sum"] = Convert.ToHexString(SHA256.HashData(piece));
            for (var n = 0; n < Pieces; n++)
            {
                await c.Response.Body.WriteAsync(piece);
                Interlocked.Add(ref written, Piece);
            }
        });
        await using var gateway = await TestGateway.StartAsync($"""Route("/big").To("{origin.Address}"); Route("/small").Content(c => c.Text("quick"));""");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/big") { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var answer = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        // 64 MB, of which the client has read nothing: buffers on the way hold a part only.
        var (before, still) = (0L, 0);
        await TestGateway.WaitAsync(() =>
        {
            var now = Interlocked.Read(ref written);
            still = now > 0 && now == before ? still + 1 : 0;
            before = now;
            return still == 40;
        });
        Assert.InRange(Interlocked.Read(ref written), 0, 32 * 1024 * 1024);

        // On HTTP/2 this is another stream of the same connection.
        using var other = new HttpRequestMessage(HttpMethod.Get, "/small") { Version = request.Version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var quick = await gateway.Client.SendAsync(other);
        Assert.Equal("quick", await quick.Content.ReadAsStringAsync());

        var body = await answer.Content.ReadAsStreamAsync();
        var buffer = new byte[Piece];
        for (var n = 0; n < Pieces; n++)
        {
            await body.ReadExactlyAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Equal(Assert.Single(answer.Headers.GetValues("X-Sum")), Convert.ToHexString(SHA256.HashData(buffer)));
        }

        Assert.Equal(0, await body.ReadAsync(buffer));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Client_GoesAwayMidBody_OriginSeesIt(string version)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = await Origin.StartAsync(async c =>
        {
            c.RequestAborted.Register(() => gone.TrySetResult());
            await c.Response.WriteAsync("begin");
            await gone.Task;
        });
        await using var gateway = await TestGateway.StartAsync($"""Route("/").To("{origin.Address}").Log(l => l.Logger.LogInformation("over"));""");
        using (var request = new HttpRequestMessage(HttpMethod.Get, "/") { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact })
        using (var answer = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        await gone.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await gateway.Log.WaitForAsync("over");
    }

    private sealed class Pieces(Func<Stream, Task> write) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => write(stream);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
