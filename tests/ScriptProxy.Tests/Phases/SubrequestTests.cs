using System.Net;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

public class SubrequestTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Subrequest_Streams_TheFirstChunkIsReadBeforeTheLastIsSent(bool http2)
    {
        var seen = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            await c.Response.WriteAsync("first");
            await c.Response.Body.FlushAsync();
            await seen.Task;
            await c.Response.WriteAsync("last");
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Listen("{{(http2 ? "https" : "http")}}://127.0.0.1:0");
            Route("/stream").To("{{origin.Address}}");
            Route("/").Content(async c =>
            {
                await using var sub = await c.Subrequest("/stream");
                var buffer = new byte[5];
                await sub.Stream.ReadExactlyAsync(buffer);
                await c.Response.WriteAsync("[" + System.Text.Encoding.UTF8.GetString(buffer) + "]");
                await c.Response.Body.FlushAsync();
                await c.Response.WriteAsync(await sub.ReadTextAsync());
            });
            """);
        using var client = http2 ? Clients.Http2(gateway) : Clients.Http11(gateway);
        using var answer = await client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(http2 ? HttpVersion.Version20 : HttpVersion.Version11, answer.Version);
        var stream = await answer.Content.ReadAsStreamAsync();
        var first = new byte[7];
        await stream.ReadExactlyAsync(first);
        Assert.Equal("[first]"u8.ToArray(), first);
        seen.SetResult();
        Assert.Equal("last", await new StreamReader(stream).ReadToEndAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Subrequests_Parallel_AllAreUnderWayAtOnce(bool http2)
    {
        var arrived = 0;
        var all = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            if (Interlocked.Increment(ref arrived) == 3)
            {
                all.SetResult();
            }

            await all.Task;
            await c.Response.WriteAsync(c.Request.Path);
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Listen("{{(http2 ? "https" : "http")}}://127.0.0.1:0");
            Route("/o/{**path}").To("{{origin.Address}}");
            Route("/").Content(async c =>
            {
                var subs = new[] { c.Subrequest("/o/1").AsTask(), c.Subrequest("/o/2").AsTask(), c.Subrequest("/o/3").AsTask() };
                var texts = await Task.WhenAll(subs.Select(async s => await (await s).ReadTextAsync()));
                return c.Text(string.Join(' ', texts));
            });
            """);
        using var client = http2 ? Clients.Http2(gateway) : Clients.Http11(gateway);
        Assert.Equal("/o/1 /o/2 /o/3", await client.GetStringAsync("/"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Subrequest_PostAndHeaders_AreWhatWasAskedFor(bool http2)
    {
        await using var origin = await Origin.StartAsync(async c => await c.Response.WriteAsync(
            $"{c.Request.Method} a={c.Request.Headers["X-A"]} b={c.Request.Headers["X-B"]} c={c.Request.Headers["X-C"]} type={c.Request.ContentType} "
            + $"length={c.Request.ContentLength} range={c.Request.Headers.Range} body={await new StreamReader(c.Request.Body).ReadToEndAsync()} {c.Request.QueryString}"));
        await using var gateway = await TestGateway.StartAsync($$"""
            Listen("{{(http2 ? "https" : "http")}}://127.0.0.1:0");
            Route("/o").To("{{origin.Address}}");
            Route("/inherit").Content(async c => c.Text(await (await c.Subrequest("/o?x=1")).ReadTextAsync()));
            Route("/post").Content(async c => c.Text(await (await c.Subrequest("/o", "POST", "grüß", new() { ["X-B"] = "new", ["X-A"] = null, ["X-C"] = "c", ["Content-Type"] = "text/x" })).ReadTextAsync()));
            Route("/alone").Content(async c => c.Text(await (await c.Subrequest("/o", headers: new() { ["X-C"] = "c" }, inheritHeaders: false)).ReadTextAsync()));
            Route("/stream").Content(async c =>
            {
                Stream body = new MemoryStream("streamed"u8.ToArray());
                return c.Text(await (await c.Subrequest("/o", "PUT", body, new HeaderDictionary { ["X-C"] = new[] { "1", "2" } })).ReadTextAsync());
            });
            Route("/own").Content(async c => { var sub = await c.Subrequest("/o", "POST", c.Request.Body); return c.Text(await sub.ReadTextAsync()); });
            """);
        using var client = http2 ? Clients.Http2(gateway) : Clients.Http11(gateway);
        async Task<string> Ask(string path)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path)
            {
                Content = new StringContent("callers"),
                Headers = { { "X-A", "1" }, { "X-B", "2" }, { "Range", "bytes=1-2" } },
            };
            using var answer = await client.SendAsync(request);
            return await answer.Content.ReadAsStringAsync();
        }

        Assert.Equal("GET a=1 b=2 c= type= length= range= body= ?x=1", await Ask("/inherit"));
        Assert.Equal("POST a= b=new c=c type=text/x length=6 range= body=grüß ", await Ask("/post"));
        Assert.Equal("GET a= b= c=c type= length= range= body= ", await Ask("/alone"));
        Assert.Equal("PUT a=1 b=2 c=1, 2 type= length=8 range= body=streamed ", await Ask("/stream"));
        Assert.Equal("POST a=1 b=2 c= type= length= range= body=callers ", await Ask("/own"));
    }

    [Fact]
    public async Task Subrequest_ToEverything_PassesItsPhases()
    {
        await using var gateway = await TestGateway.StartAsync(
            """
            HeaderFilter(h => h.Response.Headers["X-H"] = h.Response.StatusCode.ToString());
            Log(l => l.Logger.LogInformation("log " + l.Request.Path + " " + l.Response.StatusCode));
            Route("/content").BodyFilter(b => b.ReplaceText("a", "4")).Content(c => c.Text("banana"));
            Route("/files/{**path}").Files("www");
            Route("/refused").Access(r => r.Respond(403, "no"));
            Route("/fails").Content(c => throw new InvalidOperationException());
            Route("/json").Content(c => c.Json(new { a = 1 }));
            Route("/drop").Access(r => r.Drop());
            Route("/dropped").Content(async c => { try { await c.Subrequest("/drop"); return c.Text("?"); } catch (IOException e) { return c.Text(e.Message); } });
            Route("/").Content(async c =>
            {
                var sub = await c.Subrequest(c.Request.Query["p"]);
                return c.Text($"{sub.StatusCode} {sub.IsSuccess} {sub.Headers["X-H"]} {sub.Headers.ContentType} {await sub.ReadTextAsync()}");
            });
            """,
            ("www/a.txt", "file a"));
        Assert.Equal("200 True 200 text/plain; charset=utf-8 b4n4n4", await gateway.Client.GetStringAsync("/?p=/content"));
        Assert.Equal("200 True 200 text/plain; charset=utf-8 file a", await gateway.Client.GetStringAsync("/?p=/files/a.txt"));
        Assert.Equal("404 False 404 text/plain; charset=utf-8 404 Not Found\n", await gateway.Client.GetStringAsync("/?p=/files/none"));
        Assert.Equal("404 False 404 text/plain; charset=utf-8 404 Not Found\n", await gateway.Client.GetStringAsync("/?p=/nowhere"));
        Assert.Equal("403 False 403 text/plain; charset=utf-8 no", await gateway.Client.GetStringAsync("/?p=/refused"));
        Assert.Equal("500 False 500 text/plain; charset=utf-8 500 Internal Server Error\n", await gateway.Client.GetStringAsync("/?p=/fails"));
        Assert.Equal("200 True 200 application/json; charset=utf-8 {\"a\":1}", await gateway.Client.GetStringAsync("/?p=/json"));
        Assert.Equal("the subrequest was aborted", await gateway.Client.GetStringAsync("/dropped"));
        await gateway.Log.WaitForAsync("log /content 200");
        await gateway.Log.WaitForAsync("log / 200");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Subrequest_Loop_EndsAtTheDepthLimitAndNamesIt(bool http2)
    {
        await using var gateway = await TestGateway.StartAsync($$"""
            Listen("{{(http2 ? "https" : "http")}}://127.0.0.1:0");
            Limits(l => l.SubrequestDepth = 4);
            Route("/loop").Content(async c => { Shared("depth").Increment("n"); return c.Text(await (await c.Subrequest("/loop")).ReadTextAsync()); });
            Route("/n").Content(c => c.Text($"{Shared("depth").Get<int>("n")}"));
            """);
        using var client = http2 ? Clients.Http2(gateway) : Clients.Http11(gateway);
        using var answer = await client.GetAsync("/loop");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("500 Internal Server Error\n", await answer.Content.ReadAsStringAsync());
        await gateway.Log.WaitForAsync("subrequests are nested deeper than 4, last for /loop");
        Assert.Equal("5", await client.GetStringAsync("/n"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Subrequest_ClientAborts_CancelsIt(bool http2)
    {
        var arrived = new TaskCompletionSource();
        var aborted = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            c.RequestAborted.Register(() => aborted.TrySetResult());
            arrived.SetResult();
            await aborted.Task;
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Listen("{{(http2 ? "https" : "http")}}://127.0.0.1:0");
            Route("/o").To("{{origin.Address}}");
            Route("/").Content(async c =>
            {
                try { var sub = await c.Subrequest("/o"); c.Logger.LogInformation("let in by " + sub.StatusCode); }
                catch (OperationCanceledException) { c.Logger.LogInformation("cut off"); }
                return c.Text("x");
            });
            """);
        using var client = http2 ? Clients.Http2(gateway) : Clients.Http11(gateway);
        using var stop = new CancellationTokenSource();
        var asked = client.GetAsync("/", stop.Token);
        await arrived.Task;
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await gateway.Log.WaitForAsync("cut off");
        Assert.False(gateway.Log.Has("let in by"));
        await LeasesEnd(gateway);
    }

    [Theory]
    [InlineData("sub.Dispose();")]
    [InlineData("await sub.DisposeAsync();")]
    [InlineData("")]
    [InlineData("sub.Stream.ReadByte();")]
    public async Task Subrequest_NotReadToItsEnd_DoesNotLeakOrStall(string then)
    {
        var aborted = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            c.RequestAborted.Register(() => aborted.TrySetResult());
            var chunk = new byte[16 * 1024];
            while (!aborted.Task.IsCompleted)
            {
                await c.Response.Body.WriteAsync(chunk, c.RequestAborted);
            }
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Route("/endless").To("{{origin.Address}}");
            Route("/").Content(async c => { var sub = await c.Subrequest("/endless"); {{then}} return c.Text($"{sub.StatusCode}"); });
            """);
        Assert.Equal("200", await gateway.Client.GetStringAsync("/"));
        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await LeasesEnd(gateway);
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("http://other/")]
    public async Task Subrequest_NoPath_IsTold(string path)
    {
        await using var gateway = await TestGateway.StartAsync(
            $$"""Route("/").Content(async c => { try { await c.Subrequest("{{path}}"); return null; } catch (ArgumentException e) { return c.Text(e.Message); } });""");
        Assert.Contains("a subrequest's path starts with '/'", await gateway.Client.GetStringAsync("/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Subrequest_PathWithWhatNoRequestLineMayHold_IsEncoded()
    {
        string? target = null;
        using var origin = new RawOrigin(async (stream, stop) =>
        {
            target = await RawOrigin.ReadHeadAsync(stream);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"u8.ToArray(), stop);
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Route("/o/{**path}").To("{{origin.Address}}");
            Route("/plain").Content(async c => c.Text(await (await c.Subrequest("/o/a%2Fb%20c?x=%7E")).ReadTextAsync()));
            Route("/").Content(async c => c.Text(await (await c.Subrequest("/o/a b\r\nX-Evil: 1\r\n\r\nä?q=a b\r\nX-Evil: 1")).ReadTextAsync()));
            """);
        Assert.Equal("ok", await gateway.Client.GetStringAsync("/plain"));
        Assert.StartsWith("GET /o/a%2Fb%20c?x=%7E HTTP/1.1\r\n", target, StringComparison.Ordinal);
        using var answer = await gateway.Client.GetAsync("/");
        Assert.DoesNotContain("\nX-Evil: 1", target, StringComparison.Ordinal);
        Assert.StartsWith("GET /o/a%20b%0D%0AX-Evil:%201%0D%0A%0D%0A%C3%A4?q=a%20b%0D%0AX-Evil:%201 HTTP/1.1\r\n", target, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Subrequest_InRewriteAccessLogAndHeaderFilter_Works()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Route("/auth").Content(c => c.Respond(c.Request.Headers.Authorization == "yes" ? 204 : 401));
            Route("/x").Access(async r => (await r.Subrequest("/auth")).StatusCode == 204 ? null : r.Respond(401))
                .HeaderFilter(async h => h.Response.Headers["X-Sub"] = (await h.Subrequest("/auth")).StatusCode.ToString())
                .Log(async l => l.Logger.LogInformation("log saw " + (await l.Subrequest("/auth")).StatusCode))
                .Content(c => c.Text("in"));
            """);
        using var refused = await gateway.Client.GetAsync("/x");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("401", refused.Headers.GetValues("X-Sub").Single());
        using var request = new HttpRequestMessage(HttpMethod.Get, "/x");
        request.Headers.TryAddWithoutValidation("Authorization", "yes");
        using var let = await gateway.Client.SendAsync(request);
        Assert.Equal("in", await let.Content.ReadAsStringAsync());
        await gateway.Log.WaitForAsync("log saw 204");
    }

    private static Task LeasesEnd(TestGateway gateway) => TestGateway.WaitAsync(() => gateway.Host.Current!.Snapshot.Gate.Leases == 1);
}
