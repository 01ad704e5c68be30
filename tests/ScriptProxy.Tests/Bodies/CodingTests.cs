using System.Security.Cryptography;
using System.Text;
using CsCheck;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Tests.Bodies;

public class CodingTests
{
    private static readonly BodyPlan Edit = new BodyPlan().ReplaceText("aab", "X");

    public static TheoryData<string> Names => ["gzip", "deflate", "raw", "br"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Pipeline_CodedBodyInAnyChunks_FiltersAndCodesAgain(string name) =>
        Gen.Select(Gen.String[Gen.Char["aabc \n"], 0, 3000], Gen.Int[0, 100_000].Array[0, 9], Gen.Bool).Sample(
            (text, cuts, flush) =>
            {
                var coded = Bodies.Compress(Encoding.UTF8.GetBytes(text), name);
                var result = Bodies.RunAsync(Edit, coded, cuts, Bodies.Coded(Bodies.Coding(name)), flush: flush).GetAwaiter().GetResult();
                Assert.Equal(text.Replace("aab", "X"), Encoding.UTF8.GetString(Bodies.Decompress(result, name == "raw" ? "deflate" : name)));
            },
            iter: 300);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Pipeline_ByteByByte_Filters(string name)
    {
        var coded = Bodies.Compress("one aab two aab three"u8.ToArray(), name);
        var codings = new BodyCodings([Bodies.Coding(name)], [], HasBody: true);
        Assert.Equal("one X two X three", Encoding.UTF8.GetString(await Bodies.RunAsync(Edit, coded, Enumerable.Range(0, coded.Length), codings)));
    }

    [Fact]
    public async Task Pipeline_SeveralCodings_UndoesTheLastFirst()
    {
        var coded = Bodies.Compress(Bodies.Compress("an aab"u8.ToArray(), "gzip"), "br");
        var result = await Bodies.RunAsync(Edit, coded, [3, 9], Bodies.Coded(ContentCoding.Gzip, ContentCoding.Brotli));
        Assert.Equal("an X", Encoding.UTF8.GetString(Bodies.Decompress(Bodies.Decompress(result, "br"), "gzip")));
    }

    [Fact]
    public async Task Pipeline_SeveralGzipMembers_ReadsAllOfThem()
    {
        byte[] coded = [.. Bodies.Compress("a"u8.ToArray(), "gzip"), .. Bodies.Compress("ab"u8.ToArray(), "gzip")];
        for (var cut = 0; cut < coded.Length; cut++)
            Assert.Equal("X", Encoding.UTF8.GetString(await Bodies.RunAsync(Edit, coded, [cut], new BodyCodings([ContentCoding.Gzip], [], HasBody: true))));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Pipeline_TruncatedAnywhere_Fails(string name)
    {
        var coded = Bodies.Compress(RandomNumberGenerator.GetBytes(200), name);
        for (var length = 1; length < coded.Length; length++)
        {
            var sink = new CollectingSink();
            var pipeline = Bodies.Pipeline(Edit, sink, Bodies.Coded(Bodies.Coding(name)));
            await Assert.ThrowsAsync<BodyBrokenException>(async () =>
            {
                await pipeline.WriteAsync(coded.AsMemory(0, length));
                await pipeline.CompleteAsync();
            });
            Assert.False(sink.Completed);
            Assert.NotNull(sink.Aborted);
            Assert.IsType<BodyBrokenException>(pipeline.Failure);
            await Assert.ThrowsAsync<BodyBrokenException>(async () => await pipeline.CompleteAsync());
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Pipeline_Garbage_Fails(string name)
    {
        var garbage = Enumerable.Repeat((byte)0x87, 64).ToArray();
        await Assert.ThrowsAsync<BodyBrokenException>(() => Bodies.RunAsync(Edit, garbage, [5], Bodies.Coded(Bodies.Coding(name))));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Pipeline_EmptyCodedBody_IsEmpty(string name)
    {
        var result = await Bodies.RunAsync(Edit, [], null, new BodyCodings([Bodies.Coding(name)], [], HasBody: true));
        Assert.Empty(result);

        // What is empty goes out as a whole coded body, after flushes too.
        var sink = new CollectingSink();
        var pipeline = Bodies.Pipeline(new BodyPlan().Lines(_ => null), sink, Bodies.Coded(Bodies.Coding(name)));
        await pipeline.FlushAsync();
        await pipeline.WriteAsync(Bodies.Compress("dropped"u8.ToArray(), name));
        await pipeline.FlushAsync();
        await pipeline.CompleteAsync();
        Assert.Empty(await Bodies.RunAsync(Edit, sink.Bytes, [3], new BodyCodings([Bodies.Coding(name)], [], HasBody: true)));
        Assert.NotEmpty(sink.Bytes);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Pipeline_GarbageAfterTheEnd_IsDropped(string name)
    {
        byte[] coded = [.. Bodies.Compress("aab"u8.ToArray(), name), 1, 2, 3];
        var result = await Bodies.RunAsync(Edit, coded, [coded.Length - 3], new BodyCodings([Bodies.Coding(name)], [], HasBody: true));
        Assert.Equal("X", Encoding.UTF8.GetString(result));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Flush_CodedEvent_IsReadableAtTheOtherEndAtOnce(string name)
    {
        // One encoder that is flushed after each event, as an event source does.
        var outName = name == "raw" ? "deflate" : name;
        var source = new CollectingSink();
        var upstream = new EncodeStage(source, Bodies.Coding(name));
        var sink = new CollectingSink();
        var client = new CollectingSink();
        var reader = CodingStages.Decode(client, [Bodies.Coding(outName)]);
        var plan = new BodyPlan().Events(e => e with { Data = e.Data + "!" }).Transform((input, output, stop) => input.CopyToAsync(output, stop));
        var pipeline = Bodies.Pipeline(plan, sink, Bodies.Coded(Bodies.Coding(name)), "text/event-stream");
        int sent = 0, seen = 0;
        for (var i = 0; i < 5; i++)
        {
            await upstream.WriteAsync(Encoding.UTF8.GetBytes($"data: {i}\n\n"), default);
            await upstream.FlushAsync(default);
            await pipeline.WriteAsync(source.Bytes.AsMemory(sent));
            await pipeline.FlushAsync();
            sent = source.Bytes.Length;
            await reader.WriteAsync(sink.Bytes.AsMemory(seen), default);
            seen = sink.Bytes.Length;
            Assert.EndsWith($"data: {i}!\n\n", client.Text, StringComparison.Ordinal);
            Assert.Equal(i + 1, sink.Flushes);
        }
    }

    [Fact]
    public void Pipeline_256MegabytesThroughGzip_MemoryStaysFlat()
    {
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("some text with http://internal/ in it and more of it\n", 20_000)));
        var member = Bodies.Compress(text, "gzip");
        var sink = new CollectingSink { OnlyCount = true };
        var plan = new BodyPlan().ReplaceText("http://internal/", "/");
        var pipeline = Bodies.Pipeline(plan, sink, new BodyCodings([ContentCoding.Gzip], [ContentCoding.Gzip], HasBody: true));
        Now(pipeline.WriteAsync(member));

        // Nothing waits here, so all the work is done on this thread, and no other test is counted.
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (long passed = 0; passed < 256L << 20; passed += text.Length)
        {
            Now(pipeline.WriteAsync(member));
            Now(pipeline.FlushAsync());
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Now(pipeline.CompleteAsync());
        Assert.InRange(allocated, 0, 4 << 20);
        Assert.True(sink.Count > 1000);

        static void Now(ValueTask step) => Assert.True(step.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Pipeline_DecompressionBomb_ComesInSmallPieces()
    {
        var bomb = Bodies.Compress(new byte[64 << 20], "gzip");
        var largest = 0L;
        var last = 0L;
        var sink = new CollectingSink { OnlyCount = true };
        sink.BeforeWrite = _ =>
        {
            largest = Math.Max(largest, sink.Count - last);
            last = sink.Count;
            return Task.CompletedTask;
        };
        var pipeline = Bodies.Pipeline(Edit, sink, new BodyCodings([ContentCoding.Gzip], [], HasBody: true));
        await pipeline.WriteAsync(bomb);
        await pipeline.CompleteAsync();
        Assert.Equal(64 << 20, sink.Count);
        Assert.InRange(largest, 1, 64 * 1024);
    }

    [Fact]
    public async Task Pipeline_BombIntoBuffer_FailsAtItsLimit()
    {
        var bomb = Bodies.Compress(new byte[8 << 20], "br");
        await Assert.ThrowsAsync<BodyTooLargeException>(() => Bodies.RunAsync(new BodyPlan().Buffer(1 << 20), bomb, [10], Bodies.Coded(ContentCoding.Brotli)));
    }
}
