using System.IO.Pipelines;
using System.Text;
using CsCheck;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Tests.Bodies;

public class FilteredRequestStreamTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Read_AnyBodyAndReadSizes_GivesTheFilteredBytes() =>
        Gen.Select(Gen.String[Gen.Char["aab"], 0, 3000], Gen.Int[1, 700], Gen.Bool).Sample(
            (text, size, coded) =>
            {
                var body = Encoding.UTF8.GetBytes(text);
                var codings = coded ? Bodies.Coded(ContentCoding.Gzip) : Bodies.Plain;
                using var stream = Open(new MemoryStream(coded ? Bodies.Compress(body, "gzip") : body), new BodyPlan().ReplaceText("aab", "X"), codings);
                var result = new MemoryStream();
                stream.CopyToAsync(result, size).GetAwaiter().GetResult();
                Assert.Equal(text.Replace("aab", "X"), Encoding.UTF8.GetString(coded ? Bodies.Decompress(result.ToArray(), "gzip") : result.ToArray()));
            },
            iter: 500);

    [Fact]
    public async Task Read_Chunk_ComesBeforeTheNextIsSent()
    {
        var pipe = new Pipe();
        await using var stream = Open(pipe.Reader.AsStream(), new BodyPlan().ReplaceText("a", "b").Lines(l => l + "!"));
        var buffer = new byte[100];
        for (var i = 0; i < 3; i++)
        {
            await pipe.Writer.WriteAsync("aa\n"u8.ToArray(), Stop);
            Assert.Equal(4, await stream.ReadAtLeastAsync(buffer, 4, cancellationToken: Stop));
            Assert.Equal("bb!\n", Encoding.ASCII.GetString(buffer, 0, 4));
        }

        await pipe.Writer.CompleteAsync();
        Assert.Equal(0, await stream.ReadAsync(buffer, Stop));
        Assert.Equal(0, await stream.ReadAsync(buffer, Stop));
    }

    [Fact]
    public async Task Read_OnlyAsked_TakesNoMoreOfTheOriginal()
    {
        var original = new MemoryStream(new byte[1 << 20]);
        await using var stream = Open(original, new BodyPlan().ReplaceText("a", "b"));
        Assert.Equal(100, await stream.ReadAsync(new byte[100], Stop));
        Assert.InRange(original.Position, 1, 64 * 1024);
    }

    [Fact]
    public async Task Read_Cancelled_StopsReadingTheOriginal()
    {
        var original = new WaitingStream();
        await using var stream = Open(original, new BodyPlan().ReplaceText("a", "b"));
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var read = stream.ReadAsync(new byte[10], cancel.Token).AsTask();
        Assert.False(read.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        await original.Stopped.Task.WaitAsync(Stop);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stream.ReadAsync(new byte[10], Stop).AsTask());
    }

    [Fact]
    public async Task Dispose_WhileReadingTheOriginal_StopsIt()
    {
        var original = new WaitingStream();
        var stream = Open(original, new BodyPlan().ReplaceText("a", "b"));
        var read = stream.ReadAsync(new byte[10], Stop).AsTask();
        await stream.DisposeAsync();
        await original.Stopped.Task.WaitAsync(Stop);
        await Assert.ThrowsAnyAsync<Exception>(() => read.WaitAsync(Stop));
    }

    [Fact]
    public async Task Read_Faults_ComeThrough()
    {
        await using var truncated = Open(new MemoryStream(Bodies.Compress(new byte[100], "gzip")[..^4]), new BodyPlan().ReplaceText("a", "b"), Bodies.Coded(ContentCoding.Gzip));
        await Assert.ThrowsAsync<BodyBrokenException>(() => truncated.CopyToAsync(Stream.Null, Stop));
        await using var long1 = Open(new MemoryStream(new byte[100]), new BodyPlan().Buffer(10));
        await Assert.ThrowsAsync<BodyTooLargeException>(() => long1.CopyToAsync(Stream.Null, Stop));
        await using var throws = Open(new MemoryStream(new byte[100]), new BodyPlan().Transform((_, _, _) => throw new FormatException()));
        await Assert.ThrowsAsync<FormatException>(() => throws.CopyToAsync(Stream.Null, Stop));
    }

    [Fact]
    public void Read_Synchronously_IsRefused() => Assert.Throws<InvalidOperationException>(() => Open(new MemoryStream(), new BodyPlan()).Read(new byte[1], 0, 1));

    private static FilteredRequestStream Open(Stream original, BodyPlan plan, BodyCodings? codings = null) =>
        new(original, plan, codings ?? Bodies.Plain, "text/plain", Stop);

    /// <summary>A body that never comes.</summary>
    private sealed class WaitingStream : MemoryStream
    {
        internal TaskCompletionSource Stopped { get; } = new();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
            }
            finally
            {
                Stopped.TrySetResult();
            }

            return 0;
        }
    }
}
