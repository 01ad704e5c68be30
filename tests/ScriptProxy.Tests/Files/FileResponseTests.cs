using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Files;

namespace ScriptProxy.Tests.Files;

public sealed class FileResponseTests
{
    [Theory]
    [InlineData("bytes=0-3", 206, "0123", "bytes 0-3/10")]
    [InlineData("bytes=7-", 206, "789", "bytes 7-9/10")]
    [InlineData("bytes=7-99", 206, "789", "bytes 7-9/10")]
    [InlineData("bytes=-2", 206, "89", "bytes 8-9/10")]
    [InlineData("bytes=-99", 206, "0123456789", "bytes 0-9/10")]
    [InlineData("bytes=0-0", 206, "0", "bytes 0-0/10")]
    [InlineData("bytes=10-", 416, "", "bytes */10")]
    [InlineData("bytes=-0", 416, "", "bytes */10")]
    [InlineData("bytes=0-1,5-6", 200, "0123456789", null)]
    [InlineData("bytes=5-2", 200, "0123456789", null)]
    [InlineData("lines=0-3", 200, "0123456789", null)]
    [InlineData("bytes=x", 200, "0123456789", null)]
    [InlineData("bytes=99999999999999999999-", 200, "0123456789", null)]
    public async Task Range_IsHonouredRefusedOrIgnored(string range, int status, string body, string? contentRange)
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write("a.bin", "0123456789");

        HttpResponseMessage answer = await server.SendAsync("/a.bin", "GET", ("Range", range));

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(body, await answer.Content.ReadAsStringAsync());
        Assert.Equal(contentRange, answer.Content.Headers.ContentRange?.ToString());
    }

    [Theory]
    [InlineData("bytes=0-")]
    [InlineData("bytes=-5")]
    public async Task Range_OfAnEmptyFile_IsUnsatisfiable(string range)
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write("empty.bin", "");

        HttpResponseMessage answer = await server.SendAsync("/empty.bin", "GET", ("Range", range));

        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, answer.StatusCode);
    }

    [Fact]
    public async Task Preconditions_AnswerByTagAndDate()
    {
        await using FileServer server = await FileServer.StartAsync();
        string path = server.Write("a.txt", "hello");
        File.SetLastWriteTimeUtc(path, new DateTime(2025, 3, 1, 12, 0, 0, 500, DateTimeKind.Utc));
        HttpResponseMessage plain = await server.SendAsync("/a.txt");
        string tag = plain.Headers.ETag!.ToString();
        const string Same = "Sat, 01 Mar 2025 12:00:00 GMT";
        const string Before = "Sat, 01 Mar 2025 11:59:59 GMT";
        Assert.Equal(Same, plain.Content.Headers.LastModified!.Value.ToString("R"));

        await Expect(304, ("If-None-Match", tag));
        await Expect(304, ("If-None-Match", "W/" + tag));
        await Expect(304, ("If-None-Match", "\"x\", " + tag));
        await Expect(304, ("If-None-Match", "*"));
        await Expect(200, ("If-None-Match", "\"x\""));
        await Expect(200, ("If-None-Match", "\"x\""), ("If-Modified-Since", Same));
        await Expect(304, ("If-Modified-Since", Same));
        await Expect(200, ("If-Modified-Since", Before));
        await Expect(200, ("If-Modified-Since", "yesterday"));
        await Expect(200, ("If-Match", tag));
        await Expect(200, ("If-Match", "*"));
        await Expect(412, ("If-Match", "\"x\""));
        await Expect(412, ("If-Match", "W/" + tag));
        await Expect(200, ("If-Unmodified-Since", Same));
        await Expect(412, ("If-Unmodified-Since", Before));
        await Expect(206, ("Range", "bytes=0-1"), ("If-Range", tag));
        await Expect(200, ("Range", "bytes=0-1"), ("If-Range", "\"x\""));
        await Expect(200, ("Range", "bytes=0-1"), ("If-Range", "W/" + tag));
        await Expect(206, ("Range", "bytes=0-1"), ("If-Range", Same));
        await Expect(200, ("Range", "bytes=0-1"), ("If-Range", Before));
        await Expect(304, ("Range", "bytes=0-1"), ("If-None-Match", tag));

        async Task Expect(int status, params (string, string)[] headers)
        {
            HttpResponseMessage answer = await server.SendAsync("/a.txt", "GET", headers);
            Assert.True(status == (int)answer.StatusCode, $"{string.Join("; ", headers)}: {(int)answer.StatusCode}, not {status}");
            Assert.Equal(tag, answer.Headers.ETag?.ToString());
            if (status is 304 or 412)
                Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
        }
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("gzip", "gzip")]
    [InlineData("x-gzip", "gzip")]
    [InlineData("GZIP", "gzip")]
    [InlineData("gzip, br", "br")]
    [InlineData("gzip;q=1.0, br;q=0.5", "gzip")]
    [InlineData("br;q=0, gzip;q=0", null)]
    [InlineData("br;q=0, *", "gzip")]
    [InlineData("*", "br")]
    [InlineData("*;q=0", null)]
    [InlineData("identity, gzip;q=0.5", null)]
    [InlineData("identity;q=0.5, gzip;q=0.5", "gzip")]
    [InlineData("deflate, zstd", null)]
    [InlineData("gzip;;q=,,(", null)]
    public async Task Precompressed_IsChosenByAcceptEncoding(string? accept, string? encoding)
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write("a.css", "plain");
        server.Write("a.css.br", "brotli");
        server.Write("a.css.gz", "gzip");

        HttpResponseMessage answer = accept is null
            ? await server.SendAsync("/a.css")
            : await server.SendAsync("/a.css", "GET", ("Accept-Encoding", accept));

        Assert.Equal(encoding, answer.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Equal(encoding switch { "br" => "brotli", "gzip" => "gzip", _ => "plain" }, await answer.Content.ReadAsStringAsync());
        Assert.Equal("text/css; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal("Accept-Encoding", answer.Headers.Vary.Single());
    }

    [Fact]
    public async Task Precompressed_HasItsOwnTagRangesAndConditions()
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write("a.css", "plain text");
        server.Write("a.css.gz", "gz");

        EntityTagHeaderValue plain = (await server.SendAsync("/a.css")).Headers.ETag!;
        EntityTagHeaderValue gzip = (await server.SendAsync("/a.css", "GET", ("Accept-Encoding", "gzip"))).Headers.ETag!;
        HttpResponseMessage part = await server.SendAsync("/a.css", "GET", ("Accept-Encoding", "gzip"), ("Range", "bytes=1-"));
        HttpResponseMessage fresh = await server.SendAsync("/a.css", "GET", ("Accept-Encoding", "gzip"), ("If-None-Match", gzip.ToString()));
        HttpResponseMessage other = await server.SendAsync("/a.css", "GET", ("Accept-Encoding", "gzip"), ("If-None-Match", plain.ToString()));

        Assert.NotEqual(plain, gzip);
        Assert.Equal("z", await part.Content.ReadAsStringAsync());
        Assert.Equal("bytes 1-1/2", part.Content.Headers.ContentRange!.ToString());
        Assert.Equal(HttpStatusCode.NotModified, fresh.StatusCode);
        Assert.Equal("Accept-Encoding", fresh.Headers.Vary.Single());
        Assert.Empty(fresh.Content.Headers.ContentEncoding);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task Precompressed_WithoutItsOriginalOrOutsideTheRoot_IsNotServed()
    {
        await using FileServer server = await FileServer.StartAsync();
        server.Write("lonely.css.gz", "gz");
        server.Write("a.css", "plain");
        File.WriteAllText(Path.Combine(server.Outside, "secret"), "SECRET");
        File.CreateSymbolicLink(Path.Combine(server.Root, "a.css.gz"), "../secret");

        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("/lonely.css", "GET", ("Accept-Encoding", "gzip"))).StatusCode);
        HttpResponseMessage answer = await server.SendAsync("/a.css", "GET", ("Accept-Encoding", "gzip"));
        Assert.Equal("plain", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task File_RemovedAndReplacedWhileServed_GoesOutWhole()
    {
        await using FileServer server = await FileServer.StartAsync();
        byte[] old = new byte[32 * 1024 * 1024];
        Array.Fill(old, (byte)'o');
        string path = server.Write("a.bin", old);

        using HttpResponseMessage answer = await server.Client.GetAsync("/a.bin", HttpCompletionOption.ResponseHeadersRead);
        File.Delete(path);
        server.Write("a.bin", "new");
        byte[] body = await answer.Content.ReadAsByteArrayAsync();

        Assert.Equal(old.Length, body.Length);
        Assert.Equal(-1, body.AsSpan().IndexOfAnyExcept((byte)'o'));
        Assert.Equal("new", await server.Client.GetStringAsync("/a.bin"));
    }

    [Fact]
    public async Task File_ThatShrinksWhileServed_DoesNotLookComplete()
    {
        await using FileServer server = await FileServer.StartAsync();
        string path = server.Write("a.bin", new byte[64 * 1024 * 1024]);

        using HttpResponseMessage answer = await server.Client.GetAsync("/a.bin", HttpCompletionOption.ResponseHeadersRead);
        await using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.SetLength(1);

        await Assert.ThrowsAsync<HttpRequestException>(() => answer.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task File_ThatIsShorterThanItsSize_Throws()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, "hello");
        try
        {
            using OpenFile file = OpenFile.TryOpen(path)!;
            File.WriteAllText(path, "he");
            var context = new DefaultHttpContext();
            context.Request.Method = "GET";

            IOException error = await Assert.ThrowsAsync<IOException>(() => FileResponse.SendAsync(context, file, "text/plain"));
            Assert.Contains(path, error.Message);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void TryOpen_FileThatIsGone_IsNull() => Assert.Null(OpenFile.TryOpen(Path.Combine(Path.GetTempPath(), "no-such-folder", "x")));
}
