using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

/// <summary>The examples of the script surface, as they are written there.</summary>
public class SurfaceTests
{
    private const string Token = """
        var known = Settings.Secret("shop-tokens").Split(',').ToHashSet();

        Verdict RequireToken(AccessContext r) =>
            r.BearerToken is { } token && known.Contains(token) ? r.Next : r.Respond(401, "token required\n");
        """;

    private const string OfficeHours = """
        if (Time.GetLocalNow().Hour is < 8 or >= 18)
            return Respond(503, "closed\n");
        """;

    private static string Proxy(string a, string b, string canary) => $$"""
        #load "scripts/token.csx"

        Listen("http://127.0.0.1:0");

        Upstream("shop", "{{a}}", "{{b}}")
            .Peer("{{canary}}", weight: 2, tags: ["canary"])
            .Balance("least-requests")
            .HealthCheck("/health", every: Seconds(5));

        Route("/shop/{**path}")
            .Access(RequireToken)
            .Access("scripts/office-hours.csx")
            .Balancer(b => b.Request.Cookies["canary"] == "1" ? b.Tagged("canary").Pick("round-robin") : null)
            .HeaderFilter(h => h.Response.Headers["X-Served-By"] = h.Peer?.Name)
            .BodyFilter(b => b.ReplaceText("http://internal/", "/"))
            .Log(l => l.Logger.LogInformation("{Path} {Status} {Cache} {Elapsed}", l.Request.Path, l.Response.StatusCode, l.CacheOutcome, l.Elapsed))
            .To("shop");

        Route("/hello").Content(c => c.Text($"hello {c.Request.Query["name"]}\n"));
        Every(Minutes(5), async t => await RefreshTokens(t.Stopping));
        Task RefreshTokens(CancellationToken stop) => Task.CompletedTask;
        """;

    [Fact]
    public async Task Example_Whole_DoesWhatItSays()
    {
        await using var a = await Origin.StartAsync("a http://internal/x");
        await using var b = await Origin.StartAsync("b http://internal/x");
        await using var canary = await Origin.StartAsync("canary http://internal/x");
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 2, 12, 0, 0, TimeSpan.Zero));
        await using var gateway = await TestGateway.StartAsync(
            Proxy(a.Address, b.Address, canary.Address),
            time,
            ("scripts/token.csx", Token),
            ("scripts/office-hours.csx", OfficeHours),
            ("appsettings.json", """{ "Secrets": { "shop-tokens": "one,two" } }"""));

        using var refused = await gateway.Client.GetAsync("/shop/x");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("token required\n", await refused.Content.ReadAsStringAsync());
        Assert.False(refused.Headers.Contains("X-Served-By"));

        gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", "two");
        gateway.Client.DefaultRequestHeaders.Add("Cookie", "canary=1");
        for (var i = 0; i < 3; i++)
        {
            using var served = await gateway.Client.GetAsync("/shop/x");
            Assert.Equal("canary /x", await served.Content.ReadAsStringAsync());
            Assert.Equal(new Uri(canary.Address).Authority, served.Headers.GetValues("X-Served-By").Single());
        }

        await gateway.Log.WaitForAsync("/shop/x 200 None ");
        Assert.Equal("hello Ada\n", await gateway.Client.GetStringAsync("/hello?name=Ada"));

        time.Advance(TimeSpan.FromHours(8));
        using var closed = await gateway.Client.GetAsync("/shop/x");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, closed.StatusCode);
        Assert.Equal("closed\n", await closed.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Example_SecretMissing_FailsTheLoad()
    {
        var found = await TestGateway.FailAsync(
            Proxy("http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"), ("scripts/token.csx", Token), ("scripts/office-hours.csx", OfficeHours));
        Assert.Contains(found, d => d.Message.Contains("the secret 'shop-tokens' is missing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Members_WhereTheShapeMatters_CompileAndWork()
    {
        await using var origin = await Origin.StartAsync(async c => await c.Response.WriteAsync($"{c.Request.Method} {c.Request.Headers["X-A"]} {await new StreamReader(c.Request.Body).ReadToEndAsync()}"));
        await using var gateway = await TestGateway.StartAsync($$"""
            static readonly ExchangeKey<int> Tries = new("tries");
            Upstream("o", "{{origin.Address}}");
            Route("/auth").To("o");
            Route("/state").Rewrite(r => r[Tries]++).Rewrite(r => { r[Tries] += 1; }).Access(r => { r.Set(Tries, r.Get(Tries) * 5); }).Content(c => c.Text($"{c[Tries]}"));
            Route("/sub").Content(async r =>
            {
                string body = await r.ReadBodyAsync();
                SubrequestResult sub = await r.Subrequest("/auth", method: "POST", body: "x", headers: new() { ["X-A"] = "1" });
                Stream s = sub.Stream; IHeaderDictionary h = sub.Headers;
                return r.Text($"{body} {sub.StatusCode} {await sub.ReadTextAsync()}");
            });
            Route("/text").Content(c => c.Text("hi\n"));
            Route("/json").Content(c => c.Json(new { a = 1 }));
            Route("/respond").Content(c => c.Respond(404));
            Route("/balance").Balancer(b =>
            {
                IReadOnlyList<Peer> all = b.Peers; Peer? p = b.Tagged("canary").Pick("round-robin");
                var peer = b.Pick("round-robin");
                Uri address = peer.Address; string name = peer.Name; int weight = peer.Weight; IReadOnlyList<string> tags = peer.Tags; int inFlight = peer.InFlight;
                return p ?? peer;
            })
            .UpstreamRequest(u => { u.Headers["X-A"] = u.Peer.Name; })
            .UpstreamResponse(u => { u.Headers["X-B"] = u.StatusCode.ToString(); return u.Default; })
            .To("o");
            Route("/fresh").UpstreamResponse(u => u.StatusCode == 200 ? u.Store(Seconds(1), Minutes(1), ["tag"]) : u.StatusCode > 500 ? u.Retry() : u.Skip).To("o");
            Route("/filters").BodyFilter(b => { b.ReplaceText("a", "b"); b.Buffer(1 << 20); b.Transform(async (input, output, stop) => await input.CopyToAsync(output, stop));
                b.Lines(l => l); b.Events(e => e); }).To("o");
            Log(l => l.Logger.LogInformation("log {A} {B} {C} {D} {E} {F}", l.Elapsed, l.UpstreamElapsed, l.Attempts, l.CacheOutcome, l.Error, l.BytesSent));
            Route("/fails").Content(c => throw new InvalidOperationException());
            Init(async () => await Task.Yield());  Exit(async () => await Task.Yield());
            Every(Seconds(10), async t => await Task.Yield());  After(Seconds(1), async t => await Task.Yield());
            Route("/once").Content(async c => { int value = await Once("key", Minutes(1), async stop => Shared("n").Increment("made") > 0 ? 7 : 0); return c.Text($"{value}"); });
            Error(e => e.Respond(503, $"sorry {e.Error?.GetType().Name} {e.Source} {e.Response.StatusCode}\n"));
            """);
        Assert.Equal("10", await gateway.Client.GetStringAsync("/state"));
        using var sub = await gateway.Client.PostAsync("/sub", new StringContent("own"));
        Assert.Equal("own 200 POST 1 x", await sub.Content.ReadAsStringAsync());
        Assert.Equal("text/plain; charset=utf-8", (await gateway.Client.GetAsync("/text")).Content.Headers.ContentType!.ToString());
        using var json = await gateway.Client.GetAsync("/json");
        Assert.Equal("application/json; charset=utf-8", json.Content.Headers.ContentType!.ToString());
        Assert.Equal("{\"a\":1}", await json.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.Client.GetAsync("/respond")).StatusCode);
        using var balanced = await gateway.Client.GetAsync("/balance");
        Assert.Equal("GET " + new Uri(origin.Address).Authority + " ", await balanced.Content.ReadAsStringAsync());
        Assert.Equal("200", balanced.Headers.GetValues("X-B").Single());
        Assert.Equal("GET  ", await gateway.Client.GetStringAsync("/fresh"));
        Assert.Equal("GET  ", await gateway.Client.GetStringAsync("/filters"));
        Assert.Equal("sorry InvalidOperationException Script 500\n", await (await gateway.Client.GetAsync("/fails")).Content.ReadAsStringAsync());
        Assert.Equal("7", await gateway.Client.GetStringAsync("/once"));
    }

    [Fact]
    public async Task Shared_Members_CompileAndWork()
    {
        await using var gateway = await TestGateway.StartAsync("""
            var x = "item"; var max = 10;
            Route("/").Content(c =>
            {
                var d = Shared("dogs");
                d.Set("k", 1, Seconds(0.5));  d.Get<int>("k");  d.TryGet<int>("k", out var v);
                bool done = d.Add("k", 1) | d.Replace("k", 2) | d.Remove("k");  d.Clear();  d.Keys(max);  _ = d.Count;
                long n = d.Increment("n", by: 1, initial: 0, ttl: null);
                d.PushLeft("l", x);  d.PushRight("l", x);  d.PopLeft<string>("l");  d.PopRight<string>("l");  d.Length("l");
                return c.Text($"{v} {done} {n} {d.Ttl("n") == TimeSpan.MaxValue} {d.Expire("n", Seconds(1))}");
            });
            """);
        Assert.Equal("1 True 1 True True", await gateway.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task Imports_AreThereWithoutAWord()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Trust("10.0.0.0/8");
            IConfiguration settings = Settings; ILogger logger = Logger; HttpClient http = Http; TimeProvider clock = Time;
            List<string> list = [.. Enumerable.Range(0, 2).Select(i => Path.Combine("a", i.ToString()))];
            HttpMethod method = HttpMethod.Get; CancellationToken none = CancellationToken.None; int status = StatusCodes.Status200OK;
            var span = Seconds(1) + Minutes(1) + Hours(1) + Days(1) + Milliseconds(1);
            Route("/{**path}").Content(c => c.Text($"{c.Request.RouteValues["path"]} {string.Join(' ', list)}"));
            """);
        Assert.Equal("x/y a/0 a/1", await gateway.Client.GetStringAsync("/x/y"));
    }

    [Fact]
    public async Task PhaseFile_EveryPhase_HasItsContextAsGlobals()
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            var text = await new StreamReader(c.Request.Body).ReadToEndAsync();
            await c.Response.WriteAsync($"{text} {c.Request.Headers["X-Out"]}");
        });
        await using var gateway = await TestGateway.StartAsync(
            $$"""
            static readonly ExchangeKey<string> Trace = new("trace", "");
            Upstream("o", "{{origin.Address}}");
            Route("/all").Rewrite("p/rewrite.csx").Access("p/access.csx").Lookup("p/lookup.csx").Balancer("p/balancer.csx").RequestBodyFilter("p/request.csx")
                .UpstreamRequest("p/up.csx").UpstreamResponse("p/back.csx").HeaderFilter("p/header.csx").BodyFilter("p/body.csx").Log("p/log.csx").To("o");
            Route("/content").Content("p/content.csx").Error("p/error.csx");
            """,
            ("p/rewrite.csx", "Request.Headers[\"X-R\"] = \"r\";"),
            ("p/access.csx", "await Task.Yield(); if (Request.Headers[\"X-R\"] != \"r\") return Respond(403); return Next;"),
            ("p/lookup.csx", "Key = \"k\"; return Bypass;"),
            ("p/balancer.csx", "return Pick(\"round-robin\");"),
            ("p/request.csx", "ReplaceText(\"in\", \"out\");"),
            ("p/up.csx", "Headers[\"X-Out\"] = Peer.Name.Length > 0 ? Method : \"\";"),
            ("p/back.csx", "StatusCode = 202; return Default;"),
            ("p/header.csx", "Response.Headers[\"X-H\"] = Response.StatusCode.ToString();"),
            ("p/body.csx", "ReplaceText(\"out\", \"OUT\");"),
            ("p/log.csx", "Logger.LogInformation(\"logged \" + BytesSent);"),
            ("p/content.csx", "if (Request.Query.ContainsKey(\"fail\")) throw new InvalidOperationException(\"bad\");\nreturn Text(\"content\");"),
            ("p/error.csx", "return Respond(500, Error.Message + Source);"));
        using var all = await gateway.Client.PostAsync("/all", new StringContent("in"));
        Assert.Equal("OUT POST", await all.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Accepted, all.StatusCode);
        Assert.Equal("202", all.Headers.GetValues("X-H").Single());
        await gateway.Log.WaitForAsync("logged 8");
        Assert.Equal("content", await gateway.Client.GetStringAsync("/content"));
        Assert.Equal("badScript", await (await gateway.Client.GetAsync("/content?fail")).Content.ReadAsStringAsync());
    }
}
