using System.Text;
using CsCheck;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Tests.Bodies;

public class LinesAndEventsTests
{
    private static readonly Gen<int[]> Cuts = Gen.Int[0, 1000].Array[0, 12];

    [Fact]
    public void Lines_AnyTextAndChunks_EditsEachLineAndKeepsTerminators() =>
        Gen.Select(Gen.String[Gen.Char["ab\r\n"], 0, 60], Cuts).Sample(
            (text, cuts) => Assert.Equal(Expected(text), Bodies.RunTextAsync(new BodyPlan().Lines(Edit), text, cuts).GetAwaiter().GetResult()),
            iter: 10_000);

    [Fact]
    public async Task Lines_PartialLine_WaitsForItsEnd()
    {
        var sink = new CollectingSink();
        var pipeline = Bodies.Pipeline(new BodyPlan().Lines(l => l.ToUpperInvariant()), sink);
        await pipeline.WriteAsync("one\ntw"u8.ToArray());
        Assert.Equal("ONE\n", sink.Text);
        await pipeline.WriteAsync("o"u8.ToArray());
        await pipeline.CompleteAsync();
        Assert.Equal("ONE\nTWO", sink.Text);
    }

    [Fact]
    public async Task Lines_Charset_DecodesAndEncodes()
    {
        var latin = Encoding.Latin1.GetBytes("é\nà");
        var result = await Bodies.RunAsync(new BodyPlan().Lines(l => l + "è"), latin, [1], contentType: "text/plain; charset=iso-8859-1");
        Assert.Equal("éè\nàè", Encoding.Latin1.GetString(result));
        var wide = await Bodies.RunAsync(new BodyPlan().Lines(l => l + "è"), Encoding.Unicode.GetBytes("é\nà"), [1, 3], contentType: "text/plain; charset=utf-16");
        Assert.Equal("éè\nàè", Encoding.Unicode.GetString(wide));
    }

    [Fact]
    public async Task Lines_UnchangedLineThatIsNoText_PassesAsItCame()
    {
        byte[] body = [0xFF, 0xC3, (byte)'\n', 0x80];
        Assert.Equal(body, await Bodies.RunAsync(new BodyPlan().Lines(l => l), body, [1, 2]));
    }

    [Theory]
    [InlineData(LinesStage.MaxLine, true)]
    [InlineData(LinesStage.MaxLine + 1, false)]
    public async Task Lines_LongLine_FailsAboveTheLimit(int length, bool passes)
    {
        var run = Bodies.RunTextAsync(new BodyPlan().Lines(l => l), new string('x', length) + "\n", [1000, 50_000]);
        if (passes)
            Assert.Equal(length + 1, (await run).Length);
        else
            Assert.Equal(LinesStage.MaxLine, (await Assert.ThrowsAsync<BodyTooLargeException>(() => run)).Max);
    }

    [Fact]
    public async Task Lines_NoEndAtAll_FailsBeforeMemoryGrows()
    {
        var pipeline = Bodies.Pipeline(new BodyPlan().Lines(l => l), new CollectingSink());
        await Assert.ThrowsAsync<BodyTooLargeException>(async () =>
        {
            for (var i = 0; i < 1000; i++)
                await pipeline.WriteAsync(new byte[10_000]);
        });
        await Assert.ThrowsAsync<BodyTooLargeException>(async () => await pipeline.FlushAsync());
    }

    [Theory]
    [InlineData("data: a\n\n", "a|||")]
    [InlineData("data:a\r\ndata: b\r\n\r\n", "a\nb|||")]
    [InlineData("data:  a\r\r", " a|||")]
    [InlineData("event: t\nid: 7\nretry: 30\ndata\n\n", "|t|7|30")]
    [InlineData("id\ndata: x\nunknown: y\n: note\n\n", "x|||")]
    [InlineData("id: a\0b\nretry: 3x\nretry: -1\nretry:\ndata: x\n\n", "x|||")]
    [InlineData("\uFEFFdata: a\n\n", "a|||")]
    [InlineData("data: a: b\n\n", "a: b|||")]
    [InlineData("id: 1\n\nretry: 5\n\n\n: ping\n\n", "")]
    [InlineData("data: unfinished\n", "")]
    public async Task Events_Fields_AreReadAsTheStandardSays(string stream, string expected)
    {
        for (var cut = 0; cut <= stream.Length; cut++)
        {
            var seen = new List<string>();
            await EventsAsync(stream, e =>
            {
                seen.Add($"{e.Data}|{e.Event}|{e.Id}|{e.Retry}");
                return e;
            }, [cut]);
            Assert.Equal(expected, string.Join(" ", seen));
        }
    }

    [Theory]
    [InlineData("data: a\n\n", "data: a\n\n")]
    [InlineData(": hello\ndata: a\n: inside\nx: y\n\n", ": hello\ndata: a\n: inside\nx: y\n\n")]
    [InlineData("id: 1\n\nretry: 5\n\n: ping\n\n", "id: 1\n\nretry: 5\n\n: ping\n\n")]
    [InlineData("data: a\r\n\r\ndata: b\r\r", "data: a\n\ndata: b\n\n")]
    [InlineData("data: a\n\ndata: cut\n", "data: a\n\n")]
    public async Task Events_Unchanged_PassWithCommentsAndUnknownFields(string stream, string expected)
    {
        for (var cut = 0; cut <= stream.Length; cut++)
            Assert.Equal(expected, await EventsAsync(stream, e => e, [cut]));
    }

    [Fact]
    public async Task Events_Edited_AreWrittenWithAllTheirFields()
    {
        var edited = await EventsAsync("id: 1\n: note\ndata: a\n\n", e => e with { Data = "x\r\ny\rz\n\u2028", Event = "t", Retry = 9 });
        Assert.Equal(": note\nid: 1\nevent: t\nretry: 9\ndata: x\ndata: y\ndata: z\ndata: \u2028\n\n", edited);
    }

    [Fact]
    public async Task Events_Null_DropsTheEvent() =>
        Assert.Equal("data: b\n\n", await EventsAsync("data: a\n\ndata: b\n\n", e => e.Data == "a" ? null : e));

    [Fact]
    public async Task Events_LineBreakInAField_Fails() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => EventsAsync("data: a\n\n", e => e with { Event = "x\ndata: forged" }));

    [Fact]
    public async Task Events_OtherContentType_PassesUntouched() =>
        Assert.Equal("{\"a\": 1}", await Bodies.RunTextAsync(new BodyPlan().Events(_ => null), "{\"a\": 1}", contentType: "application/json"));

    [Fact]
    public async Task Events_TooLong_Fails() =>
        await Assert.ThrowsAsync<BodyTooLargeException>(() => EventsAsync(string.Concat(Enumerable.Repeat("data: 0123456789\n", 100_000)), e => e));

    [Theory]
    [InlineData("data: a\n\n")]
    [InlineData("data: a\r\r")]
    [InlineData(": ping\n")]
    public async Task Events_WholeEventOrComment_GoesOutAtOnce(string one)
    {
        var sink = new CollectingSink();
        var pipeline = Bodies.Pipeline(new BodyPlan().Events(e => e), sink, contentType: "text/event-stream; charset=utf-8");
        for (var i = 1; i <= 3; i++)
        {
            await pipeline.WriteAsync(Encoding.UTF8.GetBytes(one));
            Assert.Equal(string.Concat(Enumerable.Repeat(one.Replace('\r', '\n'), i)), sink.Text);
        }
    }

    private static Task<string> EventsAsync(string stream, Func<ServerSentEvent, ServerSentEvent?> edit, IEnumerable<int>? cuts = null) =>
        Bodies.RunTextAsync(new BodyPlan().Events(edit), stream, cuts, "text/event-stream");

    private static string? Edit(string line) => line.Contains("bb", StringComparison.Ordinal) ? null : "<" + line + ">";

    private static string Expected(string text)
    {
        var result = new StringBuilder();
        while (text.Length > 0)
        {
            var end = text.IndexOf('\n');
            var line = end < 0 ? text : text[..(end + 1)];
            text = text[line.Length..];
            var terminator = line.EndsWith("\r\n", StringComparison.Ordinal) ? "\r\n" : end < 0 ? "" : "\n";
            if (Edit(line[..^terminator.Length]) is { } edited)
                result.Append(edited).Append(terminator);
        }

        return result.ToString();
    }
}
