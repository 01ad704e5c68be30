using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

public class ErrorPhaseTests
{
    private const string Told = """
        Error(e => e.Respond(e.Response.StatusCode, $"{e.Source} {e.Error?.GetType().Name} {e.Attempts} {e.Peer?.Name}\n"));

        """;

    [Fact]
    public async Task Source_Upstream_Unreachable502()
    {
        await using var gateway = await TestGateway.StartAsync(Told + """Route("/").To("http://127.0.0.1:1");""");
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Equal("Upstream ForwardFailedException 1 127.0.0.1:1\n", await answer.Content.ReadAsStringAsync());
        await gateway.Log.WaitForAsync("upstream http://127.0.0.1:1: 127.0.0.1:1 failed: Connection refused");
    }

    [Theory]
    [InlineData("garbage\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")]
    [InlineData("HTTP/1.1 200")]
    [InlineData("")]
    public async Task Source_Upstream_AnswersGarbageOrCloses502(string bytes)
    {
        using var origin = new RawOrigin(async (stream, stop) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(bytes), stop);
        });
        await using var gateway = await TestGateway.StartAsync(Told + $"""Route("/").To("{origin.Address}");""");
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.StartsWith("Upstream ", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".BodyFilter(b => b.ReplaceText(\"x\", \"y\"))")]
    [InlineData(".Log(l => { })")]
    public async Task PeerClosesMidBody_TheClientSeesTruncation(string verbs)
    {
        var seen = new TaskCompletionSource();
        using var origin = new RawOrigin(async (stream, stop) =>
        {
            await RawOrigin.ReadHeadAsync(stream);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"u8.ToArray(), stop);
            await seen.Task;
        });
        await using var gateway = await TestGateway.StartAsync(Told + $"""Route("/"){verbs}.To("{origin.Address}");""");
        using var answer = await gateway.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        var stream = await answer.Content.ReadAsStreamAsync();
        await stream.ReadExactlyAsync(new byte[3]);
        seen.SetResult();
        await Assert.ThrowsAnyAsync<IOException>(async () => await stream.ReadExactlyAsync(new byte[1]));
        await gateway.Log.WaitForAsync("failed: ");
    }

    [Fact]
    public async Task Source_Client_BodyTooLarge413()
    {
        await using var gateway = await TestGateway.StartAsync(Told + """
            Route("/declared").MaxBody(2).Content(c => c.Text("x"));
            Route("/read").Access(async r => { await r.ReadBodyAsync(2); }).Content(c => c.Text("x"));
            """);
        foreach (var path in new[] { "/declared", "/read" })
        {
            using var answer = await gateway.Client.PostAsync(path, new StringContent("too large"));
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
            Assert.Equal("Client BadHttpRequestException 0 \n", await answer.Content.ReadAsStringAsync());
        }
    }

    [Theory]
    [InlineData("Rewrite(r => throw new FormatException(\"bad\"))")]
    [InlineData("Access(async r => { await Task.Yield(); throw new FormatException(\"bad\"); })")]
    [InlineData("Lookup(r => throw new FormatException(\"bad\"))")]
    [InlineData("Balancer(r => throw new FormatException(\"bad\"))")]
    [InlineData("UpstreamRequest(r => throw new FormatException(\"bad\"))")]
    [InlineData("UpstreamResponse(async r => { await Task.Yield(); throw new FormatException(\"bad\"); })")]
    public async Task Source_Script_InAnyPhase500WithFileAndLine(string verb)
    {
        await using var origin = await Origin.StartAsync("x");
        await using var gateway = await TestGateway.StartAsync(Told + $"""Route("/").{verb}.To("{origin.Address}");""");
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.StartsWith("Script FormatException ", text, StringComparison.Ordinal);
        await gateway.Log.WaitForAsync("proxy.csx:2 failed");
        Assert.Equal("Script FormatException ", text[..23]);
    }

    [Fact]
    public async Task Source_Script_InRequestBodyFilter500()
    {
        await using var origin = await Origin.StartAsync(async c => await c.Request.Body.CopyToAsync(Stream.Null));
        await using var gateway = await TestGateway.StartAsync(Told + $$"""
            Route("/").RequestBodyFilter(b => throw new FormatException("bad")).To("{{origin.Address}}");
            Route("/later").RequestBodyFilter(b => b.Lines(l => throw new FormatException("bad"))).To("{{origin.Address}}");
            """);
        foreach (var path in new[] { "/", "/later" })
        {
            using var answer = await gateway.Client.PostAsync(path, new StringContent("body\n"));
            Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
            Assert.StartsWith("Script ", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Source_Gateway_NoPeerAvailable503()
    {
        await using var origin = await Origin.StartAsync("up");
        await using var gateway = await TestGateway.StartAsync(Told + $$"""
            Upstream("o", "{{origin.Address}}");
            Route("/down").Content(c => { Peer("{{origin.Address}}").Down("repair"); return c.Text(""); });
            Route("/up").Content(c => { Peer("{{origin.Address}}").Up(); return c.Text(""); });
            Route("/").To("o");
            """);
        Assert.Equal("up", await gateway.Client.GetStringAsync("/"));
        await gateway.Client.GetStringAsync("/down");
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.StartsWith("Gateway GatewayFailedException", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await gateway.Log.WaitForAsync("upstream o: no peer is available");
        await gateway.Client.GetStringAsync("/up");
        Assert.Equal("up", await gateway.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task Next_KeepsTheGatewaysAnswer_AndNullToo()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Route("/next").Content(c => throw new FormatException()).Error(e => e.Next);
            Route("/null").Content(c => throw new FormatException()).Error(e => null);
            Route("/action").Content(c => throw new FormatException()).Error(e => e.Response.Headers["X-Seen"] = e.Error.GetType().Name);
            Route("/redirect").Content(c => throw new FormatException()).Error(e => e.Redirect("/sorry"));
            Route("/json").Content(c => throw new FormatException()).Error(e => e.Json(new { e.Error.Message }, 502));
            Route("/exec").Content(c => throw new FormatException()).Error(e => e.Exec("/next"));
            """);
        foreach (var path in new[] { "/next", "/null", "/action", "/exec" })
        {
            using var answer = await gateway.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
            Assert.Equal("500 Internal Server Error\n", await answer.Content.ReadAsStringAsync());
            Assert.Equal(path == "/action", answer.Headers.Contains("X-Seen"));
        }

        Assert.Equal(HttpStatusCode.Redirect, (await gateway.Client.GetAsync("/redirect")).StatusCode);
        Assert.Equal(HttpStatusCode.BadGateway, (await gateway.Client.GetAsync("/json")).StatusCode);
    }

    [Fact]
    public async Task ErrorOrHeaderFilter_ThrowsItself_TheGatewaysAnswerIsSent()
    {
        await using var origin = await Origin.StartAsync("proxied");
        await using var gateway = await TestGateway.StartAsync($$"""
            Route("/error").Content(c => throw new FormatException("first")).Error(e => throw new FormatException("second"));
            Route("/header").HeaderFilter(h => throw new FormatException("header")).Content(c => c.Text("x"));
            Route("/written").HeaderFilter(h => throw new FormatException("header")).Content(async c => await c.Response.WriteAsync("x"));
            Route("/proxied").HeaderFilter(h => throw new FormatException("header")).To("{{origin.Address}}");
            Route("/once").HeaderFilter(h => { if (h.Error is null) throw new FormatException("header"); h.Response.Headers["X-Seen"] = h.Error.Message; }).Content(c => c.Text("x"));
            Route("/body").BodyFilter(b => throw new FormatException("body")).Content(c => c.Text("x"));
            Route("/ok").Content(c => c.Text("ok"));
            Log(l => l.Logger.LogInformation("logged " + l.Request.Path + " " + l.Response.StatusCode + " " + l.Error?.Message));
            """);
        foreach (var path in new[] { "/error", "/header", "/written", "/proxied", "/body", "/once" })
        {
            using var answer = await gateway.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
            Assert.Equal("500 Internal Server Error\n", await answer.Content.ReadAsStringAsync());
            Assert.Equal(path == "/once", answer.Headers.Contains("X-Seen"));
            await gateway.Log.WaitForAsync($"logged {path} 500");
            Assert.Equal(
                $"logged {path} 500 {path switch { "/error" => "first", "/body" => "body", _ => "header" }}",
                gateway.Log.All.Single(l => l.StartsWith($"logged {path} ", StringComparison.Ordinal)));
            Assert.Equal("ok", await gateway.Client.GetStringAsync("/ok"));
        }

        await gateway.Log.WaitForAsync("while the failure was answered: ");
    }

    [Theory]
    [InlineData("")]
    [InlineData("BodyFilter(b => b.ReplaceText(\"x\", \"y\"));")]
    public async Task Content_ThrowsAfterItsFirstByte_TheClientSeesTruncation(string more)
    {
        var seen = new TaskCompletionSource();
        await using var waiter = await Origin.StartAsync(_ => seen.Task);
        await using var gateway = await TestGateway.StartAsync(more + $$"""
            Route("/").Content(async c => { await c.Response.WriteAsync("begun"); await c.Response.Body.FlushAsync(); await Http.GetStringAsync("{{waiter.Address}}"); throw new FormatException("late"); });
            """);
        using var answer = await gateway.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var stream = await answer.Content.ReadAsStreamAsync();
        var begun = new byte[5];
        await stream.ReadExactlyAsync(begun);
        seen.SetResult();
        await Assert.ThrowsAnyAsync<IOException>(async () => await stream.ReadExactlyAsync(begun));
        await gateway.Log.WaitForAsync("late");
        await gateway.Log.WaitForAsync("proxy.csx:1 failed");
    }

    [Fact]
    public async Task Content_ThrowsBeforeAnythingWasSent_AnswersWhole500()
    {
        await using var gateway = await TestGateway.StartAsync("""
            BodyFilter(b => b.Buffer(100));
            Route("/set").Content(async c => { c.Response.StatusCode = 201; c.Response.ContentType = "x/y"; await Task.Yield(); throw new FormatException("early"); });
            Route("/").Content(async c => { c.Response.StatusCode = 201; c.Response.ContentType = "x/y"; c.Response.BodyWriter.GetSpan(1)[0] = 65; c.Response.BodyWriter.Advance(1); await Task.Yield(); throw new FormatException("early"); });
            """);
        foreach (var path in new[] { "/", "/set" })
        {
            using var answer = await gateway.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
            Assert.Equal("500 Internal Server Error\n", await answer.Content.ReadAsStringAsync());
        }
    }

    /// <summary>nginx's error_page with a named location.</summary>
    [Theory]
    [InlineData("GET", "/gone/a", "spare GET /spare ''")]
    [InlineData("POST", "/kept/a", "spare POST /spare 'body'")]
    [InlineData("GET", "/own", "own")]
    public async Task Exec_InTheErrorPhase_AnswersByAnotherPath(string method, string path, string expected)
    {
        await using var spare = await Origin.StartAsync(async c =>
        {
            using var reader = new StreamReader(c.Request.Body);
            await c.Response.WriteAsync($"spare {c.Request.Method} {c.Request.Path} '{await reader.ReadToEndAsync()}'");
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("dead", "http://127.0.0.1:1", "http://127.0.0.1:2");
            Route("/gone/{**path}").Error(e => e.Exec("/spare")).To("dead");
            Route("/kept/{**path}").Access(async r => { await r.ReadBodyAsync(); }).Error(e => e.Exec("/spare")).To("dead");
            Route("/own").Error(e => e.Exec("/text")).To("dead");
            Route("/lost").Error(e => e.Exec("/spare")).To("dead");
            Route("/twice").Error(e => e.Exec("/gone/x")).To("dead");
            Route("/text").Content(c => c.Text("own"));
            Route("/spare").To("{{spare.Address}}");
            HeaderFilter(h => h.Response.Headers["X-Peer"] = h.Peer?.Name);
            """);
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = method == "POST" ? new StringContent("body") : null };
        using var answer = await gateway.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(expected, await answer.Content.ReadAsStringAsync());
        Assert.Equal(path == "/own" ? "" : new Uri(spare.Address).Authority, answer.Headers.TryGetValues("X-Peer", out var peer) ? Assert.Single(peer) : "");

        // What fails again, or cannot be sent again, gets the plain answer.
        using var lost = await gateway.Client.PostAsync("/lost", new StringContent("body"));
        Assert.Equal(HttpStatusCode.BadGateway, lost.StatusCode);
        await gateway.Log.WaitForAsync("Exec(/spare) in the Error phase: the request's body is gone");
        using var twice = await gateway.Client.GetAsync("/twice");
        Assert.Equal(HttpStatusCode.BadGateway, twice.StatusCode);
    }

    [Theory]
    [InlineData(99)]
    [InlineData(1000)]
    public async Task Content_SetsAStatusThatIsNone_Is500AndNamesTheHandler(int status)
    {
        await using var gateway = await TestGateway.StartAsync($$"""Route("/").Content(c => { c.Response.StatusCode = {{status}}; });""");
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.True(gateway.Log.Has("the Content handler at proxy.csx:1 failed"), string.Join('\n', gateway.Log.All));
    }

    [Fact]
    public async Task Handler_WritesAfterTheAnswerWasSent_IsLoggedAndHurtsNobodyElse()
    {
        var seen = new TaskCompletionSource();
        await using var waiter = await Origin.StartAsync(_ => seen.Task);
        await using var gateway = await TestGateway.StartAsync($$"""
            Route("/late").Log(async l => { await l.Response.WriteAsync("more"); }).Content(c => c.Text("sent"));
            Route("/header").Log(l => l.Response.Headers["X"] = "late").Content(c => c.Text("sent"));
            Route("/verdict").Content(async c => { await c.Response.WriteAsync("sent"); await Http.GetStringAsync("{{waiter.Address}}"); return c.Text("again"); });
            Route("/ok").Content(c => c.Text("ok"));
            """);
        foreach (var path in new[] { "/late", "/header" })
        {
            Assert.Equal("sent", await gateway.Client.GetStringAsync(path));
            await gateway.Log.WaitForAsync($"the Log handler at proxy.csx:{(path == "/late" ? 1 : 2)} failed");
            Assert.Equal("ok", await gateway.Client.GetStringAsync("/ok"));
        }

        using var answer = await gateway.Client.GetAsync("/verdict", HttpCompletionOption.ResponseHeadersRead);
        seen.SetResult();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => answer.Content.ReadAsStringAsync());
        await gateway.Log.WaitForAsync($"the Content handler at proxy.csx:3 failed");
        Assert.Equal("ok", await gateway.Client.GetStringAsync("/ok"));
    }
}
