using Grpc.Core;
using Grpc.Net.Client;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Real.Echoing;

namespace ScriptProxy.Tests.Real;

/// <summary>gRPC through the gateway, HTTP/2 on both sides.</summary>
public class GrpcTests
{
    /// <summary>With TLS, with prior knowledge on a port of its own, and on one that speaks HTTP/1.1 as well.</summary>
    public static TheoryData<string> Fronts => [
        """Listen("https://127.0.0.1:0");""",
        """Listen("http://127.0.0.1:0").Http2();""",
        """Listen("http://127.0.0.1:0");""",
        """Listen("https://127.0.0.1:0"); HeaderFilter(h => h.Response.Headers["X-F"] = "1"); Log(l => l.Logger.LogInformation("logged {Status} {Error}", l.Response.StatusCode, l.Error?.Message));""",
    ];

    [Theory]
    [MemberData(nameof(Fronts))]
    public async Task Calls_OfEveryShape_WorkAsWithoutAGateway(string front)
    {
        await using var test = await GrpcTest.StartAsync(front);
        var call = test.Client.UnaryAsync(new Line { Text = "a", Count = 1 }, new Metadata { { "x-ask", "me" } });
        Assert.Equal("me", (await call.ResponseHeadersAsync).GetValue("x-begin"));
        Assert.Equal(new Line { Text = "a!", Count = 2 }, await call);
        Assert.Equal([1, 2, 3], call.GetTrailers().GetValueBytes("x-end-bin"));

        using var collect = test.Client.Collect();
        for (var n = 0; n < 1000; n++)
        {
            await collect.RequestStream.WriteAsync(new Line { Text = "x" });
        }

        await collect.RequestStream.CompleteAsync();
        Assert.Equal(new Line { Text = new string('x', 1000), Count = 1000 }, await collect);

        using var expand = test.Client.Expand(new Line { Text = new string('y', 5000), Count = 1000 });
        var got = await expand.ResponseStream.ReadAllAsync().ToListAsync();
        Assert.Equal(Enumerable.Range(0, 1000), got.Select(l => l.Count));
        Assert.All(got, l => Assert.Equal(5000, l.Text.Length));

        using var chat = test.Client.Chat();
        for (var n = 0; n < 100; n++)
        {
            // Each is answered before the next is sent.
            await chat.RequestStream.WriteAsync(new Line { Text = "b", Count = n });
            Assert.True(await chat.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(new Line { Text = "b!", Count = n }, chat.ResponseStream.Current);
        }

        await chat.RequestStream.CompleteAsync();
        Assert.False(await chat.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(StatusCode.OK, chat.GetStatus().StatusCode);
        Assert.DoesNotContain(test.Gateway.Log.All, l => l.StartsWith("logged", StringComparison.Ordinal) && !l.StartsWith("logged 200 (null)", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Fronts))]
    public async Task Failure_OfTheService_KeepsStatusMessageAndTrailers(string front)
    {
        await using var test = await GrpcTest.StartAsync(front);
        var failed = await Assert.ThrowsAsync<RpcException>(async () => await test.Client.FailAsync(new Line { Text = "because" }));
        Assert.Equal((StatusCode.FailedPrecondition, "not so: ü"), (failed.StatusCode, failed.Status.Detail));
        Assert.Equal("because", failed.Trailers.GetValue("x-why"));
    }

    [Theory]
    [MemberData(nameof(Fronts))]
    public async Task Deadline_Passes_BothSidesLearnOfIt(string front)
    {
        await using var test = await GrpcTest.StartAsync(front);
        var failed = await Assert.ThrowsAsync<RpcException>(async () => await test.Client.HangAsync(new Line(), deadline: DateTime.UtcNow.AddSeconds(2)));
        Assert.Equal(StatusCode.DeadlineExceeded, failed.StatusCode);
        await test.Origin.Cancelled.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Theory]
    [MemberData(nameof(Fronts))]
    public async Task Cancellation_ByTheClient_ReachesTheService(string front)
    {
        await using var test = await GrpcTest.StartAsync(front);
        using var stop = new CancellationTokenSource();
        using var chat = test.Client.Chat();
        var hanging = test.Client.HangAsync(new Line(), cancellationToken: stop.Token);
        await test.Origin.Hanging.WaitAsync(TimeSpan.FromSeconds(20));
        await stop.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(async () => await hanging)).StatusCode);
        await test.Origin.Cancelled.WaitAsync(TimeSpan.FromSeconds(20));

        // Other streams of the connection go on.
        await chat.RequestStream.WriteAsync(new Line { Text = "still here" });
        Assert.True(await chat.ResponseStream.MoveNext(CancellationToken.None));
        await chat.RequestStream.CompleteAsync();
    }

    [Fact]
    public async Task Stream_IdleLongerThanAnAnswerMayTake_IsNotCut()
    {
        await using var test = await GrpcTest.StartAsync("""Listen("https://127.0.0.1:0");""", ".Timeouts(answer: Seconds(1), idle: Seconds(60))");
        using var chat = test.Client.Chat();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(3));
        for (var n = 0; n < 2; n++)
        {
            await chat.RequestStream.WriteAsync(new Line { Count = n });
            Assert.True(await chat.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(n, chat.ResponseStream.Current.Count);
            await timer.WaitForNextTickAsync();
        }

        await chat.RequestStream.CompleteAsync();
        Assert.False(await chat.ResponseStream.MoveNext(CancellationToken.None));

        // The limit itself holds: the request is out, and no answer comes.
        var late = await Assert.ThrowsAsync<RpcException>(async () => await test.Client.HangAsync(new Line()));
        Assert.Equal(StatusCode.Unavailable, late.StatusCode);
        await test.Gateway.Log.WaitForAsync("504, upstream grpc: ");
        await test.Origin.Cancelled.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private sealed class GrpcTest(GrpcOrigin origin, TestGateway gateway, GrpcChannel channel) : IAsyncDisposable
    {
        internal GrpcOrigin Origin => origin;

        internal TestGateway Gateway => gateway;

        internal Echo.EchoClient Client { get; } = new(channel);

        internal static async Task<GrpcTest> StartAsync(string front, string more = "")
        {
            var origin = await GrpcOrigin.StartAsync();
            var gateway = await TestGateway.StartAsync($"""Upstream("grpc", "{origin.Address}").Http2(){more}; Route("/{"{**path}"}").To("grpc"); {front}""");
            var handler = new SocketsHttpHandler();
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
            return new GrpcTest(origin, gateway, GrpcChannel.ForAddress(gateway.Address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true }));
        }

        public async ValueTask DisposeAsync()
        {
            channel.Dispose();
            await gateway.DisposeAsync();
            await origin.DisposeAsync();
        }
    }
}
