using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

/// <summary>Reading, replacing, filtering and limiting what the client sends.</summary>
public class RequestBodyTests
{
    /// <summary>Tells what arrived: method, how the length was told, type, coding, body.</summary>
    private static Task<Origin> EchoAsync() => Origin.StartAsync(async c =>
    {
        using var held = new MemoryStream();
        await c.Request.Body.CopyToAsync(held);
        await c.Response.WriteAsync(
            $"{c.Request.Method}|{c.Request.ContentLength}|{c.Request.Headers.TransferEncoding}|{c.Request.ContentType}|{c.Request.Headers.ContentEncoding}|"
            + (held.Length > 1000 ? $"{held.Length} bytes" : Encoding.UTF8.GetString(held.ToArray())));
    });

    private static HttpContent Text(string text, bool chunked) =>
        chunked ? new StreamContent(new Unseekable(Encoding.UTF8.GetBytes(text))) : new ByteArrayContent(Encoding.UTF8.GetBytes(text));

    public static TheoryData<string, bool, bool> ReadWays
    {
        get
        {
            var data = new TheoryData<string, bool, bool>();
            foreach (var phase in new[] { "gateway", "rewrite", "access", "content", "all" })
            {
                foreach (var (chunked, http2) in new[] { (false, false), (true, false), (false, true), (true, true) })
                {
                    data.Add(phase, chunked, http2);
                }
            }

            return data;
        }
    }

    [Fact]
    public async Task ReadBody_ThenReadAsAspNetDoes_ThePeerStillGetsIt()
    {
        await using var origin = await EchoAsync();
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o", "{{origin.Address}}");
            Route("/form").Access(async r => { await r.ReadBodyAsync(); return (await r.Request.ReadFormAsync())["a"] == "1" ? r.Next : r.Respond(403); }).To("o");
            Route("/reader").Access(async r => { await r.ReadBodyAsync(); using var reader = new StreamReader(r.Request.Body); return await reader.ReadToEndAsync() == "a=1" ? r.Next : r.Respond(403); }).To("o");
            Route("/open").Access(async r => { await r.ReadBodyAsync(); using var reader = new StreamReader(r.Request.Body, leaveOpen: true); await reader.ReadLineAsync(); }).To("o");
            Route("/own").Access(async r => { var text = await r.ReadBodyAsync(); r.Request.Body = new MemoryStream("b=2"u8.ToArray()); }).To("o");
            """);
        foreach (var path in new[] { "/form", "/reader", "/open" })
        {
            using var answer = await gateway.Client.PostAsync(path, new FormUrlEncodedContent([KeyValuePair.Create("a", "1")]));
            Assert.Equal("POST|3||application/x-www-form-urlencoded||a=1", await answer.Content.ReadAsStringAsync());
        }

        using var own = await gateway.Client.PostAsync("/own", new FormUrlEncodedContent([KeyValuePair.Create("a", "1")]));
        Assert.Equal("POST|3||application/x-www-form-urlencoded||b=2", await own.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("Route(\"/\").Access(async r => { var two = new byte[2]; await r.Request.Body.ReadExactlyAsync(two); })")]
    [InlineData("Route(\"/\").Access(async r => { using var reader = new StreamReader(r.Request.Body); await reader.ReadToEndAsync(); })")]
    [InlineData("Rewrite(async r => { await r.Request.BodyReader.CopyToAsync(Stream.Null); }); Route(\"/\").MaxBody(100)")]
    [InlineData("Rewrite(async r => { var two = new byte[2]; await r.Request.Body.ReadExactlyAsync(two); }); Route(\"/\").RequestBodyFilter(b => b.ReplaceText(\"b\", \"c\"))")]
    public async Task RequestBody_WithoutLengthReadPastTheGateway_IsNotSentOnInPart(string script)
    {
        var asked = 0;
        await using var origin = await Origin.StartAsync(c =>
        {
            asked++;
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync($$"""{{script}}.To("{{origin.Address}}");""");
        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = Text("a=1&b=2", chunked: true), Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var answer = await gateway.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        }

        Assert.Equal(0, asked);
        await gateway.Log.WaitForAsync("the request's body was read before: what is read from Request.Body the peer does not get; ReadBodyAsync keeps it");
    }

    [Theory]
    [InlineData("await r.Request.ReadFormAsync();")]
    [InlineData("using var reader = new StreamReader(r.Request.Body); await reader.ReadToEndAsync();")]
    public async Task RequestBody_ReadPastTheGateway_IsTheScriptsFaultAndNotTheClients(string read)
    {
        await using var origin = await EchoAsync();
        await using var gateway = await TestGateway.StartAsync($$"""Route("/").Access(async r => { {{read}} }).To("{{origin.Address}}");""");
        using var answer = await gateway.Client.PostAsync("/", new FormUrlEncodedContent([KeyValuePair.Create("a", "1")]));
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        await gateway.Log.WaitForAsync("shorter than its Content-Length: what is read from Request.Body the peer does not get; ReadBodyAsync keeps it");
    }

    [Fact]
    public async Task ReadBody_InEveryPhase_ThePeerStillGetsIt()
    {
        await using var origin = await EchoAsync();
        await using var gateway = await TestGateway.StartAsync($$"""
            Listen("http://127.0.0.1:0"); Listen("https://127.0.0.1:0");
            static readonly ExchangeKey<string> Seen = new("seen", "");
            Rewrite(async r => { if (r.Request.Path == "/gateway" || r.Request.Path == "/all") r[Seen] += await r.ReadBodyAsync(); });
            HeaderFilter(h => h.Response.Headers["X-Seen"] = h[Seen]);
            Route("/gateway").To("{{origin.Address}}");
            Route("/rewrite").Rewrite(async r => { r[Seen] += await r.ReadBodyAsync(); }).To("{{origin.Address}}");
            Route("/access").Access(async r => { r[Seen] += await r.ReadBodyAsync(); }).To("{{origin.Address}}");
            Route("/content").Content(async r => { r[Seen] += await r.ReadBodyAsync(); return r.Next; }).To("{{origin.Address}}");
            Route("/all").Rewrite(async r => { r[Seen] += await r.ReadBodyAsync(); }).Access(async r => { r[Seen] += System.Text.Encoding.UTF8.GetString(await r.ReadBytesAsync()); }).To("{{origin.Address}}");
            """);
        using var http1 = Clients.Http11(gateway);
        using var http2 = Clients.Http2(gateway, 1);
        foreach (var (phase, chunked, two) in ReadWays.Select(r => r.Data))
        {
            using var answer = await (two ? http2 : http1).PostAsync("/" + phase, Text("body", chunked));
            Assert.Equal($"POST|{(chunked ? "" : "4")}|{(chunked ? "chunked" : "")}|||body", await answer.Content.ReadAsStringAsync());
            Assert.Equal(phase == "all" ? "bodybodybody" : "body", answer.Headers.GetValues("X-Seen").Single());
        }

        using var none = await http1.GetAsync("/all");
        Assert.Equal("GET|||||", await none.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ReadBody_LargerThanAllowed_413(bool chunked)
    {
        await using var gateway = await TestGateway.StartAsync("""
            Route("/small").Content(async c => c.Text(await c.ReadBodyAsync(4)));
            Route("/default").Content(async c => c.Text((await c.ReadBodyAsync()).Length.ToString()));
            """);
        Assert.Equal("1234", await (await gateway.Client.PostAsync("/small", Text("1234", chunked))).Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await gateway.Client.PostAsync("/small", Text("12345", chunked))).StatusCode);
        Assert.Equal("1048576", await (await gateway.Client.PostAsync("/default", Text(new string('x', 1 << 20), chunked))).Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await gateway.Client.PostAsync("/default", Text(new string('x', (1 << 20) + 1), chunked))).StatusCode);
    }

    [Fact]
    public async Task ReadJson_ReadsAndTellsWhatIsNoJson()
    {
        await using var gateway = await TestGateway.StartAsync("""
            record Dog(string Name, int Age);
            Route("/").Content(async c => { var dog = await c.ReadJsonAsync<Dog>(); return c.Json(dog with { Age = dog.Age + 1 }); });
            """);
        Assert.Equal("{\"name\":\"Rex\",\"age\":4}", await (await gateway.Client.PostAsync("/", Text("{\"name\":\"Rex\",\"age\":3}", false))).Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.InternalServerError, (await gateway.Client.PostAsync("/", Text("{", false))).StatusCode);
        await gateway.Log.WaitForAsync("JsonException");
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task SetBody_TextBytesStream_AlsoOnAGet(bool chunked, bool http2)
    {
        await using var origin = await EchoAsync();
        await using var gateway = await TestGateway.StartAsync($$"""
            Listen("{{(http2 ? "https" : "http")}}://127.0.0.1:0");
            Route("/text").Access(r => { r.SetBody("grüß"); }).To("{{origin.Address}}");
            Route("/bytes").Access(r => { r.SetBody(new byte[] { 65, 66 }); }).To("{{origin.Address}}");
            Route("/empty").Access(r => { r.SetBody(""); }).To("{{origin.Address}}");
            Route("/stream").Access(r => { r.SetBody(new MemoryStream("streamed"u8.ToArray())); }).To("{{origin.Address}}");
            Route("/length").Access(r => { r.SetBody(new MemoryStream("streamed"u8.ToArray()), 8); }).To("{{origin.Address}}");
            Route("/read").Rewrite(async r => { r.SetBody(await r.ReadBodyAsync() + "!"); }).Access(async r => { r.SetBody(await r.ReadBodyAsync() + "?"); }).To("{{origin.Address}}");
            """);
        using var client = http2 ? Clients.Http2(gateway) : Clients.Http11(gateway);
        async Task<string> Ask(HttpMethod method, string path)
        {
            using var request = new HttpRequestMessage(method, path) { Content = method == HttpMethod.Get ? null : Text("old", chunked) };
            using var answer = await client.SendAsync(request);
            return await answer.Content.ReadAsStringAsync();
        }

        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post })
        {
            Assert.Equal($"{method}|6||||grüß", await Ask(method, "/text"));
            Assert.Equal($"{method}|2||||AB", await Ask(method, "/bytes"));
            Assert.Equal($"{method}||chunked|||streamed", await Ask(method, "/stream"));
            Assert.Equal($"{method}|8||||streamed", await Ask(method, "/length"));
            Assert.EndsWith("||||", await Ask(method, "/empty"), StringComparison.Ordinal);
        }

        Assert.Equal("POST|5||||old!?", await Ask(HttpMethod.Post, "/read"));
        Assert.Equal("GET|2||||!?", await Ask(HttpMethod.Get, "/read"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task RequestBodyFilter_RewritesWhatStreams_AndCodedBodies(string coding)
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            Stream body = c.Request.Headers.ContentEncoding.ToString() switch
            {
                "gzip" => new GZipStream(c.Request.Body, CompressionMode.Decompress),
                "br" => new BrotliStream(c.Request.Body, CompressionMode.Decompress),
                "deflate" => new ZLibStream(c.Request.Body, CompressionMode.Decompress),
                _ => c.Request.Body,
            };
            await c.Response.WriteAsync($"{c.Request.ContentLength}|{c.Request.Headers.ContentEncoding}|{await new StreamReader(body).ReadToEndAsync()}");
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Route("/replace").RequestBodyFilter(b => b.ReplaceText("secret", "******")).To("{{origin.Address}}");
            Route("/transform").RequestBodyFilter(b => b.Transform(async (input, output, stop) =>
            {
                var reader = new StreamReader(input); var writer = new StreamWriter(output);
                await writer.WriteAsync((await reader.ReadToEndAsync(stop)).ToUpperInvariant()); await writer.FlushAsync(stop);
            })).To("{{origin.Address}}");
            Route("/none").RequestBodyFilter(b => { }).To("{{origin.Address}}");
            """);
        HttpContent Body()
        {
            using var held = new MemoryStream();
            using (Stream coder = coding switch
            {
                "gzip" => new GZipStream(held, CompressionLevel.Fastest, leaveOpen: true),
                "br" => new BrotliStream(held, CompressionLevel.Fastest, leaveOpen: true),
                "deflate" => new ZLibStream(held, CompressionLevel.Fastest, leaveOpen: true),
                _ => new Through(held),
            })
            {
                coder.Write("a secret b"u8);
            }

            var content = new StreamContent(new Unseekable(held.ToArray(), step: 3));
            if (coding.Length > 0)
            {
                content.Headers.ContentEncoding.Add(coding);
            }

            return content;
        }

        Assert.Equal($"|{coding}|a ****** b", await (await gateway.Client.PostAsync("/replace", Body())).Content.ReadAsStringAsync());
        Assert.Equal($"|{coding}|A SECRET B", await (await gateway.Client.PostAsync("/transform", Body())).Content.ReadAsStringAsync());
        Assert.Equal($"|{coding}|a secret b", await (await gateway.Client.PostAsync("/none", Body())).Content.ReadAsStringAsync());
        using var known = await gateway.Client.PostAsync("/replace", new StringContent("secret"));
        Assert.Equal("||******", await known.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task RequestBodyFilter_UnknownOrBrokenCoding_IsTheClientsFault()
    {
        await using var origin = await EchoAsync();
        await using var gateway = await TestGateway.StartAsync($$"""Route("/").RequestBodyFilter(b => b.ReplaceText("a", "b")).To("{{origin.Address}}");""");
        var unknown = new StringContent("x") { Headers = { ContentEncoding = { "zstd-like" } } };
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await gateway.Client.PostAsync("/", unknown)).StatusCode);
        var broken = new StringContent("not gzip at all") { Headers = { ContentEncoding = { "gzip" } } };
        Assert.Equal(HttpStatusCode.BadRequest, (await gateway.Client.PostAsync("/", broken)).StatusCode);
    }

    [Theory]
    [InlineData("Route(\"/\").MaxBody(10)")]
    [InlineData("Limits(l => l.RequestBody = 10); Route(\"/\")")]
    [InlineData("Limits(l => l.RequestBody = 5); Route(\"/\").MaxBody(10)")]
    public async Task MaxBody_DeclaredIsRefusedUnasked_ChunkedWhileItStreams(string route)
    {
        var asked = 0;
        await using var origin = await Origin.StartAsync(async c =>
        {
            Interlocked.Add(ref asked, c.Request.Query.ContainsKey("declared") ? 1 : 0);
            await c.Request.Body.CopyToAsync(Stream.Null);
        });
        await using var gateway = await TestGateway.StartAsync($$"""Listen("http://127.0.0.1:0"); Listen("https://127.0.0.1:0"); {{route}}.To("{{origin.Address}}");""");
        using var http1 = Clients.Http11(gateway);
        using var http2 = Clients.Http2(gateway, 1);
        foreach (var client in new[] { http1, http2 })
        {
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await client.PostAsync("/?declared", Text("12345678901", chunked: false))).StatusCode);
            Assert.Equal(0, asked);
            Assert.Equal(HttpStatusCode.OK, (await client.PostAsync("/", Text("1234567890", chunked: false))).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await client.PostAsync("/", Text("1234567890", chunked: true))).StatusCode);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await client.PostAsync("/", Text("12345678901", chunked: true))).StatusCode);
        }
    }

    [Theory]
    [InlineData("/proxied")]
    [InlineData("/read")]
    [InlineData("/refused")]
    public async Task Expect100_IsAnsweredWhenTheBodyIsWanted(string path)
    {
        await using var origin = await EchoAsync();
        await using var gateway = await TestGateway.StartAsync($$"""
            Route("/proxied").To("{{origin.Address}}");
            Route("/read").Content(async c => c.Text("got " + await c.ReadBodyAsync()));
            Route("/refused").Access(r => r.Respond(401));
            """);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(gateway.Address).Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"));
        var head = await RawOrigin.ReadHeadAsync(stream);
        if (path == "/refused")
        {
            Assert.StartsWith("HTTP/1.1 401 ", head, StringComparison.Ordinal);
            return;
        }

        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", head);
        await stream.WriteAsync("body"u8.ToArray());
        var rest = await new StreamReader(stream).ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", rest, StringComparison.Ordinal);
        Assert.Contains(path == "/read" ? "got body" : "POST|4||||body", rest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_StreamsByDefault_ThePeerSeesTheFirstBytesBeforeTheLastAreSent()
    {
        var first = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            await c.Request.Body.ReadExactlyAsync(new byte[5000]);
            first.SetResult();
            await c.Response.WriteAsync("rest:" + await new StreamReader(c.Request.Body).ReadToEndAsync());
        });
        await using var gateway = await TestGateway.StartAsync($$"""Route("/").RequestBodyFilter(b => b.ReplaceText("x", "y")).To("{{origin.Address}}"); Route("/plain").To("{{origin.Address}}");""");
        foreach (var path in new[] { "/", "/plain" })
        {
            first = new TaskCompletionSource();
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, new Uri(gateway.Address).Port);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2000\r\n" + new string('f', 0x2000) + "\r\n"));
            await first.Task.WaitAsync(TimeSpan.FromSeconds(20));
            await stream.WriteAsync("4\r\nlast\r\n0\r\n\r\n"u8.ToArray());
            Assert.Contains("rest:" + new string('f', 0x2000 - 5000) + "last", await new StreamReader(stream).ReadToEndAsync(), StringComparison.Ordinal);
        }
    }

    private sealed class Unseekable(byte[] bytes, int step = int.MaxValue) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(step, buffer.Length)], cancellationToken);
    }

    private sealed class Through(MemoryStream target) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => target.Write(buffer);
    }
}
