using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Tests.Bodies;

public class BodyHeadersTests
{
    [Fact]
    public void AdjustResponse_Plain_RemovesWhatSpokeOfTheOldBytes()
    {
        var context = Context(200);
        var headers = context.Response.Headers;
        headers.ContentLength = 10;
        headers.ETag = "\"abc\"";
        headers.AcceptRanges = "bytes";
        headers.ContentMD5 = "x";
        headers["Digest"] = headers["Repr-Digest"] = headers["Content-Digest"] = "x";
        headers.LastModified = "Thu, 01 Jan 2026 00:00:00 GMT";
        var codings = BodyHeaders.AdjustResponse(context.Request, context.Response);
        Assert.True(codings.HasBody);
        Assert.Equal(["ETag", "Last-Modified"], headers.Keys.Order());
        Assert.Equal("W/\"abc\"", headers.ETag);
    }

    [Theory]
    [InlineData("W/\"abc\"", "W/\"abc\"")]
    [InlineData("\"\"", "W/\"\"")]
    [InlineData("unquoted", "unquoted")]
    public void AdjustResponse_ETag_BecomesWeak(string tag, string expected)
    {
        var context = Context(200);
        context.Response.Headers.ETag = tag;
        BodyHeaders.AdjustResponse(context.Request, context.Response);
        Assert.Equal(expected, context.Response.Headers.ETag);
    }

    [Theory]
    [InlineData("gzip", "gzip, br", "gzip")]
    [InlineData("gzip", "*", "gzip")]
    [InlineData("gzip", "*;q=0, gzip", "gzip")]
    [InlineData("x-gzip", "gzip", "x-gzip")]
    [InlineData("BR", "br;q=0.5", "BR")]
    [InlineData("gzip", "br", null)]
    [InlineData("gzip", "gzip;q=0, *", null)]
    [InlineData("gzip", "gzip;q=nonsense", null)]
    [InlineData("gzip", "", null)]
    [InlineData("gzip, br", "gzip, br", "gzip, br")]
    [InlineData("gzip, br", "gzip", null)]
    [InlineData("identity", "gzip", "identity")]
    public void AdjustResponse_Coding_IsKeptOnlyWhereTheClientTakesIt(string coding, string accepted, string? expected)
    {
        var context = Context(200);
        context.Request.Headers.AcceptEncoding = accepted;
        context.Response.Headers.ContentEncoding = coding;
        var codings = BodyHeaders.AdjustResponse(context.Request, context.Response);
        Assert.Equal(expected, (string?)context.Response.Headers.ContentEncoding);
        Assert.Equal(expected is null ? [] : codings.Incoming, codings.Outgoing);
        Assert.Equal(coding == "identity" ? null : "Accept-Encoding", (string?)context.Response.Headers.Vary);
    }

    [Theory]
    [InlineData("Origin", "Origin,Accept-Encoding")]
    [InlineData("Origin, accept-encoding", "Origin, accept-encoding")]
    [InlineData("*", "*")]
    public void AdjustResponse_Vary_NamesAcceptEncodingOnce(string vary, string expected)
    {
        var context = Context(200);
        context.Response.Headers.ContentEncoding = "gzip";
        context.Response.Headers.Vary = vary;
        BodyHeaders.AdjustResponse(context.Request, context.Response);
        Assert.Equal(expected, context.Response.Headers.Vary.ToString());
    }

    [Theory]
    [InlineData(200, "zstd")]
    [InlineData(200, "gzip, dcb")]
    [InlineData(200, "gzip, gzip, gzip, gzip")]
    [InlineData(206, "")]
    public void AdjustResponse_CannotBeRead_Throws(int status, string coding)
    {
        var context = Context(status);
        if (coding.Length > 0)
            context.Response.Headers.ContentEncoding = coding;
        Assert.Throws<BodyNotFilterableException>(() => BodyHeaders.AdjustResponse(context.Request, context.Response));
    }

    [Theory]
    [InlineData("GET", 204)]
    [InlineData("GET", 205)]
    [InlineData("GET", 304)]
    [InlineData("HEAD", 200)]
    public void AdjustResponse_NoBody_GetsTheSameHeaders(string method, int status)
    {
        var context = Context(status);
        context.Request.Method = method;
        context.Response.Headers.ETag = "\"a\"";
        context.Response.ContentLength = 7;
        Assert.False(BodyHeaders.AdjustResponse(context.Request, context.Response).HasBody);
        Assert.Equal("W/\"a\"", context.Response.Headers.ETag);
        Assert.Null(context.Response.ContentLength);
    }

    [Theory]
    [InlineData("gzip, deflate, br, zstd", "gzip, deflate, br")]
    [InlineData("br;q=1.0, gzip;q=0.8, *;q=0.1", "br;q=1.0, gzip;q=0.8, gzip, deflate, br")]
    [InlineData("zstd", "identity")]
    [InlineData("gzip;q=0, identity", "gzip;q=0, identity")]
    [InlineData("*;q=0", "identity")]
    [InlineData(null, "identity")]
    public void AdjustRequest_AcceptEncoding_IsLimitedToWhatFiltersRead(string? accepted, string expected)
    {
        IHeaderDictionary headers = new HeaderDictionary { ["Range"] = "bytes=0-1", ["If-Range"] = "\"a\"", ["If-None-Match"] = "W/\"a\"" };
        using var message = new HttpRequestMessage();
        message.Headers.TryAddWithoutValidation("Range", "bytes=0-1");
        if (accepted is not null)
        {
            headers.AcceptEncoding = accepted;
            message.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        }

        BodyHeaders.AdjustRequest(headers);
        BodyHeaders.AdjustRequest(message.Headers);
        Assert.Equal(expected, headers.AcceptEncoding);
        Assert.Equal(expected, message.Headers.NonValidated["Accept-Encoding"].ToString());
        Assert.Equal(["Accept-Encoding", "If-None-Match"], headers.Keys.Order());
        Assert.False(message.Headers.Contains("Range"));
    }

    [Fact]
    public void AdjustRequestBody_Length_BecomesChunked()
    {
        var context = Context(200);
        context.Request.Protocol = "HTTP/1.1";
        context.Request.ContentLength = 7;
        context.Request.Headers["Content-Digest"] = "x";
        context.Request.Headers.ContentEncoding = "gzip";
        var codings = BodyHeaders.AdjustRequestBody(context.Request);
        Assert.Equal([ContentCoding.Gzip], codings.Incoming);
        Assert.Equal(["Content-Encoding", "Transfer-Encoding"], context.Request.Headers.Keys.Order());
    }

    [Theory]
    [InlineData("Content-Encoding", "zstd")]
    [InlineData("Content-Range", "bytes 0-1/2")]
    public void AdjustRequestBody_CannotBeRead_Throws(string name, string value)
    {
        var context = Context(200);
        context.Request.Headers[name] = value;
        Assert.Throws<BodyNotFilterableException>(() => BodyHeaders.AdjustRequestBody(context.Request));
    }

    private static DefaultHttpContext Context(int status)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "GET";
        context.Response.StatusCode = status;
        return context;
    }
}
