using System.Text;
using CsCheck;
using ScriptProxy.Core.Http1;

namespace ScriptProxy.Tests.Http1;

public class ChunkedBodyTests
{
    [Theory]
    [InlineData("0\r\n\r\n", "")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("5;a=b;c=\"d\"\r\nhello\r\n1 \r\n!\r\n000\r\n\r\n", "hello!")]
    [InlineData("A\r\n0123456789\r\n0\r\nX: 1\r\nY: 2\r\n\r\n", "0123456789")]
    public void Chunks_AreUndone(string chunked, string body)
    {
        var (read, rest, _) = Undo(chunked + "next", [chunked.Length + 4]);

        Assert.Equal(body, read);
        Assert.Equal("next", rest);
    }

    [Fact]
    public void Chunks_InAnyPieces_AreTheSame() => Gen.Select(Gen.String[Gen.Char['a', 'z'], 1, 40].Array[0, 5], Gen.Int[1, 7].Array[1, 200]).Sample((chunks, steps) =>
    {
        var chunked = string.Concat(chunks.Select(c => $"{c.Length:x}\r\n{c}\r\n")) + "0\r\nT: v\r\n\r\n";
        var (read, rest, body) = Undo(chunked, steps);

        Assert.Equal(string.Concat(chunks), read);
        Assert.Empty(rest);
        Assert.Equal([("T", "v")], body.Trailers);
    });

    [Theory]
    [InlineData("5\nhello\r\n0\r\n\r\n")]
    [InlineData("5\r\nhello!\r\n0\r\n\r\n")]
    [InlineData("5\r\nhello\n0\r\n\r\n")]
    [InlineData("\r\nhello\r\n0\r\n\r\n")]
    [InlineData("-5\r\nhello\r\n")]
    [InlineData("+5\r\nhello\r\n")]
    [InlineData("0x5\r\nhello\r\n")]
    [InlineData("5 5\r\nhello\r\n")]
    [InlineData(" 5\r\nhello\r\n")]
    [InlineData("fffffffffffffffff\r\nhello\r\n")]
    [InlineData("8000000000000000\r\nhello\r\n")]
    [InlineData("5;a\rb\r\nhello\r\n0\r\n\r\n")]
    [InlineData("0\r\nbad trailer\r\n\r\n")]
    [InlineData("0\r\nT: v\n\r\n")]
    public void BadChunks_AreRefused(string chunked) => Assert.Throws<PeerFaultException>(() => Undo(chunked, [chunked.Length]));

    [Fact]
    public void EndlessLines_AreRefused()
    {
        Assert.Throws<PeerFaultException>(() => Undo("5;" + new string('a', 5000), [5002]));
        Assert.Throws<PeerFaultException>(() => Undo("0\r\n" + string.Concat(Enumerable.Repeat("T: " + new string('a', 1000) + "\r\n", 70)), [100_000]));
    }

    [Fact]
    public void Anything_IsUndoneOrRefused() => Gen.Select(Gen.Bool.Select(b => b ? "5\r\nhello\r\n0\r\n\r\n" : "a;b=c\r\n0123456789\r\n0\r\nT: v\r\n\r\n"), Gen.Select(Gen.Int[0, 30], Gen.Byte).Array[0, 5]).Sample((text, changes) =>
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        foreach (var (at, value) in changes)
        {
            bytes[at % bytes.Length] = value;
        }

        try
        {
            Undo(Encoding.Latin1.GetString(bytes), [bytes.Length]);
        }
        catch (PeerFaultException)
        {
            // Refused.
        }
    });

    /// <summary>As a connection does: what has arrived grows by the steps, what was taken goes.</summary>
    private static (string Read, string Left, ChunkedBody Body) Undo(string chunked, int[] steps)
    {
        var bytes = Encoding.Latin1.GetBytes(chunked);
        var body = new ChunkedBody();
        body.Begin();
        var read = new StringBuilder();
        var (from, to) = (0, 0);
        for (var i = 0; to < bytes.Length && !body.IsOver; i++)
        {
            to = Math.Min(bytes.Length, to + steps[i % steps.Length]);
            while (true)
            {
                var count = body.Next(bytes.AsSpan(from, to - from), out var framing);
                from += framing;
                if (count == 0)
                {
                    break;
                }

                read.Append(Encoding.Latin1.GetString(bytes, from, count));
                from += count;
                body.Took(count);
            }
        }

        return (read.ToString(), Encoding.Latin1.GetString(bytes, from, to - from), body);
    }
}
