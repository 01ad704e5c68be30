using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Tests.Bodies;

/// <summary>What goes on after its request has ended touches nobody else's memory or answer.</summary>
public class LateWriterTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Offer_Cancelled_TheReaderNoLongerSeesItsMemory()
    {
        var handover = new Handover(resumeElsewhere: false);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var offer = handover.OfferAsync("secret"u8.ToArray(), cancel.Token).AsTask();
        Assert.Equal(2, await handover.ReadAsync(new byte[2], Stop));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => offer);
        var read = handover.ReadAsync(new byte[10], Stop).AsTask();
        Assert.False(read.IsCompleted);
        handover.End();
        Assert.Equal(0, await read);
    }

    [Fact]
    public async Task Reset_WhileATransformWrites_LetsNothingMoreOut()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1000, resumeWriterThreshold: 1));
        var wrote = new TaskCompletionSource<Exception?>();
        var owner = new Owner(new BodyPlan().Transform(async (_, output, _) =>
            wrote.SetResult(await Record.ExceptionAsync(async () => await output.WriteAsync(new byte[100_000], CancellationToken.None)))));
        var body = new ResponseBody();
        body.Initialize(new DefaultHttpContext(), new StreamResponseBodyFeature(pipe.Writer.AsStream()), owner);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var write = body.Stream.WriteAsync(new byte[10], cancel.Token).AsTask();
        var first = await pipe.Reader.ReadAsync(Stop);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        body.Reset();

        // The client takes what was under way, and the transform goes on.
        var sent = first.Buffer.Length;
        pipe.Reader.AdvanceTo(first.Buffer.End);
        var end = wrote.Task.ContinueWith(_ => pipe.Writer.Complete(), TaskScheduler.Default);
        while (await pipe.Reader.ReadAsync(Stop) is { IsCompleted: false } more)
        {
            sent += more.Buffer.Length;
            pipe.Reader.AdvanceTo(more.Buffer.End);
        }

        await end;
        Assert.IsType<ObjectDisposedException>(await wrote.Task);
        Assert.InRange(sent, 1, 16 * 1024);
        Assert.Equal(0, body.BytesSent);
    }

    private sealed class Owner(BodyPlan plan) : IResponseBodyOwner
    {
        public ValueTask<BodyPlan?> OnStartAsync() => new(plan);
    }
}
