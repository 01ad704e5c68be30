using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Surface;

/// <summary>One thing that a script says, a request, and what comes back: the language line by line, where no other test stands on it.</summary>
public class SurfaceTableTests
{
    private const string Proxy = """
        #load "lib/outer.csx"
        Upstream("o", "ORIGIN");
        Rewrite(r => { if (r.Request.Path == "/renamed") r.Request.Path = "/hello"; });
        Rewrite(r => r.Request.Path == "/inner-again" ? r.Exec("/hello?name=exec") : null);
        Access(r => r.Request.Headers.ContainsKey("X-Deny") ? r.Respond(403, "no") : r.Next);
        HeaderFilter(h => h.Response.Headers["X-Every"] = $"{h.Response.StatusCode}");
        BodyFilter(b => { if (b.Request.Query["up"] == "1") b.ReplaceText("hello", "HELLO"); });
        Route("/hello").Content(c => c.Text($"hello {c.Request.Query["name"]}"));
        Route("loose/{id}").Content(c => c.Text($"{c.Route} {c.Request.RouteValues["id"]}"));
        Route("/nested").Content(c => c.Text(Outer()));
        Route("/lists", methods: ["PUT", "DELETE"]).Content(c => c.Text("list"));
        Route("/array", methods: new[] { "PUT", "PATCH,POST" }).Content(c => c.Text("array"));
        Route("/several", methods: new List<string> { HttpMethods.Put }).Content(c => c.Text("list of texts"));
        Route("/one", methods: "PUT, POST").Content(c => c.Text("text"));
        Route("/terms", headers: new() { ["X-Plan"] = "free, trial" }).Content(c => c.Text("by name"));
        Route("/terms", query: new Dictionary<string, string> { ["a"] = "1" }, headers: ["!X-Plan"]).Content(c => c.Text("by query"));
        Route("/terms", query: null, host: null, order: 5).Content(c => c.Text("any"));
        Route("/hosts", host: ["a.example", "*.b.example"]).Content(c => c.Text("host"));
        Route("/body").Access(async r => { if ((await r.ReadBodyAsync()).Length > 9) return r.Respond(413); return null; }).To("o");
        Route("/body-again").Access(async r => { await r.ReadBodyAsync(); return r.Exec("/body"); }).To("o");
        Route("/json").Content(c => c.Json(new { Ip = System.Net.IPAddress.Loopback, None = (string)null }, status: 202));
        Route("/ip").Content(c => { Shared("ips").Set("client", c.ClientIp); return c.Text($"{Shared("ips").Get<System.Net.IPAddress>("client")}"); });
        Route("/kinds").Content(c =>
        {
            var d = Shared("kinds");
            bool Same<T>(T value) { d.Set("x", value); return d.Get<T>("x")!.Equals(value); }
            return c.Text(string.Join(' ', Same(new Cat("Tom", 3)), Same((1, "a")), Same(DateTime.UnixEpoch), Same(DateTimeOffset.UnixEpoch), Same(Guid.Empty),
                Same(TimeSpan.FromSeconds(1)), Same(1.5m), Same(DayOfWeek.Friday), Same('c'), Same(true), Same(new Uri("http://x/")), Same(5u), Same(new DateOnly(2020, 1, 2))));
        });
        Route("/files/{**path}").Files("www");

        Route("/redirect").Access(r => r.Redirect("https://x.example/")).To("o");
        Route("/owns").Access("owns.csx").Access("owns-nothing.csx").Content("answer.csx");
        Route("/owns-throw").Access("owns-throw.csx").Error(e => e.Respond(500, $"{e.Error.Message} {Closing.Said}")).To("o");
        """;

    private static readonly (string, string)[] Files =
    [
        ("lib/outer.csx", "#load \"deep/inner.csx\"\nstring Outer() => \"outer \" + Inner();"),
        ("lib/deep/inner.csx", "#load \"../../shared.csx\"\nstring Inner() => \"inner \" + new Cat(\"Tom\", 3).Name;"),
        ("shared.csx", """
            record Cat(string Name, int Age);
            sealed class Closing(string name) : IDisposable, IAsyncDisposable
            {
                public static string Said => System.Environment.GetEnvironmentVariable("CLOSING_OF_THE_TEST") ?? "";
                public void Dispose() => System.Environment.SetEnvironmentVariable("CLOSING_OF_THE_TEST", Said + name + ";");
                public ValueTask DisposeAsync() { Dispose(); return default; }
            }
            """),
        ("www/index.html", "index"),
        ("www/a.txt", "0123456789"),
        ("owns.csx", """
            #load "shared.csx"
            System.Environment.SetEnvironmentVariable("CLOSING_OF_THE_TEST", "");
            using var first = new Closing("first");
            await using var second = new Closing("second");
            using Closing third = new("third"), fourth = new("fourth");
            using (var inner = new Closing("inner"))
                await Task.Yield();
            using var sub = await Subrequest("/hello?name=sub");
            HttpContext.Items["sub"] = await sub.ReadTextAsync();
            HttpContext.Items["meanwhile"] = Closing.Said;
            if (first is not null) return Next;
            using var never = new Closing("never");
            """),
        ("owns-nothing.csx", "using System.Text;\nusing Bytes = System.Byte;\nBytes b = 1;\nif (new StringBuilder().Length == b) return Respond(500);"),
        ("owns-throw.csx", "#load \"shared.csx\"\nSystem.Environment.SetEnvironmentVariable(\"CLOSING_OF_THE_TEST\", \"\");\nusing var x = new Closing(\"closed\");\nawait Task.Yield();\nthrow new Exception(\"thrown\");"),
        ("answer.csx", "#load \"shared.csx\"\nreturn Text($\"{HttpContext.Items[\"sub\"]} {HttpContext.Items[\"meanwhile\"]} {Closing.Said}\");"),
    ];

    [Fact]
    public async Task Lines_OfTheLanguage_DoWhatTheySay()
    {
        await using var origin = await Origin.StartAsync(async c => await c.Response.WriteAsync($"got {await new StreamReader(c.Request.Body).ReadToEndAsync()}"));
        await using var gateway = await TestGateway.StartAsync(Proxy.Replace("ORIGIN", origin.Address, StringComparison.Ordinal), Files);
        (string Request, string Answer)[] table =
        [
            ("GET /renamed?name=a", "200 hello a"),
            ("GET /inner-again", "200 hello exec"),
            ("GET /hello?up=1", "200 HELLO "),
            ("GET /hello X-Deny:1", "403 no"),
            ("GET /nowhere", "404 404 Not Found\n"),
            ("GET /loose/5", "200 /loose/{id} 5"),
            ("GET /nested", "200 outer inner Tom"),
            ("PUT /lists", "200 list"),
            ("DELETE /lists", "200 list"),
            ("GET /lists", "405 405 Method Not Allowed\n"),
            ("PATCH /array", "200 array"),
            ("POST /array", "200 array"),
            ("PUT /several", "200 list of texts"),
            ("POST /one", "200 text"),
            ("GET /terms X-Plan:free, trial", "200 by name"),
            ("GET /terms?a=1", "200 by query"),
            ("GET /terms?a=2", "200 any"),
            ("GET /hosts Host:x.b.example", "200 host"),
            ("GET /hosts", "404 404 Not Found\n"),
            ("POST /body short", "200 got short"),
            ("POST /body-again short", "200 got short"),
            ("POST /body longer-than-nine", "413 "),
            ("GET /json", "202 {\"ip\":\"127.0.0.1\",\"none\":null}"),
            ("GET /ip", "200 127.0.0.1"),
            ("GET /kinds", "200 " + string.Join(' ', Enumerable.Repeat("True", 13))),
            ("GET /files/", "200 index"),
            ("GET /files/a.txt", "200 0123456789"),
            ("GET /files/%2e%2e/proxy.csx", "404 404 Not Found\n"),
            ("GET /redirect", "302 "),
            ("GET /owns", "200 hello sub inner; inner;fourth;third;second;first;"),
            ("GET /owns-throw", "500 thrown closed;"),
        ];
        foreach (var (request, answer) in table)
        {
            Assert.Equal((request, answer), (request, await AskAsync(gateway.Client, request)));
        }
    }

    [Fact]
    public async Task Filter_ThatFailsAgainOnTheErrorsAnswer_TakesNothingOfItsWords()
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            // An answer that came before the body would be on its way to the client before the body's filter fails.
            await c.Request.Body.CopyToAsync(Stream.Null);
            await c.Response.WriteAsync("proxied\n");
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Error(e => e.Request.Query.ContainsKey("moved") ? e.Redirect("/elsewhere") : e.Respond(e.Response.StatusCode, $"sorry, {e.Source} {e.Error.Message}"));
            Route("/header").HeaderFilter(h => throw new FormatException("header")).Content(c => c.Text("x"));
            Route("/body").BodyFilter(b => throw new FormatException("body")).To("{{origin.Address}}");
            Route("/line").BodyFilter(b => b.Lines(l => throw new FormatException("line"))).To("{{origin.Address}}");
            Route("/sent").RequestBodyFilter(b => b.Lines(l => throw new FormatException("sent"))).To("{{origin.Address}}");
            Route("/type").HeaderFilter(h => throw new FormatException("type")).Error(e => e.Respond(500, "x", "no type")).Content(c => c.Text("x"));
            """);
        Assert.Equal("500 sorry, Script header", await AskAsync(gateway.Client, "GET /header"));
        Assert.Equal("500 sorry, Script body", await AskAsync(gateway.Client, "GET /body"));
        Assert.Equal("500 sorry, Script line", await AskAsync(gateway.Client, "GET /line"));
        Assert.Equal("302 ", await AskAsync(gateway.Client, "GET /header?moved"));
        Assert.Equal("500 sorry, Script sent", await AskAsync(gateway.Client, "POST /sent text"));
        await gateway.Log.WaitForAsync("the BodyFilter handler at proxy.csx:4 failed: FormatException: line");
        await gateway.Log.WaitForAsync("the RequestBodyFilter handler at proxy.csx:5 failed: FormatException: sent");
    }

    [Fact]
    public async Task Answer_OfAspNet_IsWarnedOf()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Route("/a").Content(c => Results.Text("hi"));
            Route("/b").Content(c => { TypedResults.Ok(); });
            Route("/c").Content(async c => { await Results.Text("hi").ExecuteAsync(c.HttpContext); });
            Route("/d").Content(c => c.Text(Results.Ok().ToString()));
            """);
        await gateway.Log.WaitForAsync("proxy.csx(1,26): warning SP0103: `Results.Text(\"hi\")` makes an answer that nobody gets");
        await gateway.Log.WaitForAsync("proxy.csx(2,28): warning SP0103: `TypedResults.Ok()` makes an answer that nobody gets");
        Assert.Equal(2, gateway.Log.All.Count(l => l.Contains("SP0103", StringComparison.Ordinal)));
        Assert.Equal("hi", await gateway.Client.GetStringAsync("/c"));
    }

    private static async Task<string> AskAsync(HttpClient client, string line)
    {
        var (method, path, more) = line.Split(' ', 3) switch { [var m, var p, var rest] => (m, p, rest), var two => (two[0], two[1], null) };
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST")
        {
            request.Content = new StringContent(more ?? "");
        }
        else if (more?.Split(':', 2) is [var name, var value])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var answer = await client.SendAsync(request);
        return $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}";
    }
}
