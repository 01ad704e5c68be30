using System.Text;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Tests.Bodies;

public class TransformAndBufferTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Transform_Copy_PassesEverything()
    {
        var body = Enumerable.Range(0, 300_000).Select(i => (byte)(i * 7)).ToArray();
        Assert.Equal(body, await Bodies.RunAsync(new BodyPlan().Transform((i, o, s) => i.CopyToAsync(o, s)), body, [1, 70_000, 70_001]));
    }

    [Fact]
    public async Task Transform_SynchronousReaderAndWriter_Works()
    {
        var plan = new BodyPlan().Transform((input, output, _) =>
        {
            using var reader = new StreamReader(input);
            using var writer = new StreamWriter(output);
            while (reader.ReadLine() is { } line)
                writer.WriteLine(line.ToUpperInvariant());
            return Task.CompletedTask;
        });
        Assert.Equal("A\nB\n", (await Bodies.RunTextAsync(plan, "a\nb", [1, 2])).ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Transform_ReturnsEarly_DropsTheRest()
    {
        var plan = new BodyPlan().Transform(async (input, output, stop) =>
        {
            var first = new byte[2];
            await input.ReadExactlyAsync(first, stop);
            await output.WriteAsync(first, stop);
        });
        Assert.Equal("ab", await Bodies.RunTextAsync(plan, "abcdefgh", [1, 4, 6]));
    }

    [Fact]
    public async Task Transform_WritesAfterTheEnd_GoesOutBeforeTheEnd()
    {
        var plan = new BodyPlan().Transform(async (input, output, stop) =>
        {
            await input.CopyToAsync(output, stop);
            await output.WriteAsync("!"u8.ToArray(), stop);
        });
        Assert.Equal("ab!", await Bodies.RunTextAsync(plan, "ab"));
        Assert.Equal("!", await Bodies.RunTextAsync(plan, ""));
    }

    [Fact]
    public async Task Transform_Throws_FailsTheWriterAndEveryLaterCall()
    {
        var sink = new CollectingSink();
        var pipeline = Bodies.Pipeline(new BodyPlan().Transform((_, _, _) => throw new FormatException("no")), sink);
        var thrown = await Assert.ThrowsAsync<FormatException>(async () =>
        {
            await pipeline.WriteAsync(new byte[10], Stop);
            await pipeline.CompleteAsync(Stop);
        });
        Assert.Contains(nameof(Transform_Throws_FailsTheWriterAndEveryLaterCall), thrown.StackTrace, StringComparison.Ordinal);
        await Assert.ThrowsAsync<FormatException>(async () => await pipeline.CompleteAsync(Stop));
        Assert.False(sink.Completed);
        Assert.NotNull(sink.Aborted);
    }

    [Fact]
    public async Task Transform_ThrowsAfterTheLastByte_FailsCompletion()
    {
        var pipeline = Bodies.Pipeline(new BodyPlan().Transform(async (input, output, stop) =>
        {
            await input.CopyToAsync(output, stop);
            throw new FormatException("late");
        }), new CollectingSink());
        await pipeline.WriteAsync(new byte[10], Stop);
        await Assert.ThrowsAsync<FormatException>(async () => await pipeline.CompleteAsync(Stop));
    }

    [Fact]
    public async Task Transform_NotReading_HoldsTheWriterUntilItReads()
    {
        var go = new TaskCompletionSource();
        var pipeline = Bodies.Pipeline(new BodyPlan().Transform(async (input, output, stop) =>
        {
            await go.Task;
            await input.CopyToAsync(output, stop);
        }), new CollectingSink());
        var write = pipeline.WriteAsync(new byte[10], Stop).AsTask();
        Assert.False(write.IsCompleted);
        go.SetResult();
        await write;
        await pipeline.CompleteAsync(Stop);
    }

    [Fact]
    public async Task Transform_FlushBeforeTheFirstByte_ShowsWhatItWroteBeforeReading()
    {
        var go = new TaskCompletionSource();
        var sink = new CollectingSink();
        var pipeline = Bodies.Pipeline(new BodyPlan().Transform(async (input, output, stop) =>
        {
            await go.Task;
            await output.WriteAsync("head"u8.ToArray(), stop);
            await input.CopyToAsync(output, stop);
        }), sink);
        var flush = pipeline.FlushAsync(Stop).AsTask();
        Assert.False(flush.IsCompleted);
        go.SetResult();
        await flush;
        Assert.Equal(("head", 1), (sink.Text, sink.Flushes));
        await pipeline.CompleteAsync(Stop);
    }

    [Fact]
    public async Task Transform_Abort_CancelsItsTokenAndItsRead()
    {
        var ended = new TaskCompletionSource<Exception>();
        var pipeline = Bodies.Pipeline(new BodyPlan().Transform(async (input, _, stop) =>
        {
            var exception = await Record.ExceptionAsync(async () =>
            {
                while (await input.ReadAsync(new byte[10], CancellationToken.None) > 0)
                {
                }
            });
            Assert.True(await Task.Run(() => stop.WaitHandle.WaitOne(), CancellationToken.None));
            ended.SetResult(exception!);
        }), new CollectingSink());
        await pipeline.WriteAsync(new byte[10], Stop);
        pipeline.Abort(new IOException("gone"));
        Assert.Equal("gone", (await ended.Task.WaitAsync(Stop)).Message);
    }

    [Fact]
    public async Task Transform_WritesWhileAborted_TheStagesBehindAreFreedAfterTheWrite()
    {
        var writing = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        var sink = new CollectingSink
        {
            BeforeWrite = _ =>
            {
                writing.TrySetResult();
                return go.Task;
            },
        };
        var wrote = new TaskCompletionSource();
        var pipeline = Bodies.Pipeline(new BodyPlan().Transform(async (_, output, _) =>
        {
            await output.WriteAsync("x"u8.ToArray(), CancellationToken.None);
            wrote.SetResult();
        }), sink);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var write = pipeline.WriteAsync(new byte[10], cancel.Token).AsTask();
        await writing.Task.WaitAsync(Stop);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        Assert.Null(sink.Aborted);
        go.SetResult();
        await wrote.Task.WaitAsync(Stop);
        Assert.NotNull(sink.Aborted);
    }

    [Fact]
    public async Task Buffer_WholeBody_GoesOutAsOneWithItsLength()
    {
        var sink = new CollectingSink();
        var pipeline = Bodies.Pipeline(new BodyPlan().Buffer(10), sink);
        await pipeline.WriteAsync("abc"u8.ToArray(), Stop);
        await pipeline.FlushAsync(Stop);
        await pipeline.WriteAsync("defghij"u8.ToArray(), Stop);
        Assert.Equal((0, 0), (sink.Writes, sink.Flushes));
        await pipeline.CompleteAsync(Stop);
        Assert.Equal((1, "abcdefghij", 10L), (sink.Writes, sink.Text, sink.Announced));
    }

    [Fact]
    public async Task Buffer_OneByteTooMany_Fails() =>
        await Assert.ThrowsAsync<BodyTooLargeException>(() => Bodies.RunTextAsync(new BodyPlan().Buffer(10), "12345678901", [5]));

    [Fact]
    public async Task Buffer_WithFunction_EditsTheWholeText()
    {
        Assert.Equal("cba", await Bodies.RunTextAsync(new BodyPlan().Buffer(10, t => string.Concat(t.Reverse())), "abc", [1]));
        var plan = new BodyPlan().Buffer(10, async t =>
        {
            await Task.Yield();
            return t + "é";
        });
        Assert.Equal("abcé", Encoding.Latin1.GetString(await Bodies.RunAsync(plan, "abc"u8.ToArray(), contentType: "text/html;charset=iso-8859-1")));
    }

    [Fact]
    public async Task Buffer_FunctionThrows_Fails() =>
        await Assert.ThrowsAsync<FormatException>(() => Bodies.RunTextAsync(new BodyPlan().Buffer(10, (Func<string, string>)(_ => throw new FormatException())), "abc"));

    [Fact]
    public async Task Pipeline_DestinationThrows_FailsWithIt()
    {
        foreach (var coding in new[] { "gzip", "deflate", "br" })
        {
            var sink = new CollectingSink { BeforeWrite = _ => throw new IOException("client gone") };
            var pipeline = Bodies.Pipeline(new BodyPlan().ReplaceText("a", "b"), sink, new BodyCodings([Bodies.Coding(coding)], [], HasBody: true));
            var thrown = await Assert.ThrowsAsync<IOException>(async () => await pipeline.WriteAsync(Bodies.Compress("aaaa"u8.ToArray(), coding), Stop));
            Assert.Equal("client gone", thrown.Message);
            Assert.Same(thrown, pipeline.Failure);
        }
    }

    [Fact]
    public async Task Pipeline_DestinationBlocks_HoldsTheWriterAndCancels()
    {
        foreach (var coding in new[] { "gzip", "deflate", "br" })
        {
            var sink = new CollectingSink { BeforeWrite = new TaskCompletionSource().Task.WaitAsync };
            var pipeline = Bodies.Pipeline(new BodyPlan().ReplaceText("a", "b"), sink, new BodyCodings([Bodies.Coding(coding)], [], HasBody: true));
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var write = pipeline.WriteAsync(Bodies.Compress("aaaa"u8.ToArray(), coding), cancel.Token).AsTask();
            Assert.False(write.IsCompleted);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
            Assert.False(sink.Completed);
        }
    }
}
