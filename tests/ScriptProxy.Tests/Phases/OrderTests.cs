using System.Net;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

/// <summary>The order of phases, and of handlers within one; what an early answer still passes.</summary>
public class OrderTests
{
    /// <summary>Every phase writes its name down; the gateway's in capitals.</summary>
    private const string Traced = """
        static readonly ExchangeKey<string> Trace = new("trace", "");
        Rewrite(r => { r[Trace] += "REWRITE "; });
        Access(r => { r[Trace] += "ACCESS "; });
        Lookup(r => { r[Trace] += "LOOKUP "; });
        Balancer(r => { r[Trace] += "BALANCER "; return null; });
        RequestBodyFilter(r => { r[Trace] += "REQUESTBODY "; });
        UpstreamRequest(r => { r[Trace] += "UPREQUEST "; });
        UpstreamResponse(r => { r[Trace] += "UPRESPONSE "; });
        HeaderFilter(r => { r[Trace] += "HEADER "; r.Response.Headers["X-Status"] = r.Response.StatusCode.ToString(); });
        BodyFilter(r => { r[Trace] += "BODY "; r.ReplaceText("a", "4"); });
        Error(r => { r[Trace] += "ERROR "; });
        Log(r => { r[Trace] += "LOG "; r.Logger.LogInformation("trace " + r[Trace] + "end " + r.Request.Path); });
        void Own(RouteBuilder route) => route
            .Rewrite(r => { r[Trace] += "rewrite "; })
            .Access(r => { r[Trace] += "access "; })
            .Lookup(r => { r[Trace] += "lookup "; })
            .Balancer(r => { r[Trace] += "balancer "; return null; })
            .RequestBodyFilter(r => { r[Trace] += "requestbody "; })
            .UpstreamRequest(r => { r[Trace] += "uprequest "; })
            .UpstreamResponse(r => { r[Trace] += "upresponse "; })
            .HeaderFilter(r => { r[Trace] += "header "; })
            .BodyFilter(r => { r[Trace] += "body "; })
            .Error(r => { r[Trace] += "error "; })
            .Log(r => { r.Logger.LogInformation("own log " + r.Request.Path); });

        """;

    [Fact]
    public async Task Proxied_AllPhases_RunInOrder_GatewayBeforeRoute()
    {
        await using var origin = await Origin.StartAsync("abba");
        await using var gateway = await TestGateway.StartAsync(Traced + $$"""
            var route = Route("/x"); Own(route); route.To("{{origin.Address}}");
            """);
        using var answer = await gateway.Client.PostAsync("/x", new StringContent("body"));
        Assert.Equal("4bb4", await answer.Content.ReadAsStringAsync());
        await gateway.Log.WaitForAsync(
            "trace REWRITE rewrite ACCESS access LOOKUP lookup BALANCER balancer REQUESTBODY requestbody UPREQUEST uprequest UPRESPONSE upresponse HEADER header BODY body LOG end /x");
        await gateway.Log.WaitForAsync("own log /x");
    }

    [Theory]
    [InlineData("/early", "r.Respond(403, \"banana\")", HttpStatusCode.Forbidden)]
    [InlineData("/redirect", "r.Redirect(\"/elsewhere\")", HttpStatusCode.Redirect)]
    [InlineData("/json", "r.Json(new { a = 1 }, 418)", (HttpStatusCode)418)]
    public async Task GatewayRewrite_EarlyAnswer_PassesFiltersAndLog(string path, string verdict, HttpStatusCode status)
    {
        await using var gateway = await TestGateway.StartAsync(Traced + $$"""
            Rewrite(r => r.Request.Path == "{{path}}" ? {{verdict}} : null);
            """);
        using var answer = await gateway.Client.GetAsync(path);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(((int)status).ToString(System.Globalization.CultureInfo.InvariantCulture), answer.Headers.GetValues("X-Status").Single());
        Assert.DoesNotContain('a', text);
        await gateway.Log.WaitForAsync($"trace REWRITE HEADER BODY LOG end {path}");
    }

    [Theory]
    [InlineData("Rewrite(r => r.Respond(403, \"banana\"))", 403, "b4n4n4", "REWRITE rewrite HEADER header BODY body LOG")]
    [InlineData("Access(r => r.Respond(403, \"banana\"))", 403, "b4n4n4", "REWRITE rewrite ACCESS access HEADER header BODY body LOG")]
    [InlineData("Content(c => c.Text(\"banana\"))", 200, "b4n4n4", "REWRITE rewrite ACCESS access HEADER header BODY body LOG")]
    [InlineData("Content(async c => await c.Response.WriteAsync(\"banana\"))", 200, "b4n4n4", "REWRITE rewrite ACCESS access HEADER header BODY body LOG")]
    [InlineData("Content(c => throw new InvalidOperationException())", 500, "500 Intern4l Server Error\n", "REWRITE rewrite ACCESS access ERROR error HEADER header BODY body LOG")]
    [InlineData("MaxBody(1)", 413, "413 P4ylo4d Too L4rge\n", "REWRITE ERROR error HEADER header BODY body LOG")]
    [InlineData("To(\"http://127.0.0.1:1\")", 502, "502 B4d G4tew4y\n", "REWRITE rewrite ACCESS access LOOKUP lookup BALANCER balancer REQUESTBODY requestbody UPREQUEST uprequest ERROR error HEADER header BODY body LOG")]
    public async Task EarlyAnswer_PassesFiltersAndLog(string verb, int status, string body, string trace)
    {
        await using var gateway = await TestGateway.StartAsync(Traced + $"""var route = Route("/x"); Own(route); route.{verb};""");
        using var answer = await gateway.Client.PostAsync("/x", new StringContent("body"));
        Assert.Equal(body, await answer.Content.ReadAsStringAsync());
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal($"{status}", answer.Headers.GetValues("X-Status").Single());
        await gateway.Log.WaitForAsync($"trace {trace} end /x");
        await gateway.Log.WaitForAsync("own log /x");
    }

    [Fact]
    public async Task NoRoute_404And405_PassTheGatewaysFiltersAndLog()
    {
        await using var gateway = await TestGateway.StartAsync(Traced + """Route("/get", methods: "GET,HEAD").Content(c => c.Text("x"));""");
        using var missing = await gateway.Client.GetAsync("/missing");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal("404 Not Found\n", await missing.Content.ReadAsStringAsync());
        Assert.Equal("404", missing.Headers.GetValues("X-Status").Single());
        await gateway.Log.WaitForAsync("trace REWRITE ACCESS HEADER BODY LOG end /missing");

        using var wrong = await gateway.Client.PostAsync("/get", new StringContent("x"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, wrong.StatusCode);
        Assert.Equal("405 Method Not Allowed\n", await wrong.Content.ReadAsStringAsync());
        Assert.Equal("GET, HEAD", string.Join(", ", wrong.Content.Headers.Allow));
        Assert.Equal("405", wrong.Headers.GetValues("X-Status").Single());
        await gateway.Log.WaitForAsync("HEADER BODY LOG end /get");
    }

    [Fact]
    public async Task PeerTooSlow_504_PassesFiltersAndLog()
    {
        var release = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(_ => release.Task);
        await using var gateway = await TestGateway.StartAsync(Traced + $$"""
            Upstream("slow", "{{origin.Address}}");
            Route("/x").Timeout(Milliseconds(100)).To("slow");
            """);
        using var answer = await gateway.Client.GetAsync("/x");
        Assert.Equal(HttpStatusCode.GatewayTimeout, answer.StatusCode);
        Assert.Equal("504 G4tew4y Timeout\n", await answer.Content.ReadAsStringAsync());
        Assert.Equal("504", answer.Headers.GetValues("X-Status").Single());
        await gateway.Log.WaitForAsync("UPREQUEST ERROR HEADER BODY LOG end /x");
        await gateway.Log.WaitForAsync("upstream slow:");
        await gateway.Log.WaitForAsync("answer 0.1 s");
        release.SetResult();
    }

    [Fact]
    public async Task Log_Awaits_AfterTheClientHasTheWholeAnswer()
    {
        var release = new TaskCompletionSource();
        await using var waiter = await Origin.StartAsync(_ => release.Task);
        await using var gateway = await TestGateway.StartAsync($$"""
            Log(async l => { await Http.GetStringAsync("{{waiter.Address}}"); l.Logger.LogInformation("logged " + l.Response.StatusCode + " " + l.BytesSent); });
            Route("/").Content(c => c.Text("whole"));
            Route("/written").Content(async c => { await c.Response.WriteAsync("who"); await c.Response.WriteAsync("le"); });
            """);
        Assert.Equal("whole", await gateway.Client.GetStringAsync("/"));
        using var other = Clients.Http11(gateway);
        Assert.Equal("whole", await other.GetStringAsync("/written"));
        Assert.False(gateway.Log.Has("logged"));
        release.SetResult();
        await gateway.Log.WaitForAsync("logged 200 5");
    }

    [Fact]
    public async Task Handlers_FirstVerdictEndsThePhase_NextAndNullGoOn()
    {
        await using var gateway = await TestGateway.StartAsync("""
            static readonly ExchangeKey<string> Trace = new("trace", "");
            Access(r => { r[Trace] += "1"; return r.Next; });
            Access(async r => { await Task.Yield(); r[Trace] += "2"; return null; });
            Access(async r => { await Task.Yield(); r[Trace] += "3"; });
            Access(r => { r[Trace] += "4"; return r.Request.Query.ContainsKey("no") ? r.Respond(403, r[Trace]) : null; });
            Access(r => { r[Trace] += "5"; });
            Route("/").Access(r => { r[Trace] += "6"; return null; }).Access(r => { r[Trace] += "7"; return Task.CompletedTask; }).Content(c => c.Text(c[Trace]));
            Route("/content").Content(c => null).Content(c => c.Next).Content(c => c.Text("third"));
            Route("/none").Content(c => c.Next);
            Route("/silent").Content(c => { });
            """);
        Assert.Equal("1234567", await gateway.Client.GetStringAsync("/"));
        Assert.Equal("1234", await (await gateway.Client.GetAsync("/?no")).Content.ReadAsStringAsync());
        Assert.Equal("third", await gateway.Client.GetStringAsync("/content"));
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.Client.GetAsync("/none")).StatusCode);
        using var silent = await gateway.Client.GetAsync("/silent");
        Assert.Equal(HttpStatusCode.OK, silent.StatusCode);
        Assert.Equal("", await silent.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Content_Next_FallsToFilesThenUpstream()
    {
        await using var origin = await Origin.StartAsync("proxied");
        await using var gateway = await TestGateway.StartAsync(
            $$"""Route("/{**path}").Content(c => c.Request.Path == "/own" ? c.Text("own") : c.Next).Files("www").To("{{origin.Address}}");""",
            ("www/a.txt", "file"));
        Assert.Equal("own", await gateway.Client.GetStringAsync("/own"));
        Assert.Equal("file", await gateway.Client.GetStringAsync("/a.txt"));
        Assert.Equal("proxied", await gateway.Client.GetStringAsync("/b.txt"));
    }
}
