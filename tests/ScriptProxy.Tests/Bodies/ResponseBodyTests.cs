using System.Buffers;
using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Tests.Bodies;

public class ResponseBodyTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static BodyPlan Edit => new BodyPlan().ReplaceText("a", "bb");

    public static TheoryData<string> Ways => ["stream", "writer", "writer-after-start", "text", "mixed", "file", "complete"];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task NoPlan_EveryWayToWrite_PassesThroughAndCounts(string way)
    {
        await using var server = await ResponseBodyServer.StartAsync(c => WriteAsync(c, way));
        Assert.Equal("a-a-a", await server.Client.GetStringAsync("/", Stop));
        Assert.Equal((5, null), await server.DoneAsync());
        Assert.Equal(1, server.Decisions);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Plan_EveryWayToWrite_IsFilteredAndCounts(string way)
    {
        await using var server = await ResponseBodyServer.StartAsync(c => WriteAsync(c, way), Edit);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("bb-bb-bb", await server.Client.GetStringAsync("/", Stop));
            Assert.Equal((8, null), await server.DoneAsync());
        }

        Assert.Equal(3, server.Decisions);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task AsynchronousDecision_EveryWayToWrite_IsFiltered(string way)
    {
        await using var server = await ResponseBodyServer.StartAsync(c => WriteAsync(c, way));
        server.Decide = async _ =>
        {
            await Task.Yield();
            return Edit;
        };
        Assert.Equal("bb-bb-bb", await server.Client.GetStringAsync("/", Stop));
    }

    [Fact]
    public async Task Plan_LengthSetBefore_GoesOutChunked()
    {
        await using var server = await ResponseBodyServer.StartAsync(async c =>
        {
            c.Response.ContentLength = 1;
            await c.Response.Body.WriteAsync("a"u8.ToArray());
        }, Edit);
        var answer = await server.RawAsync(Get);
        Assert.Contains("Transfer-Encoding: chunked", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Length", answer, StringComparison.Ordinal);
        Assert.EndsWith("2\r\nbb\r\n0\r\n\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_Buffer_SendsTheRightLength()
    {
        await using var server = await ResponseBodyServer.StartAsync(async c =>
        {
            c.Response.ContentLength = 2;
            await c.Response.StartAsync();
            await c.Response.Body.WriteAsync("a"u8.ToArray());
            await c.Response.Body.FlushAsync();
            c.Response.ContentLength = 99;
            await c.Response.Body.WriteAsync("a"u8.ToArray());
        }, new BodyPlan().ReplaceText("a", "bb").Buffer(100));
        var answer = await server.RawAsync(Get);
        Assert.Contains("Content-Length: 4\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nbbbb", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoBodyWritten_TheOwnerIsStillAsked()
    {
        await using var server = await ResponseBodyServer.StartAsync(_ => Task.CompletedTask);
        server.Decide = c =>
        {
            c.Response.Headers["X-Seen"] = "1";
            return default;
        };
        var response = await server.Client.GetAsync("/", Stop);
        Assert.Equal("1", response.Headers.GetValues("X-Seen").Single());
        Assert.Equal(0, response.Content.Headers.ContentLength);
        Assert.Equal((0, null), await server.DoneAsync());
    }

    [Theory]
    [InlineData("HEAD", 200)]
    [InlineData("GET", 304)]
    [InlineData("GET", 204)]
    public async Task Plan_NoBody_GetsTheHeadersOfTheFilteredAnswer(string method, int status)
    {
        await using var server = await ResponseBodyServer.StartAsync(async c =>
        {
            c.Response.StatusCode = status;
            c.Response.Headers.ETag = "\"x\"";
            if (status == 200)
            {
                c.Response.ContentLength = 3;
                await c.Response.Body.WriteAsync("aaa"u8.ToArray());
            }
        }, Edit);
        using var request = new HttpRequestMessage(new HttpMethod(method), "/");
        var response = await server.Client.SendAsync(request, Stop);
        Assert.Equal("W/\"x\"", response.Headers.ETag!.ToString());
        Assert.Null(response.Content.Headers.ContentLength is 3 ? "the old length" : null);
        Assert.Equal((0, null), await server.DoneAsync());
    }

    [Fact]
    public async Task Plan_GzipEventStream_EachEventArrivesWithoutTheNext()
    {
        var go = new SemaphoreSlim(0);
        await using var server = await ResponseBodyServer.StartAsync(async c =>
        {
            c.Response.ContentType = "text/event-stream";
            c.Response.Headers.ContentEncoding = "gzip";
            await using var gzip = new GZipStream(c.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
            for (var i = 0; i < 3; i++)
            {
                await gzip.WriteAsync(Encoding.ASCII.GetBytes($"data: {i}\n\n"), Stop);
                await gzip.FlushAsync(Stop);
                await go.WaitAsync(Stop);
            }
        }, new BodyPlan().Events(e => e with { Data = e.Data + "!" }));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        using var response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
        Assert.Equal("gzip", response.Content.Headers.ContentEncoding.Single());
        await using var body = new GZipStream(await response.Content.ReadAsStreamAsync(Stop), CompressionMode.Decompress);
        var buffer = new byte[10];
        for (var i = 0; i < 3; i++)
        {
            await body.ReadExactlyAsync(buffer, Stop);
            Assert.Equal($"data: {i}!\n\n", Encoding.ASCII.GetString(buffer));
            go.Release();
        }

        Assert.Equal(0, await body.ReadAsync(buffer, Stop));
    }

    [Fact]
    public async Task Plan_StreamWriteWithoutFlush_ArrivesAtOnce()
    {
        var go = new TaskCompletionSource();
        await using var server = await ResponseBodyServer.StartAsync(async c =>
        {
            await c.Response.Body.WriteAsync("a"u8.ToArray(), Stop);
            await go.Task;
        }, Edit);
        using var response = await server.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead, Stop);
        var body = await response.Content.ReadAsStreamAsync(Stop);
        await body.ReadExactlyAsync(new byte[2], Stop);
        go.SetResult();
        Assert.Equal(0, await body.ReadAsync(new byte[1], Stop));
    }

    [Fact]
    public async Task Plan_UnknownCoding_BecomesA502()
    {
        await using var server = await ResponseBodyServer.StartAsync(async c =>
        {
            c.Response.Headers.ContentEncoding = "zstd";
            await c.Response.Body.WriteAsync("secret"u8.ToArray());
        }, Edit);
        var response = await server.Client.GetAsync("/", Stop);
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal(nameof(BodyNotFilterableException), await response.Content.ReadAsStringAsync(Stop));
        Assert.IsType<BodyNotFilterableException>((await server.DoneAsync()).Failure);
    }

    [Fact]
    public async Task Plan_BufferTooSmall_CanStillAnswerOtherwise()
    {
        await using var server = await ResponseBodyServer.StartAsync(async c =>
        {
            await c.Response.StartAsync();
            await c.Response.Body.WriteAsync(new byte[100]);
        }, new BodyPlan().Buffer(10));
        var response = await server.Client.GetAsync("/", Stop);
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal(nameof(BodyTooLargeException), await response.Content.ReadAsStringAsync(Stop));
    }

    [Fact]
    public async Task Decision_Throws_CanStillAnswerOtherwise()
    {
        await using var server = await ResponseBodyServer.StartAsync(c => c.Response.WriteAsync("a"));
        server.Decide = _ => throw new FormatException();
        Assert.Equal(HttpStatusCode.InternalServerError, (await server.Client.GetAsync("/", Stop)).StatusCode);
        Assert.IsType<FormatException>((await server.DoneAsync()).Failure);
    }

    [Fact]
    public async Task Decision_WritesTheBody_IsRefused()
    {
        await using var server = await ResponseBodyServer.StartAsync(c => c.Response.WriteAsync("a"));
        server.Decide = async c =>
        {
            await c.Response.WriteAsync("too early");
            return null;
        };
        Assert.Equal(HttpStatusCode.InternalServerError, (await server.Client.GetAsync("/", Stop)).StatusCode);
        Assert.IsType<InvalidOperationException>((await server.DoneAsync()).Failure);
    }

    [Fact]
    public async Task Plan_FailsAfterTheStart_CutsTheConnection()
    {
        await using var server = await ResponseBodyServer.StartAsync(async c =>
        {
            await c.Response.WriteAsync("a");
            await c.Response.WriteAsync("a");
        }, new BodyPlan().Transform(async (input, output, stop) =>
        {
            var one = new byte[1];
            await input.ReadExactlyAsync(one, stop);
            await output.WriteAsync(one, stop);
            await input.ReadExactlyAsync(one, stop);
            throw new FormatException();
        }));
        var answer = await server.RawAsync(Get);
        Assert.DoesNotContain("0\r\n\r\n", answer, StringComparison.Ordinal);
        Assert.IsType<FormatException>((await server.DoneAsync()).Failure);
    }

    [Fact]
    public async Task Plan_TransformOutlivesTheRequest_ReachesNoOtherAnswer()
    {
        var go = new TaskCompletionSource();
        var late = new TaskCompletionSource<Exception?>();
        await using var server = await ResponseBodyServer.StartAsync(async c =>
        {
            await c.Response.WriteAsync("a");
            throw new FormatException();
        }, new BodyPlan().Transform(async (input, output, _) =>
        {
            var one = new byte[1];
            await input.ReadExactlyAsync(one, CancellationToken.None);
            await output.WriteAsync(one, CancellationToken.None);
            await Record.ExceptionAsync(async () => await input.ReadExactlyAsync(one, CancellationToken.None));
            await go.Task;
            late.SetResult(await Record.ExceptionAsync(async () => await output.WriteAsync("late"u8.ToArray(), CancellationToken.None)));
        }));
        await server.RawAsync(Get);
        await server.DoneAsync();
        server.Decide = async _ =>
        {
            go.SetResult();
            await late.Task;
            return null;
        };
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => server.Client.GetStringAsync("/", Stop));
        Assert.IsType<InvalidOperationException>(await late.Task);
    }

    [Fact]
    public async Task Write_AfterTheEnd_Throws()
    {
        var plans = new[] { null, Edit };
        foreach (var plan in plans)
        {
            var thrown = new List<Exception?>();
            ResponseBodyServer server = null!;
            server = await ResponseBodyServer.StartAsync(async c =>
            {
                await c.Response.WriteAsync("a");
                await c.Response.CompleteAsync();
                await c.Response.CompleteAsync();
                thrown.Add(await Record.ExceptionAsync(async () => await c.Response.Body.WriteAsync("a"u8.ToArray())));
                thrown.Add(await Record.ExceptionAsync(async () => await c.Response.BodyWriter.WriteAsync("a"u8.ToArray())));
            }, plan);
            await using (server)
            {
                Assert.Equal(plan is null ? "a" : "bb", await server.Client.GetStringAsync("/", Stop));
                Assert.Null((await server.DoneAsync()).Failure);
            }

            Assert.All(thrown, e => Assert.IsType<InvalidOperationException>(e));
            Assert.Equal(2, thrown.Count);
        }
    }

    [Fact]
    public async Task SynchronousWrite_Filtered_IsRefused()
    {
        await using var server = await ResponseBodyServer.StartAsync(c =>
        {
            c.Features.Get<IHttpBodyControlFeature>()!.AllowSynchronousIO = true;
            c.Response.Body.Write("a"u8);
            return Task.CompletedTask;
        });
        Assert.Equal("a", await server.Client.GetStringAsync("/", Stop));
        Assert.Equal((1, null), await server.DoneAsync());
        server.Decide = _ => new(Edit);
        Assert.Equal(HttpStatusCode.InternalServerError, (await server.Client.GetAsync("/", Stop)).StatusCode);
    }

    [Fact]
    public void NoPlan_SteadyState_AllocatesNothing()
    {
        var context = new DefaultHttpContext();
        var inner = new StreamResponseBodyFeature(Stream.Null);
        _ = inner.Writer;
        var owner = new NoFilters();
        var body = new ResponseBody();
        var chunk = new byte[100];
        var before = 0L;
        var good = 0;
        var stop = Stop;
        for (var i = 0; i < 1100; i++)
        {
            if (i == 100)
                before = GC.GetAllocatedBytesForCurrentThread();
            body.Initialize(context, inner, owner);
            var done = body.Stream.WriteAsync(chunk, stop).IsCompletedSuccessfully && body.Stream.WriteAsync(chunk, stop).IsCompletedSuccessfully;
            body.Writer.GetSpan(100).Clear();
            body.Writer.Advance(100);
            done &= body.Writer.FlushAsync(stop).IsCompletedSuccessfully && body.FinishAsync().IsCompletedSuccessfully;
            if (done && body.BytesSent == 300)
                good++;
            body.Reset();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1100, good);
    }

    private static async Task WriteAsync(HttpContext context, string way)
    {
        var response = context.Response;
        switch (way)
        {
            case "stream":
                await response.Body.WriteAsync("a-"u8.ToArray());
                await response.Body.FlushAsync();
                await response.Body.WriteAsync("a-a"u8.ToArray());
                break;
            case "writer":
                response.BodyWriter.Write("a-"u8);
                Assert.Equal(2, response.BodyWriter.UnflushedBytes);
                await response.BodyWriter.FlushAsync();
                Assert.Equal(0, response.BodyWriter.UnflushedBytes);
                response.BodyWriter.Write("a-a"u8);
                await response.BodyWriter.CompleteAsync();
                break;
            case "writer-after-start":
                response.BodyWriter.GetSpan();
                await response.StartAsync();
                response.BodyWriter.Write("a-a-"u8);
                await response.BodyWriter.WriteAsync("a"u8.ToArray());
                break;
            case "text":
                await response.WriteAsync("a-a");
                await response.WriteAsync("-a");
                break;
            case "mixed":
                response.BodyWriter.Write("a-"u8);
                await response.Body.WriteAsync("a-"u8.ToArray());
                response.BodyWriter.Write("a"u8);
                break;
            case "file":
                var path = Path.GetTempFileName();
                await File.WriteAllTextAsync(path, "..a-a-a..");
                await response.SendFileAsync(path, 2, 5);
                File.Delete(path);
                break;
            default:
                await response.Body.WriteAsync("a-a-a"u8.ToArray());
                await response.CompleteAsync();
                break;
        }
    }

    private sealed class NoFilters : IResponseBodyOwner
    {
        public ValueTask<BodyPlan?> OnStartAsync() => default;
    }
}
