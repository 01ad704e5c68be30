using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

/// <summary>UpstreamRequest, UpstreamResponse and retries.</summary>
public class UpstreamTests
{
    private static Task<Origin> TellAsync(string name = "") => Origin.StartAsync(async c =>
    {
        var body = await new StreamReader(c.Request.Body).ReadToEndAsync();
        c.Response.Headers["X-Name"] = name;
        await c.Response.WriteAsync($"{c.Request.Method} {c.Request.Host} {c.Request.Path}{c.Request.QueryString} a={c.Request.Headers["X-A"]} type={c.Request.ContentType} {body}");
    });

    [Fact]
    public async Task UpstreamRequest_ChangesHeadersMethodAndAddress()
    {
        await using var origin = await TellAsync();
        await using var other = await TellAsync();
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o", "{{origin.Address}}");
            Route("/set").UpstreamRequest(u => { u.Headers["X-A"] = "set"; u.Headers["Content-Type"] = "text/new"; u.Headers["Host"] = "told.example"; }).To("o");
            Route("/remove").UpstreamRequest(u => { u.Headers.Remove("X-A"); u.Headers.Remove("Content-Type"); }).To("o");
            Route("/append").UpstreamRequest(u => { u.Headers.Append("X-A", "two"); }).To("o");
            Route("/null").UpstreamRequest(u => u.Headers["X-A"] = (string)null).To("o");
            Route("/method").UpstreamRequest(u => { u.Method = "PATCH"; }).To("o");
            Route("/address").UpstreamRequest(async u => { await Task.Yield(); u.Address = new Uri("{{other.Address}}/else?where=1"); }).To("o");
            Route("/look").UpstreamRequest(u => { u.Headers["X-A"] = $"{u.Headers.ContainsKey("Content-Type")} {u.Headers.ContentLength} {u.Headers["x-a"]} {u.Headers["Nothing"].Count} {u.Attempts} {u.Method} {u.Address.AbsolutePath}"; }).To("o");
            Route("/client").UpstreamRequest(u => { u.Headers["X-A"] = u.Request.Headers["X-A"] + "+" + u.Route.Pattern; }).To("o");
            """);
        var host = new Uri(origin.Address).Authority;
        async Task<string> Ask(string path)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent("body"), Headers = { { "X-A", "1" } } };
            using var answer = await gateway.Client.SendAsync(request);
            return await answer.Content.ReadAsStringAsync();
        }

        Assert.Equal("POST told.example /set a=set type=text/new body", await Ask("/set"));
        Assert.Equal($"POST {host} /remove a= type= body", await Ask("/remove"));
        Assert.Equal($"POST {host} /append a=1, two type=text/plain; charset=utf-8 body", (await Ask("/append")).Replace("1,two", "1, two", StringComparison.Ordinal));
        Assert.Equal($"POST {host} /null a= type=text/plain; charset=utf-8 body", await Ask("/null"));
        Assert.Equal($"PATCH {host} /method a=1 type=text/plain; charset=utf-8 body", await Ask("/method"));
        Assert.Equal($"POST {new Uri(other.Address).Authority} /else?where=1 a=1 type=text/plain; charset=utf-8 body", await Ask("/address"));
        Assert.Equal($"POST {host} /look a=True 4 1 0 1 POST /look type=text/plain; charset=utf-8 body", await Ask("/look"));
        Assert.Equal($"POST {host} /client a=1+/client type=text/plain; charset=utf-8 body", await Ask("/client"));
    }

    [Fact]
    public async Task UpstreamResponse_ChangesStatusAndHeaders_AndTellsFreshness()
    {
        await using var origin = await TellAsync("origin");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o", "{{origin.Address}}");
            HeaderFilter(h => h.Response.Headers["X-After"] = $"{h.Response.StatusCode} {h.Response.Headers["X-Name"]} {h.UpstreamElapsed > TimeSpan.Zero} {h.Attempts} {h.CacheOutcome}");
            Route("/change").UpstreamResponse(u => { u.StatusCode = 203; u.Headers["X-Name"] = "changed"; u.Headers.Remove("Content-Length"); }).To("o");
            Route("/store").UpstreamResponse(u => u.Store(Minutes(1))).To("o");
            Route("/store-all").UpstreamResponse(u => u.Store(Minutes(1), Seconds(1), ["a", "b"])).To("o");
            Route("/skip").UpstreamResponse(u => u.Skip).To("o");
            Route("/default").UpstreamResponse(u => u.Default).UpstreamResponse(u => u.Headers["X-Name"] = "second").To("o");
            Route("/first").UpstreamResponse(u => u.Skip).UpstreamResponse(u => u.Headers["X-Name"] = "second").To("o");
            Route("/bad").UpstreamResponse(u => u.Store(Seconds(-1))).To("o");
            """);
        using var change = await gateway.Client.GetAsync("/change");
        Assert.Equal(203, (int)change.StatusCode);
        Assert.Equal("changed", change.Headers.GetValues("X-Name").Single());
        Assert.Equal("203 changed True 1 None", change.Headers.GetValues("X-After").Single());
        foreach (var (path, name) in new[] { ("/store", "origin"), ("/store-all", "origin"), ("/skip", "origin"), ("/default", "second"), ("/first", "origin") })
        {
            using var answer = await gateway.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(name, answer.Headers.GetValues("X-Name").Single());
        }

        Assert.Equal(HttpStatusCode.InternalServerError, (await gateway.Client.GetAsync("/bad")).StatusCode);
    }

    [Theory]
    [InlineData("GET", "memory", "3 answers ", 3)]
    [InlineData("POST", "memory", "3 answers body", 3)]
    [InlineData("POST", "stream", "1 answers body", 1)]
    public async Task Retry_AsksAnotherPeer_WhereTheBodyCanBeSentAgain(string method, string how, string expected, int attempts)
    {
        var asked = new ConcurrentQueue<string>();
        var origins = new List<Origin>();
        for (var i = 1; i <= 3; i++)
        {
            var name = i.ToString(System.Globalization.CultureInfo.InvariantCulture);
            origins.Add(await Origin.StartAsync(async c =>
            {
                var body = await new StreamReader(c.Request.Body).ReadToEndAsync();
                asked.Enqueue(name);
                c.Response.StatusCode = asked.Count < 3 ? 500 : 200;
                await c.Response.WriteAsync($"{asked.Count} answers {body}");
            }));
        }

        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o", {{string.Join(", ", origins.Select(o => $"\"{o.Address}\""))}}).Balance(b => b.Peers[0]);
            Route("/memory").Access(async r => { await r.ReadBodyAsync(); })
                .UpstreamResponse(u => u.StatusCode == 500 ? u.Retry() : null)
                .HeaderFilter(h => h.Response.Headers["X-Attempts"] = $"{h.Attempts}").To("o");
            Route("/stream")
                .UpstreamResponse(u => u.StatusCode == 500 ? u.Retry() : null)
                .HeaderFilter(h => h.Response.Headers["X-Attempts"] = $"{h.Attempts}").To("o");
            """);
        using var request = new HttpRequestMessage(new HttpMethod(method), "/" + how) { Content = method == "POST" ? new StringContent("body") : null };
        using var answer = await gateway.Client.SendAsync(request);
        Assert.Equal(expected, await answer.Content.ReadAsStringAsync());
        Assert.Equal($"{attempts}", answer.Headers.GetValues("X-Attempts").Single());
        Assert.Equal(attempts == 1 ? HttpStatusCode.InternalServerError : HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(attempts, asked.Distinct().Count());
        foreach (var origin in origins)
        {
            await origin.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("", 3)]
    [InlineData(".Attempts(1)", 1)]
    [InlineData(".Attempts(5)", 5)]
    public async Task Retry_EndsAtTheMostAttempts_WithTheLastAnswer(string setting, int attempts)
    {
        var asked = 0;
        await using var origin = await Origin.StartAsync(async c =>
        {
            c.Response.StatusCode = 503;
            await c.Response.WriteAsync($"busy {Interlocked.Increment(ref asked)}");
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o", "{{origin.Address}}"){{setting}};
            static readonly ExchangeKey<string> Trace = new("trace", "");
            Route("/").Balancer(b => { b[Trace] += $"b{b.Attempts} "; return null; }).UpstreamRequest(u => { u[Trace] += $"u{u.Attempts} "; })
                .UpstreamResponse(u => u.Retry()).BodyFilter(b => b.ReplaceText("busy", "BUSY")).HeaderFilter(h => h.Response.Headers["X-Trace"] = h[Trace]).To("o");
            """);
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal($"BUSY {attempts}", await answer.Content.ReadAsStringAsync());
        Assert.Equal(string.Concat(Enumerable.Range(1, attempts).Select(i => $"b{i} u{i} ")).Trim(), answer.Headers.GetValues("X-Trace").Single());
        Assert.Equal(attempts, asked);
    }

    [Fact]
    public async Task Retry_HeadersOfTheDroppedAnswer_DoNotReachTheClient()
    {
        var asked = 0;
        await using var origin = await Origin.StartAsync(async c =>
        {
            if (Interlocked.Increment(ref asked) == 1)
            {
                c.Response.StatusCode = 500;
                c.Response.Headers["X-First"] = "1";
                await c.Response.WriteAsync(new string('x', 100_000));
                return;
            }

            await c.Response.WriteAsync("second");
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o", "{{origin.Address}}");
            Route("/").UpstreamResponse(u => u.StatusCode == 500 ? u.Retry() : null).To("o");
            """);
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal("second", await answer.Content.ReadAsStringAsync());
        Assert.False(answer.Headers.Contains("X-First"));
    }

    [Fact]
    public async Task ClientAborts_TheOriginSeesIt_AndAHandlersTokenToo()
    {
        var arrived = new TaskCompletionSource();
        var aborted = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            c.RequestAborted.Register(() => aborted.TrySetResult());
            arrived.TrySetResult();
            await aborted.Task;
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Route("/proxied").To("{{origin.Address}}");
            Route("/content").Content(async c =>
            {
                c.Logger.LogInformation("content waits");
                try { await Task.Delay(Timeout.Infinite, c.Aborted); } finally { c.Logger.LogInformation("content ends " + c.Aborted.IsCancellationRequested); }
            });
            Log(l => l.Logger.LogInformation($"logged {l.Request.Path} {l.Error?.GetType().Name}"));
            """);
        using (var stop = new CancellationTokenSource())
        {
            var asked = gateway.Client.GetAsync("/proxied", stop.Token);
            await arrived.Task;
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
            await aborted.Task.WaitAsync(TimeSpan.FromSeconds(20));
            await gateway.Log.WaitForAsync("logged /proxied ");
        }

        using (var stop = new CancellationTokenSource())
        {
            var asked = gateway.Client.GetAsync("/content", stop.Token);
            await gateway.Log.WaitForAsync("content waits");
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
            await gateway.Log.WaitForAsync("content ends True");
            await gateway.Log.WaitForAsync("logged /content ");
        }

        await TestGateway.WaitAsync(() => gateway.Host.Current!.Snapshot.Gate.Leases == 1);
    }
}
