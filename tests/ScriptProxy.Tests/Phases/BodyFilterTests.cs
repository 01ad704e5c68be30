using System.IO.Compression;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

/// <summary>BodyFilter through the whole gateway; the operators by themselves are tested beside the bodies.</summary>
public class BodyFilterTests
{
    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task CodedByThePeer_IsDecodedFilteredAndCodedAgainOrSentPlain(string coding)
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            using var held = new MemoryStream();
            await using (Stream coder = coding switch
            {
                "gzip" => new GZipStream(held, CompressionLevel.Fastest, leaveOpen: true),
                "br" => new BrotliStream(held, CompressionLevel.Fastest, leaveOpen: true),
                _ => new ZLibStream(held, CompressionLevel.Fastest, leaveOpen: true),
            })
            {
                await coder.WriteAsync("see http://internal/x"u8.ToArray());
            }

            c.Response.Headers.ContentEncoding = coding;
            c.Response.Headers.ETag = "\"strong\"";
            c.Response.ContentLength = held.Length;
            await c.Response.Body.WriteAsync(held.ToArray());
        });
        await using var gateway = await TestGateway.StartAsync($$"""Route("/").BodyFilter(b => b.ReplaceText("http://internal", "")).To("{{origin.Address}}");""");
        using var plain = await gateway.Client.GetAsync("/");
        Assert.Equal("see /x", await plain.Content.ReadAsStringAsync());
        Assert.Empty(plain.Content.Headers.ContentEncoding);
        Assert.Equal("W/\"strong\"", plain.Headers.ETag!.ToString());

        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "Accept-Encoding", coding } } };
        using var coded = await gateway.Client.SendAsync(request);
        Assert.Equal(coding, coded.Content.Headers.ContentEncoding.Single());
        Assert.Contains("Accept-Encoding", coded.Headers.Vary);
        var bytes = await coded.Content.ReadAsStreamAsync();
        await using Stream decoder = coding switch
        {
            "gzip" => new GZipStream(bytes, CompressionMode.Decompress),
            "br" => new BrotliStream(bytes, CompressionMode.Decompress),
            _ => new ZLibStream(bytes, CompressionMode.Decompress),
        };
        Assert.Equal("see /x", await new StreamReader(decoder).ReadToEndAsync());
    }

    [Theory]
    [InlineData("BodyFilter(b => b.Lines(l => Loop(l)))")]
    [InlineData("BodyFilter(b => b.Buffer(1000, t => Loop(t)))")]
    [InlineData("BodyFilter(b => b.Transform((input, output, stop) => Task.FromResult(Loop(\"\"))))")]
    [InlineData("Balancer(b => { Loop(\"\"); return null; })")]
    [InlineData("Access(a => { })", ".Balance(b => { Loop(\"\"); return null; })")]
    public async Task Runaway_FunctionThatAnotherCalls_IsStopped(string verb, string policy = "")
    {
        await using var origin = await Origin.StartAsync(c => c.Response.WriteAsync("a line\n"));
        await using var gateway = await TestGateway.StartAsync($$"""
            Budget(Milliseconds(50));
            string Loop(string text) { while (true) { } }
            Upstream("o", "{{origin.Address}}"){{policy}};
            Route("/").{{verb}}.To("o");
            """);
        using var answer = await gateway.Client.GetAsync("/");

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.True(gateway.Log.Has("budget of 50 ms and was stopped. at proxy.csx:2"), string.Join("\n", gateway.Log.All));
    }

    [Theory]
    [InlineData("b.Lines(l => Work(l))")]
    [InlineData("b.Transform(async (input, output, stop) => { var r = new StreamReader(input); while (await r.ReadLineAsync(stop) is { } l) await output.WriteAsync(System.Text.Encoding.UTF8.GetBytes(Work(l) + \"\\n\"), stop); })")]
    public async Task LongBody_NeedsMoreThanItsBudgetInAll_IsNotStopped(string filter)
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            for (var i = 0; i < 150; i++)
            {
                await c.Response.WriteAsync("a line\n");
                await c.Response.Body.FlushAsync();
            }
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Budget(Milliseconds(200));
            string Work(string line)
            {
                var began = Time.GetTimestamp();
                while (Time.GetElapsedTime(began) < Milliseconds(20)) { }
                return line + "!";
            }
            Route("/").BodyFilter(b => {{filter}}).To("{{origin.Address}}");
            """);

        Assert.Equal(150, (await gateway.Client.GetStringAsync("/")).Split("a line!\n").Length - 1);
    }

    [Theory]
    [InlineData("BodyFilter(b => b.ReplaceText(\"x\", \"y\"))", "data: oney\n\n", "data: twoy\n\n")]
    [InlineData("BodyFilter(b => b.Events(e => e with { Data = e.Data + \"!\" }))", "data: onex!\n\n", "data: twox!\n\n")]
    [InlineData("BodyFilter(b => b.Lines(l => l.Replace(\"x\", \"z\")))", "data: onez\n\n", "data: twoz\n\n")]
    [InlineData("HeaderFilter(h => { })", "data: onex\n\n", "data: twox\n\n")]
    [InlineData("Log(l => { })", "data: onex\n\n", "data: twox\n\n")]
    public async Task ServerSentEvents_PassBeforeTheNextIsSent(string verb, string first, string second)
    {
        var seen = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            c.Response.ContentType = "text/event-stream";
            await c.Response.WriteAsync("data: onex\n\n");
            await c.Response.Body.FlushAsync();
            await seen.Task;
            await c.Response.WriteAsync("data: twox\n\n");
        });
        await using var gateway = await TestGateway.StartAsync($$"""Listen("http://127.0.0.1:0"); Listen("https://127.0.0.1:0"); Route("/").{{verb}}.To("{{origin.Address}}");""");
        foreach (var client in new[] { Clients.Http11(gateway), Clients.Http2(gateway, 1) })
        {
            seen = new TaskCompletionSource();
            using var answer = await client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
            var stream = await answer.Content.ReadAsStreamAsync();
            var arrived = new byte[first.Length];
            await stream.ReadExactlyAsync(arrived).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Equal(first, Encoding.UTF8.GetString(arrived));
            seen.SetResult();
            Assert.Equal(second, await new StreamReader(stream).ReadToEndAsync());
            client.Dispose();
        }
    }

    [Fact]
    public async Task RangeAndHead_AreTrueForWhatIsSent()
    {
        string? range = null;
        await using var origin = await Origin.StartAsync(async c =>
        {
            range = c.Request.Headers.Range;
            c.Response.Headers.AcceptRanges = "bytes";
            c.Response.ContentLength = 6;
            if (!HttpMethods.IsHead(c.Request.Method))
            {
                await c.Response.WriteAsync("banana");
            }
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Route("/filtered").BodyFilter(b => b.ReplaceText("a", "oo")).To("{{origin.Address}}");
            Route("/plain").To("{{origin.Address}}");
            """);
        using var part = new HttpRequestMessage(HttpMethod.Get, "/filtered") { Headers = { Range = new(1, 2) } };
        using var answer = await gateway.Client.SendAsync(part);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Null(range);
        Assert.Equal("boonoonoo", await answer.Content.ReadAsStringAsync());
        Assert.Empty(answer.Headers.AcceptRanges);
        using var head = await gateway.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/filtered"));
        Assert.Null(head.Content.Headers.ContentLength);
        using var plain = await gateway.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/plain"));
        Assert.Equal(6, plain.Content.Headers.ContentLength);
        using var through = await gateway.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/plain") { Headers = { Range = new(1, 2) } });
        Assert.Equal("bytes=1-2", range);
    }

    [Fact]
    public async Task OwnContentAndFiles_AreFilteredToo()
    {
        await using var gateway = await TestGateway.StartAsync(
            """
            BodyFilter(b => b.ReplaceText("a", "oo"));
            Route("/text").Content(c => c.Text("banana"));
            Route("/one-file").Content(c => c.File("www/a.txt"));
            Route("/json").Content(c => c.Json(new { a = "b" }));
            Route("/written").Content(async c => { await c.Response.WriteAsync("ban"); await c.Response.BodyWriter.WriteAsync("ana"u8.ToArray()); });
            Route("/declared").Content(async c => { c.Response.ContentLength = 6; await c.Response.WriteAsync("banana"); });
            Route("/once").BodyFilter(b => { if (b.Response.ContentType == "text/x") b.Buffer(100, t => t.ToUpperInvariant()); }).Content(c => c.Text("banana", contentType: "text/x"));
            Route("/file/{**path}").Files("www");
            """,
            ("www/a.txt", "banana"));
        Assert.Equal("boonoonoo", await gateway.Client.GetStringAsync("/text"));
        Assert.Equal("{\"oo\":\"b\"}", await gateway.Client.GetStringAsync("/json"));
        Assert.Equal("boonoonoo", await gateway.Client.GetStringAsync("/written"));
        Assert.Equal("boonoonoo", await gateway.Client.GetStringAsync("/declared"));
        Assert.Equal("BOONOONOO", await gateway.Client.GetStringAsync("/once"));
        Assert.Equal("boonoonoo", await gateway.Client.GetStringAsync("/file/a.txt"));
        foreach (var path in new[] { "/file/a.txt", "/one-file" })
        {
            using var part = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Range = new(1, 2) } };
            using var ranged = await gateway.Client.SendAsync(part);
            Assert.Equal(HttpStatusCode.OK, ranged.StatusCode);
            Assert.Equal("boonoonoo", await ranged.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task WebSocket_PassesFiltersUntouched()
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            using var socket = await c.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            var got = await socket.ReceiveAsync(buffer, CancellationToken.None);
            await socket.SendAsync(buffer.AsMemory(0, got.Count), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", CancellationToken.None);
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Route("/").RequestBodyFilter(b => b.ReplaceText("a", "X")).BodyFilter(b => b.ReplaceText("a", "X")).HeaderFilter(h => h.Response.Headers["X-Status"] = $"{h.Response.StatusCode}")
                .Log(l => l.Logger.LogInformation("logged " + l.Response.StatusCode)).To("{{origin.Address}}");
            """);
        using var client = new ClientWebSocket();
        client.Options.CollectHttpResponseDetails = true;
        await client.ConnectAsync(new Uri(gateway.Address.Replace("http", "ws", StringComparison.Ordinal) + "/"), CancellationToken.None);
        Assert.Equal("101", client.HttpResponseHeaders!["X-Status"].Single());
        await client.SendAsync("banana"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        var buffer = new byte[100];
        var got = await client.ReceiveAsync(buffer, CancellationToken.None);
        Assert.Equal("banana", Encoding.UTF8.GetString(buffer, 0, got.Count));
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", CancellationToken.None);
        await gateway.Log.WaitForAsync("logged 101");
    }

    [Fact]
    public async Task FilterThrows_BeforeTheAnswer500_AfterItTruncation()
    {
        var seen = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            await c.Response.WriteAsync("first\n");
            await c.Response.Body.FlushAsync();
            await seen.Task;
            await c.Response.WriteAsync("second\n");
        });
        await using var whole = await Origin.StartAsync("body\n");
        await using var gateway = await TestGateway.StartAsync($$"""
            Error(e => e.Respond(500, $"{e.Source} {e.Error.Message}"));
            Route("/begun").BodyFilter(b => b.Lines(l => l == "second" ? throw new FormatException("late") : l)).To("{{origin.Address}}");
            Route("/held").BodyFilter(b => { if (b.Response.StatusCode == 200) b.Buffer(100, t => throw new FormatException("early")); }).To("{{whole.Address}}");
            Route("/large").BodyFilter(b => { if (b.Response.StatusCode == 200) b.Buffer(2); }).To("{{whole.Address}}");
            """);
        using var answer = await gateway.Client.GetAsync("/begun", HttpCompletionOption.ResponseHeadersRead);
        var stream = await answer.Content.ReadAsStreamAsync();
        var first = new byte[6];
        await stream.ReadExactlyAsync(first);
        seen.SetResult();
        await Assert.ThrowsAnyAsync<IOException>(async () => await stream.ReadExactlyAsync(first));
        await gateway.Log.WaitForAsync("late");
        using var held = await gateway.Client.GetAsync("/held");
        Assert.Equal(HttpStatusCode.InternalServerError, held.StatusCode);
        Assert.Equal("Script early", await held.Content.ReadAsStringAsync());
        using var large = await gateway.Client.GetAsync("/large");
        Assert.StartsWith("Upstream ", await large.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownCodingOfThePeer_502()
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            c.Response.Headers.ContentEncoding = "x-own";
            await c.Response.WriteAsync("?");
        });
        await using var gateway = await TestGateway.StartAsync($$"""Route("/").BodyFilter(b => b.ReplaceText("a", "b")).To("{{origin.Address}}");""");
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Equal("502 Bbd Gbtewby\n", await answer.Content.ReadAsStringAsync());
    }
}
