using System.Net;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Surface;

/// <summary>What the contract names, said in the many ways in which a C# user says it in proxy.csx.</summary>
public class ComposedVariantTests
{
    private const string Helpers = """
        using System.Text.Json;
        record Item(string Name, int Count = 1);
        enum Plan { Free, Paid }
        interface IGreeter { string Greet(string name); }
        class Greeter(string hello) : IGreeter { public string Greet(string name) => $"{hello} {name}"; }
        class Counter { int n; public int Next() => Interlocked.Increment(ref n); }
        static string Loud(this string text) => text.ToUpperInvariant();
        static Verdict Deny(this AccessContext r) => r.Respond(403, "denied\n");
        var counter = new Counter();
        async Task<Verdict> AsTask(AccessContext r) { await Task.Yield(); return r.Next; }
        async ValueTask<Verdict> AsValueTask(AccessContext r) { await Task.Yield(); return r.Next; }
        void Silent(AccessContext r) => r.Request.Headers.Append("X-Seen", "silent");
        async Task SilentTask(AccessContext r) { await Task.Yield(); r.Request.Headers.Append("X-Seen", "task"); }
        async ValueTask SilentValueTask(AccessContext r) { await Task.Yield(); r.Request.Headers.Append("X-Seen", "value"); }
        Verdict? Perhaps(AccessContext r) => null;
        """;

    [Fact]
    public async Task Handlers_InEveryForm_RunInTheirOrder()
    {
        await using var origin = await Origin.StartAsync(c => c.Response.WriteAsync(c.Request.Headers["X-Seen"].ToString()));
        await using var gateway = await TestGateway.StartAsync(
            $$"""
            #load "helpers.csx"
            Upstream(name: "o").Peer(address: "{{origin.Address}}", weight: 2, tags: new[] { "canary" }).Balance(policy: "least-requests");
            Func<AccessContext, Verdict> held = r => { r.Request.Headers.Append("X-Seen", "held"); return r.Next; };
            Func<AccessContext, Task<Verdict>> heldTask = async r => r.Next;
            Action<AccessContext> heldAction = r => { };
            Route("/forms")
                .Access(AsTask).Access(AsValueTask).Access(Silent).Access(SilentTask).Access(SilentValueTask).Access(Perhaps)
                .Access(held).Access(heldTask).Access(heldAction)
                .Access(handler: r => r.Next)
                .Access((AccessContext r) => r.Next).Access((r) => { return r.Next; }).Access(static r => r.Next).Access(_ => Verdict.Next)
                .Access(delegate (AccessContext r) { return r.Next; })
                .Access(async r => { if (r.Request.Query["deny"] == "1") return r.Deny(); return null; })
                .Access(r => { if (r.Request.Query["deny"] == "2") return r.Respond(status: 402, text: "pay\n", contentType: "text/x"); return null; })
                .Access(r => r.Request.Query["deny"] == "3" ? r.Redirect(url: "/x", status: 307) : null)
                .Access(r => r.Request.Method switch { "GET" => r.Next, "PUT" => null, _ => r.Respond(405) })
                .Access(r => Task.FromResult(r.Next)).Access(r => ValueTask.FromResult(r.Next)).Access(r => new ValueTask<Verdict>(r.Next))
                .Access(r => Task.CompletedTask).Access(r => ValueTask.CompletedTask)
                .Access(async r => await Task.Yield())
                .To(upstream: "o");
            """,
            ("helpers.csx", Helpers));
        var client = gateway.Client;
        Assert.Equal("silent, task, value, held", await client.GetStringAsync("/forms"));
        await Expect(client, "/forms?deny=1", HttpStatusCode.Forbidden, "denied\n");
        await Expect(client, "/forms?deny=2", HttpStatusCode.PaymentRequired, "pay\n");
        await Expect(client, "/forms?deny=3", HttpStatusCode.TemporaryRedirect, "");
        using var refused = await client.PostAsync("/forms", null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, refused.StatusCode);
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains(": warning ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Scripts_MayUseWhatCSharpHas()
    {
        await using var gateway = await TestGateway.StartAsync(
            """
            #load "helpers.csx"
            using System.Net.Http.Json;
            using System.Text.Json;
            using System.Text.RegularExpressions;
            using Texts = System.Text.StringBuilder;

            var self = "";
            var made = await Task.FromResult(40);
            ExchangeKey<List<string>> bag = new("bag");
            Rewrite(r => { self = $"http://{r.Request.Host}"; });
            Route("/item").Content(c => c.Json(new Item("thing", 3)));
            Route("/fetched").Content(async c => { var item = await Http.GetFromJsonAsync<Item>(self + "/item", c.Aborted); return c.Text($"{item!.Name} {item with { Count = 4 }}"); });
            Route("/deserialised").Content(async c => c.Text(JsonSerializer.Deserialize<Dictionary<string, int>>(await c.ReadBodyAsync())!["a"].ToString()));
            Route("/greeted").Content(c => new Greeter("hello").Greet("you") is { Length: > 3 } text ? c.Text(text.Loud()) : c.Respond(500));
            Route("/number/{id:int}").Content(c => c.Text(Regex.Replace((string)c.Request.RouteValues["id"]!, "1", "2") + (made + counter.Next())));
            Route("/linq").Content(c => c.Text(string.Join(',', from q in c.Request.Query orderby q.Key descending select $"{q.Key}={q.Value.Count}")));
            Route("/bag").Access(r => (r[bag] ??= []).Add("a")).Access(r => { r[bag].Add("b"); }).Content(c => c.Text(string.Concat(c[bag])));
            Route("/built").Content(c => { var t = new Texts(); foreach (var p in Enum.GetValues<Plan>()) t.Append(p); return c.Text(t.ToString()); });
            foreach (var n in Enumerable.Range(1, 3)) Route($"/loop/{n}").Content(c => c.Text($"loop {n}"));
            for (var i = 0; i < 2; i++) { var k = i; Route("/for/" + k).Content(c => c.Text("for " + k)); }
            if (Settings["nothing"] is null) Route("/unset").Content(c => c.Text("unset"));
            Route("/cookies").Content(c =>
            {
                c.Response.Cookies.Append("a", "b", new CookieOptions { HttpOnly = true });
                c.Response.Headers.Append("Set-Cookie", "c=d");
                return c.Text(string.Join(',', c.Request.Cookies.Select(k => k.Key + "=" + k.Value)));
            });
            Route("/many").Content(async c =>
            {
                var all = await Task.WhenAll(new[] { "/loop/1", "/loop/2" }.Select(async path => await (await c.Subrequest(path)).ReadTextAsync()));
                using var third = await c.Subrequest("/loop/3");
                return c.Text(string.Join(' ', all) + " " + third.StatusCode + " " + third.Headers.ContentType);
            });
            Route("/once").Content(async c =>
            {
                int made = await Once("number", Minutes(1), async stop => { await Task.Yield(); return 7; });
                string text = await Once("text", Minutes(1), stop => Task.FromResult("x"));
                Item item = await Once("item", Minutes(1), stop => new Item("y"));
                return c.Text($"{made}{text}{item.Name}");
            });
            """,
            ("helpers.csx", Helpers));
        var client = gateway.Client;
        Assert.Equal("""{"name":"thing","count":3}""", await client.GetStringAsync("/item"));
        Assert.Equal("thing Item { Name = thing, Count = 4 }", await client.GetStringAsync("/fetched"));
        using var deserialised = await client.PostAsync("/deserialised", new StringContent("""{"a":5}"""));
        Assert.Equal("5", await deserialised.Content.ReadAsStringAsync());
        Assert.Equal("HELLO YOU", await client.GetStringAsync("/greeted"));
        Assert.Equal("2241", await client.GetStringAsync("/number/21"));
        Assert.Equal("b=2,a=1", await client.GetStringAsync("/linq?a=1&b=2&b=3"));
        Assert.Equal("ab", await client.GetStringAsync("/bag"));
        Assert.Equal("FreePaid", await client.GetStringAsync("/built"));
        Assert.Equal("loop 2", await client.GetStringAsync("/loop/2"));
        Assert.Equal("for 1", await client.GetStringAsync("/for/1"));
        Assert.Equal("unset", await client.GetStringAsync("/unset"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/cookies") { Headers = { { "Cookie", "x=1; y=2" } } };
        using var cookies = await client.SendAsync(request);
        Assert.Equal("x=1,y=2", await cookies.Content.ReadAsStringAsync());
        Assert.Equal(["a=b; path=/; httponly", "c=d"], cookies.Headers.GetValues("Set-Cookie"));
        Assert.Equal("loop 1 loop 2 200 text/plain; charset=utf-8", await client.GetStringAsync("/many"));
        Assert.Equal("7xy", await client.GetStringAsync("/once"));
    }

    [Fact]
    public async Task PhasesAroundThePeer_InEveryForm_DoWhatTheySay()
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            c.Response.Headers.Server = "secret";
            await c.Response.WriteAsync($"{c.Request.Headers["X-Out"]} {await new StreamReader(c.Request.Body).ReadToEndAsync()}");
        });
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o", "{{origin.Address}}").Balance(b => b.Peers[0]);
            Balancer(b => null);
            Lookup(l => l.Default);
            RequestBodyFilter(b => { });
            UpstreamResponse(u => { });
            Route("/")
                .Rewrite(r => r.Request.QueryString = r.Request.QueryString.Add("x", "y"))
                .Rewrite(r => r.Request.Headers.Remove("X-Out"))
                .Lookup(l => l.Bypass).Lookup(l => { l.Key = "x"; }).Lookup(async l => l.Default)
                .Balancer(b => b.Peers.OrderBy(p => p.InFlight).FirstOrDefault(p => p.Tags.Contains("none")))
                .Balancer(async b => { await Task.Yield(); return b.Peers.First(); })
                .RequestBodyFilter(b => b.ReplaceText("in", "out")).RequestBodyFilter(b => b.Lines(l => l))
                .UpstreamRequest(u => u.Headers["X-Out"] = new[] { "a", "b" }).UpstreamRequest(u => u.Headers.Append("X-Out", u.Peer.Name.Length > 0 ? "c" : ""))
                .UpstreamRequest(async u => { await Task.Yield(); u.Headers.UserAgent = "mine"; })
                .UpstreamResponse(u => u.Headers.Remove("Server")).UpstreamResponse(u => { u.Headers["X-In"] = "1"; }).UpstreamResponse(u => u.StatusCode = 203)
                .UpstreamResponse(async u => { await Task.Yield(); return u.Default; })
                .UpstreamResponse(u => u.StatusCode >= 500 ? u.Retry() : u.Default)
                .UpstreamResponse(u => u.Store(ttl: Seconds(1), grace: Seconds(5), tags: ["a"]))
                .HeaderFilter(h => h.Response.Headers.Append("X-In", "2")).HeaderFilter(async h => { await Task.Yield(); h.Response.StatusCode -= 2; })
                .BodyFilter(b => b.ReplaceText("out", "OUT").Lines(l => l.TrimEnd())).BodyFilter(b => { b.Buffer(max: 1000); })
                .BodyFilter(b => b.Transform(async (input, output, stop) =>
                {
                    using var reader = new StreamReader(input);
                    await using var writer = new StreamWriter(output);
                    await writer.WriteAsync(await reader.ReadToEndAsync(stop) + "!");
                }))
                .BodyFilter(b => b.Buffer(1000, text => text + "?")).BodyFilter(b => b.Buffer(1000, async text => { await Task.Yield(); return text + "."; }))
                .Log(l => l.Logger.LogInformation($"first {l.Response.StatusCode}")).Log(async l => { await Task.Yield(); l.Logger.LogInformation($"second {l.Peer?.Name}"); })
                .To("o");
            """);
        using var answer = await gateway.Client.PostAsync("/", new StringContent("in here  "));
        Assert.Equal("a, b, c OUT here!?.", await answer.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal(["1", "2"], answer.Headers.GetValues("X-In"));
        Assert.False(answer.Headers.Contains("Server"));
        await gateway.Log.WaitForAsync("first ");
        await gateway.Log.WaitForAsync("second 127.0.0.1:");
    }

    [Fact]
    public async Task Background_InEveryForm_RunsAndFailsAlone()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Init(() => Logger.LogInformation("init")); Init(() => { }); Init(async () => await Task.Yield()); Init(() => Task.CompletedTask); Init(Begin);
            Exit(() => { }); Exit(async () => { await Task.Yield(); }); Exit(() => ValueTask.CompletedTask);
            Every(Milliseconds(1), Tick); Every(Milliseconds(1), TickLater); Every(period: Milliseconds(1), run: _ => Shared("n").Increment("expression"));
            Every(Milliseconds(1), t => throw new InvalidOperationException("on purpose"));
            Every(Milliseconds(1), async t => { while (!t.Stopping.IsCancellationRequested) await Task.Delay(1, t.Stopping); });
            After(Milliseconds(1), t => t.Logger.LogInformation("after")); After(delay: Seconds(0), run: async t => await TickLater(t));
            Route("/").Content(c => { After(Milliseconds(1), t => t.Logger.LogInformation("from a handler")); Every(Milliseconds(1), t => Shared("n").Increment("handler")); return c.Text("ok"); });
            async Task Begin() { await Task.Yield(); Logger.LogInformation("begun"); }
            void Tick(TimerContext t) => Shared("n").Increment("tick");
            async Task TickLater(TimerContext t) { await Task.Yield(); Shared("n").Increment("later"); }
            Route("/n/{name}").Content(c => c.Text(Shared("n").TryGet<long>((string)c.Request.RouteValues["name"]!, out var n) ? n.ToString() : "0"));
            """);
        Assert.Equal("ok", await gateway.Client.GetStringAsync("/"));
        foreach (var line in new[] { "init", "begun", "after", "from a handler", "on purpose" })
        {
            await gateway.Log.WaitForAsync(line);
        }

        foreach (var name in new[] { "tick", "later", "expression", "handler" })
        {
            while (int.Parse(await gateway.Client.GetStringAsync("/n/" + name)) < 3)
            {
                // Every timer runs again, whatever the one beside it throws.
            }
        }
    }

    [Fact]
    public async Task Subrequest_TextOrStreamWithHeadersOfEitherKind_Compiles()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Route("/told").Content(async r => r.Text($"{r.Request.Method} {r.Request.Headers["X-A"]} {await r.ReadBodyAsync()}"));
            Route("/asks").Content(async r =>
            {
                var body = new MemoryStream("stream"u8.ToArray());
                SubrequestResult[] all =
                [
                    await r.Subrequest("/told"),
                    await r.Subrequest(path: "/told", method: "PUT", body: "text", headers: new() { ["X-A"] = "1" }),
                    await r.Subrequest("/told", method: "POST", body: "text", headers: r.Request.Headers),
                    await r.Subrequest("/told", method: "POST", body: body, headers: new() { ["X-A"] = "2" }),
                    await r.Subrequest("/told", "POST", r.Request.Body, r.Request.Headers, inheritHeaders: false),
                    await r.Subrequest("/told", headers: new HeaderDictionary { ["X-A"] = new[] { "3", "4" } }),
                    await r.Subrequest("/told", headers: null, body: null),
                ];
                return r.Text(string.Join('|', await Task.WhenAll(all.Select(async s => await s.ReadTextAsync()))));
            });
            """);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/asks") { Content = new StringContent("own"), Headers = { { "X-A", "mine" } } };
        using var answer = await gateway.Client.SendAsync(request);
        Assert.Equal("GET mine |PUT 1 text|POST mine text|POST 2 stream|POST mine own|GET 3,4 |GET mine ", await answer.Content.ReadAsStringAsync());
    }

    private static async Task Expect(HttpClient client, string path, HttpStatusCode status, string text)
    {
        using var answer = await client.GetAsync(path);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(text, await answer.Content.ReadAsStringAsync());
    }
}
