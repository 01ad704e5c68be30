using System.Text;
using CsCheck;
using ScriptProxy.Core.Http1;

namespace ScriptProxy.Tests.Http1;

/// <summary>What counts as an answer's head, by RFC 9112.</summary>
public class ResponseHeadTests
{
    private const string Whole = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A: 1\r\nx-a:2 \r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n";

    [Fact]
    public void WholeHead_IsRead()
    {
        var head = Read(Whole + "hello", out var length);

        Assert.Equal(Whole.Length, length);
        Assert.Equal(200, head.Status);
        Assert.Null(head.Reason);
        Assert.Equal(5, head.ContentLength);
        Assert.Equal(BodyEnd.Length, head.EndOf("GET"));
        Assert.Equal(BodyEnd.None, head.EndOf("HEAD"));
        Assert.True(head.KeepsConnection);
        Assert.True(head.SaysTwice);
        Assert.Equal([("Content-Type", "text/plain"), ("X-A", "1"), ("x-a", "2"), ("Connection", "keep-alive")], head.Fields.ToArray());
    }

    [Fact]
    public void Head_InAnyPieces_IsTheSame() => Gen.Int[1, Whole.Length - 1].Array[0, 6].Sample(cuts =>
    {
        var head = new ResponseHead();
        head.Begin();
        var bytes = Encoding.ASCII.GetBytes(Whole + "rest");
        foreach (var cut in cuts.Order())
        {
            Assert.Equal(0, head.Read(bytes.AsSpan(0, cut)));
        }

        Assert.Equal(Whole.Length, head.Read(bytes));
        Assert.Equal(4, head.Count);
    });

    [Theory]
    [InlineData("HTTP/1.1 200 OK\nA: b\n\n", "A=b")]
    [InlineData("HTTP/1.1 204\r\n\r\n", "")]
    [InlineData("HTTP/1.1 200 \r\nA:\r\n\r\n", "A=")]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\r\n  c\r\n\td\r\nE: f\r\n\r\n", "A=b    c  \td;E=f")]
    [InlineData("HTTP/1.1 200 OK\r\nA \t: b\r\n\r\n", "A=b")]
    [InlineData("HTTP/1.0 299 Fine\r\nA: gr\u00fc\u00df\r\n\r\n", "A=gr\u00fc\u00df")]
    public void UnusualHead_IsRead(string text, string fields)
    {
        var head = Read(text, out var length);

        Assert.Equal(text.Length, length);
        Assert.Equal(fields, string.Join(';', head.Fields.ToArray().Select(f => $"{f.Name}={f.Value}")));
    }

    [Theory]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 099 OK\r\n\r\n")]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.2 200 OK\r\n\r\n")]
    [InlineData("http/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1  200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 O\0K\r\n\r\n")]
    [InlineData("\r\nHTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n A: folded onto nothing\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n: no name\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA b: c\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n")]
    public void BadHead_IsRefused(string text) => Assert.Throws<PeerFaultException>(() => Read(text, out _));

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: keep-alive, Close\r\n\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", true)]
    [InlineData("HTTP/1.0 200 OK\r\n\r\n", false)]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n", false)]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", false)]
    public void Connection_IsKeptOrNot(string text, bool kept) => Assert.Equal(kept, Read(text, out _).KeepsConnection);

    [Fact]
    public void LengthBesideChunks_IsNoLength()
    {
        var head = Read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", out _);

        Assert.Null(head.ContentLength);
        Assert.Equal(BodyEnd.Chunks, head.EndOf("GET"));
    }

    [Fact]
    public void CodingThatTellsNoEnd_EndsWithTheConnection()
    {
        var head = Read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: identity\r\n\r\n", out _);

        Assert.Equal(BodyEnd.Close, head.EndOf("GET"));
        Assert.False(head.KeepsConnection);
    }

    [Fact]
    public void SameLengthTwice_IsOne() => Assert.Equal(7, Read("HTTP/1.1 200 OK\r\nContent-Length: 7, 7\r\nContent-Length: 7\r\n\r\n", out _).ContentLength);

    [Theory]
    [InlineData(304)]
    [InlineData(204)]
    public void StatusWithoutBody_HasNone(int status) => Assert.Equal(BodyEnd.None, Read($"HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\n", out _).EndOf("GET"));

    [Fact]
    public void NextAnswer_HasNothingOfTheOneBefore()
    {
        var head = Read("HTTP/1.0 200 Mine\r\nTransfer-Encoding: chunked\r\nA: 1\r\nA: 2\r\nB: 3\r\n\r\n", out _);
        head.Begin();
        var bytes = "HTTP/1.1 404 Not Found\r\nA: 1\r\nC: 3\r\n\r\n"u8.ToArray();
        head.Read(bytes);

        Assert.Equal(404, head.Status);
        Assert.Null(head.Reason);
        Assert.Null(head.ContentLength);
        Assert.False(head.SaysTwice);
        Assert.Equal(BodyEnd.Close, head.EndOf("GET"));
        Assert.True(head.KeepsConnection);
        Assert.Equal([("A", "1"), ("C", "3")], head.Fields.ToArray());
    }

    [Fact]
    public void Anything_IsReadOrRefused() => Gen.Select(Gen.Int[0, 3], Gen.Select(Gen.Int[0, Whole.Length - 1], Gen.Byte).Array[0, 8], Gen.Byte.Array[0, 200]).Sample((kind, changes, noise) =>
    {
        var bytes = kind == 0 ? noise : Encoding.ASCII.GetBytes(Whole);
        foreach (var (at, value) in changes)
        {
            if (at < bytes.Length)
            {
                bytes[at] = value;
            }
        }

        var head = new ResponseHead();
        head.Begin();
        try
        {
            var length = head.Read(bytes);
            Assert.InRange(length, 0, bytes.Length);
            Assert.All(head.Fields.ToArray(), f => Assert.DoesNotContain(f.Value, c => c is '\r' or '\n' or '\0'));
        }
        catch (PeerFaultException)
        {
            // Refused.
        }
    });

    private static ResponseHead Read(string text, out int length)
    {
        var head = new ResponseHead();
        head.Begin();
        length = head.Read(Encoding.Latin1.GetBytes(text));
        return head;
    }
}
