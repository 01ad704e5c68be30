using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

public class VerdictTests
{
    [Fact]
    public async Task Exec_RunsAgainFromRouting_KeepsStateAndQuery()
    {
        await using var gateway = await TestGateway.StartAsync("""
            static readonly ExchangeKey<string> Trace = new("trace", "");
            Rewrite(r => { r[Trace] += "gateway "; });
            Route("/a").Access(r => { r[Trace] += "a "; return r.Exec("/b/1"); });
            Route("/q").Access(r => r.Exec("/b/2?new=1"));
            Route("/none").Access(r => r.Exec("/b/2?"));
            Route("/from-content").Content(c => c.Exec("/b/3"));
            Route("/nowhere").Access(r => r.Exec("/not-there"));
            Route("/encoded").Access(r => r.Exec("/b/x%20y"));
            Route("/b/{id}").Rewrite(r => { r[Trace] += "rewrite-b "; }).Access(r => { r[Trace] += "access-b "; })
                .HeaderFilter(h => h.Response.Headers["X-Route"] = h.Route.Pattern)
                .Content(c => c.Text($"{c[Trace]}{c.Request.RouteValues["id"]} {c.Request.Path} {c.Request.QueryString}"));
            """);
        using var a = await gateway.Client.GetAsync("/a?x=1");
        Assert.Equal("gateway a rewrite-b access-b 1 /b/1 ?x=1", await a.Content.ReadAsStringAsync());
        Assert.Equal("/b/{id}", a.Headers.GetValues("X-Route").Single());
        Assert.EndsWith("2 /b/2 ?new=1", await gateway.Client.GetStringAsync("/q?x=1"), StringComparison.Ordinal);
        Assert.EndsWith("2 /b/2 ", await gateway.Client.GetStringAsync("/none?x=1"), StringComparison.Ordinal);
        Assert.EndsWith("3 /b/3 ?x=1", await gateway.Client.GetStringAsync("/from-content?x=1"), StringComparison.Ordinal);
        Assert.EndsWith("x y /b/x%20y ", await gateway.Client.GetStringAsync("/encoded"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.Client.GetAsync("/nowhere")).StatusCode);
    }

    [Fact]
    public async Task Exec_Proxied_TheOriginGetsTheNewPath()
    {
        await using var origin = await Origin.StartAsync(async c => await c.Response.WriteAsync($"{c.Request.Path}{c.Request.QueryString} {await new StreamReader(c.Request.Body).ReadToEndAsync()}"));
        await using var gateway = await TestGateway.StartAsync($$"""
            Route("/a").Access(async r => { await r.ReadBodyAsync(); return r.Exec("/b/c"); });
            Route("/b/{**path}").BodyFilter(b => b.ReplaceText("body", "BODY")).To("{{origin.Address}}");
            """);
        using var answer = await gateway.Client.PostAsync("/a?q=1", new StringContent("body"));
        Assert.Equal("/b/c?q=1 BODY", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Exec_Loop_EndsWith500AndMessage()
    {
        await using var gateway = await TestGateway.StartAsync("""
            static readonly ExchangeKey<int> Runs = new("runs");
            Route("/loop").Access(r => { r[Runs]++; return r.Exec("/loop"); }).Error(e => e.Respond(500, $"{e[Runs]} {e.Source} {e.Error.Message}"));
            """);
        using var answer = await gateway.Client.GetAsync("/loop");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal("11 Gateway Exec was called more than 10 times, last for /loop", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("Redirect(\"/x\")", HttpStatusCode.Found, "/x")]
    [InlineData("Redirect(\"https://shop.example/a?b=c\", 301)", HttpStatusCode.MovedPermanently, "https://shop.example/a?b=c")]
    [InlineData("Redirect(\"/x\", 303)", HttpStatusCode.SeeOther, "/x")]
    [InlineData("Redirect(\"/x\", 307)", HttpStatusCode.TemporaryRedirect, "/x")]
    [InlineData("Redirect(\"/x\", 308)", HttpStatusCode.PermanentRedirect, "/x")]
    public async Task Redirect_SendsStatusAndLocation(string verdict, HttpStatusCode status, string location)
    {
        await using var gateway = await TestGateway.StartAsync($"""Route("/").Access(r => r.{verdict}); HeaderFilter(h => h.Response.Headers["X-F"] = "1");""");
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(location, answer.Headers.Location!.OriginalString);
        Assert.Equal("1", answer.Headers.GetValues("X-F").Single());
        Assert.Equal(0, answer.Content.Headers.ContentLength);
    }

    [Theory]
    [InlineData("Redirect(\"/x\", 200)")]
    [InlineData("Respond(100)")]
    [InlineData("Respond(1000)")]
    [InlineData("Exec(\"x\")")]
    public async Task Verdict_ThatMakesNoSense_FailsThatRequest(string verdict)
    {
        await using var gateway = await TestGateway.StartAsync($"""Route("/").Access(r => r.{verdict});""");
        Assert.Equal(HttpStatusCode.InternalServerError, (await gateway.Client.GetAsync("/")).StatusCode);
        await gateway.Log.WaitForAsync("the Access handler at");
    }

    [Theory]
    [InlineData("")]
    [InlineData("Log(l => l.Logger.LogInformation($\"dropped {l.Request.Path} {l.Response.StatusCode} {l.BytesSent}\"));")]
    [InlineData("HeaderFilter(h => { }); BodyFilter(b => b.ReplaceText(\"a\", \"b\"));")]
    public async Task Drop_ClosesTheConnectionWithoutAByte(string more)
    {
        await using var gateway = await TestGateway.StartAsync(more + """
            Route("/access").Access(r => r.Drop()); Route("/content").Content(c => c.Drop());
            Route("/error").Access(r => throw new InvalidOperationException()).Error(e => e.Drop());
            """);
        foreach (var path in new[] { "/access", "/content", "/error" })
        {
            Assert.Equal("", await RawAsync(gateway, $"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
            if (more.StartsWith("Log", StringComparison.Ordinal))
            {
                await gateway.Log.WaitForAsync($"dropped {path} 444 0");
            }
        }
    }

    [Fact]
    public async Task Drop_Http2_ResetsTheStreamOnly()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Listen("http://127.0.0.1:0").Http2();
            Route("/drop").Access(r => r.Drop()); Route("/ok").Content(c => c.Text("ok " + c.HttpContext.Connection.Id));
            """);
        using var client = Clients.Http2(gateway);
        var before = await client.GetStringAsync("/ok");
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/drop"));
        Assert.Equal(before, await client.GetStringAsync("/ok"));
    }

    [Fact]
    public async Task Respond_Head204304LargeAndUnicode()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Route("/hi").Content(c => c.Text("grüß 😀"));
            Route("/204").Content(c => c.Respond(204, "no"));
            Route("/304").Content(c => c.Respond(304, "no"));
            Route("/empty").Content(c => c.Text(""));
            Route("/large").Content(c => c.Text(string.Concat(Enumerable.Repeat("ä😀x", 200_000))));
            Route("/type").Content(c => c.Respond(201, "<b>", "text/html"));
            Route("/bytes").Content(c => c.Bytes([1, 2, 3]));
            Route("/camel").Content(c => c.Json(new { FirstName = "Ada", Items = new[] { 1 }, Nested = new { Deep = (string)null } }, 202));
            Route("/null").Content(c => c.Json(null));
            Route("/letters").Content(c => c.Json(new { text = "Zo\u00eb's <b> & \"co\" +" }));
            """);
        var client = gateway.Client;
        Assert.Equal("grüß 😀", await client.GetStringAsync("/hi"));
        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/hi"));
        Assert.Equal(11, head.Content.Headers.ContentLength);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        Assert.DoesNotContain("Content-Length", await RawAsync(gateway, "GET /204 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", await RawAsync(gateway, "GET /304 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
        using var empty = await client.GetAsync("/empty");
        Assert.Equal(0, empty.Content.Headers.ContentLength);
        var large = await client.GetStringAsync("/large");
        Assert.Equal(string.Concat(Enumerable.Repeat("ä😀x", 200_000)), large);
        using var type = await client.GetAsync("/type");
        Assert.Equal("text/html", type.Content.Headers.ContentType!.ToString());
        Assert.Equal(HttpStatusCode.Created, type.StatusCode);
        using var bytes = await client.GetAsync("/bytes");
        Assert.Equal("application/octet-stream", bytes.Content.Headers.ContentType!.ToString());
        Assert.Equal([1, 2, 3], await bytes.Content.ReadAsByteArrayAsync());
        Assert.Equal("{\"text\":\"Zo\u00eb's <b> & \\\"co\\\" +\"}", await client.GetStringAsync("/letters"));
        using var camel = await client.GetAsync("/camel");
        Assert.Equal(HttpStatusCode.Accepted, camel.StatusCode);
        Assert.Equal("{\"firstName\":\"Ada\",\"items\":[1],\"nested\":{\"deep\":null}}", await camel.Content.ReadAsStringAsync());
        Assert.Equal("null", await client.GetStringAsync("/null"));
    }

    [Fact]
    public async Task File_RangesConditionalsMissingAndFilters()
    {
        await using var gateway = await TestGateway.StartAsync(
            """
            Route("/file").HeaderFilter(h => h.Response.Headers["X-F"] = h.Response.StatusCode.ToString()).Content(c => c.File("data/a.txt"));
            Route("/typed").Content(c => c.File("data/a.txt", "application/x-mine"));
            Route("/missing").HeaderFilter(h => h.Response.Headers["X-F"] = h.Response.StatusCode.ToString()).Content(c => c.File("data/none.txt"));
            Route("/filtered").BodyFilter(b => b.ReplaceText("3", "three")).Content(c => c.File("data/a.txt"));
            """,
            ("data/a.txt", "0123456789"));
        using var whole = await gateway.Client.GetAsync("/file");
        Assert.Equal("0123456789", await whole.Content.ReadAsStringAsync());
        Assert.Equal("text/plain", whole.Content.Headers.ContentType!.MediaType);
        Assert.Equal("200", whole.Headers.GetValues("X-F").Single());
        using var part = await gateway.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/file") { Headers = { Range = new(2, 4) } });
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal("206", part.Headers.GetValues("X-F").Single());
        Assert.Equal("234", await part.Content.ReadAsStringAsync());
        using var fresh = await gateway.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/file") { Headers = { IfNoneMatch = { whole.Headers.ETag! } } });
        Assert.Equal(HttpStatusCode.NotModified, fresh.StatusCode);
        Assert.Equal("application/x-mine", (await gateway.Client.GetAsync("/typed")).Content.Headers.ContentType!.ToString());
        using var missing = await gateway.Client.GetAsync("/missing");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal("404", missing.Headers.GetValues("X-F").Single());
        Assert.Equal("012three456789", await gateway.Client.GetStringAsync("/filtered"));
    }

    private static async Task<string> RawAsync(TestGateway gateway, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(gateway.Address).Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        var held = new MemoryStream();
        try
        {
            await stream.CopyToAsync(held);
        }
        catch (IOException)
        {
            // A reset is a close as well.
        }

        return Encoding.Latin1.GetString(held.ToArray());
    }
}
