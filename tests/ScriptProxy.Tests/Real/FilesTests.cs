using System.IO.Compression;
using System.Net;
using System.Text;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Real;

/// <summary>Files of a route, with the phases around them.</summary>
public class FilesTests
{
    [Fact]
    public async Task Files_BelowACatchAll_AreServedWithRangesAndConditions()
    {
        await using var gateway = await TestGateway.StartAsync(
            """Route("/static/{**path}").Files("www");""", ("www/a b.txt", "0123456789"), ("www/sub/index.html", "<p>sub"), ("secret.txt", "secret"), ("www/.hidden", "hidden"));
        using var whole = await gateway.Client.GetAsync("/static/a%20b.txt");
        Assert.Equal("0123456789", await whole.Content.ReadAsStringAsync());
        Assert.Equal("text/plain; charset=utf-8", whole.Content.Headers.ContentType!.ToString());
        Assert.Equal("<p>sub", await gateway.Client.GetStringAsync("/static/sub/"));
        using (var slash = await gateway.Client.GetAsync("/static/sub?x=1"))
        {
            Assert.Equal((HttpStatusCode.MovedPermanently, "/static/sub/?x=1"), (slash.StatusCode, slash.Headers.Location!.ToString()));
        }

        using var part = new HttpRequestMessage(HttpMethod.Get, "/static/a%20b.txt");
        part.Headers.Range = new(2, 4);
        using (var answer = await gateway.Client.SendAsync(part))
        {
            Assert.Equal((HttpStatusCode.PartialContent, "234"), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        }

        using var again = new HttpRequestMessage(HttpMethod.Get, "/static/a%20b.txt");
        again.Headers.IfNoneMatch.Add(whole.Headers.ETag!);
        using (var answer = await gateway.Client.SendAsync(again))
        {
            Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
        }

        foreach (var path in new[] { "/static/../secret.txt", "/static/%2e%2e/secret.txt", "/static/..%2fsecret.txt", "/static/.hidden", "/static/none.txt" })
        {
            using var client = await RawClient.ConnectAsync(gateway.Address);
            await client.SendAsync($"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 404", (await client.ReadAnswerAsync()).Head);
        }
    }

    [Fact]
    public async Task Files_Missing_AreAskedOfTheUpstream()
    {
        await using var origin = await Origin.StartAsync("from the shop");
        await using var gateway = await TestGateway.StartAsync(
            $$"""Upstream("shop", "{{origin.Address}}"); Route("/{**path}").Files("www").To("shop").HeaderFilter(h => h.Response.Headers["X-F"] = h.Peer?.Name ?? "file");""",
            ("www/here.txt", "from the folder"));
        foreach (var (path, text, header) in new[] { ("/here.txt", "from the folder", "file"), ("/there.txt", "from the shop", origin.Address["http://".Length..]) })
        {
            using var answer = await gateway.Client.GetAsync(path);
            Assert.Equal(text, await answer.Content.ReadAsStringAsync());
            Assert.Equal(header, Assert.Single(answer.Headers.GetValues("X-F")));
        }

        using var post = await gateway.Client.PostAsync("/there.txt", new StringContent("x"));
        Assert.Equal("from the shop", await post.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("/page.html", null)]
    [InlineData("/page.html", "gzip")]
    [InlineData("/packed.html", null)]
    [InlineData("/packed.html", "gzip")]
    public async Task Filters_OnFiles_SeeThem(string path, string? coding)
    {
        await using var gateway = await TestGateway.StartAsync(
            """
            Route("/{**path}").Files("www")
                .HeaderFilter(h => h.Response.Headers["X-F"] = h.Response.StatusCode.ToString())
                .BodyFilter(b => b.ReplaceText("http://internal/", "/"))
                .Log(l => l.Logger.LogInformation("logged {Status} {Bytes}", l.Response.StatusCode, l.BytesSent));
            Route("/one").Content(c => c.File("www/page.html")).BodyFilter(b => b.ReplaceText("http://internal/", "/"));
            """,
            ("www/page.html", "<a href='http://internal/x'>"),
            ("www/packed.html", "<a href='http://internal/x'>"));
        using (var packed = new GZipStream(File.Create(gateway.Folder.PathOf("www/packed.html.gz")), CompressionLevel.Optimal))
        {
            packed.Write("<a href='http://internal/x'>"u8);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", coding ?? "identity");
        using var answer = await gateway.Client.SendAsync(request);
        var body = await answer.Content.ReadAsByteArrayAsync();
        if (answer.Content.Headers.ContentEncoding.Contains("gzip"))
        {
            using var unpacked = new StreamReader(new GZipStream(new MemoryStream(body), CompressionMode.Decompress));
            Assert.Equal("<a href='/x'>", await unpacked.ReadToEndAsync());
        }
        else
        {
            Assert.Equal("<a href='/x'>", Encoding.UTF8.GetString(body));
        }

        Assert.Equal("200", Assert.Single(answer.Headers.GetValues("X-F")));
        await gateway.Log.WaitForAsync($"logged 200 {body.Length}");

        // A part of what a filter changes would be a part of something else.
        foreach (var file in new[] { path, "/one" })
        {
            using var part = new HttpRequestMessage(HttpMethod.Get, file);
            part.Headers.Range = new(0, 3);
            using var ranged = await gateway.Client.SendAsync(part);
            Assert.Equal((HttpStatusCode.OK, "<a href='/x'>"), (ranged.StatusCode, await ranged.Content.ReadAsStringAsync()));
        }
    }
}
