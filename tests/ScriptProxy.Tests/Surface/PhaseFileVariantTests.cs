using System.Net;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Phases;

namespace ScriptProxy.Tests.Surface;

/// <summary>What people write into a file per phase.</summary>
public class PhaseFileVariantTests
{
    private const string Access = """
        #load "lib/helpers.csx"
        using System.Text.Json;

        static readonly HashSet<string> Known = new() { "one", "two" };
        static int calls;
        var call = Interlocked.Increment(ref calls);
        Set(User, "ada " + call);

        if (Request.Query.ContainsKey("deny"))
        {
            return Respond(403, $"denied {call > 0}\n");
        }
        foreach (var header in Request.Headers.Where(h => h.Key.StartsWith("X-Bad")))
            return Respond(400, header.Key);
        if (Request.Query["json"].Count > 0) return Json(new { n = 1 }, 418);
        if (Request.Query["moved"] == "1") return Redirect("/x", status: 301);
        if (Request.Query["again"] == "1") return Exec("/plain?a=b");
        if (Request.Query["drop"] == "1") return Drop();
        if (BearerToken is { } token && !Known.Contains(token)) return Respond(401);
        if (Request.Method == "POST" && JsonSerializer.Deserialize<Claim>(await ReadBodyAsync()) is { Sub: "mallory" }) return Respond(403);
        switch (Request.Method)
        {
            case "DELETE": return Respond(405);
            default: break;
        }
        Claim claim = new("x");
        async Task<bool> Holds() { await Task.Yield(); return claim.Sub == "x"; }
        if (!await Holds()) return Respond(500);
        using (var answer = await Subrequest("/plain?a=sub"))
            HttpContext.Items["sub"] = await answer.ReadTextAsync();
        try { int.Parse("x"); }
        catch (FormatException) when (Route.Pattern.Length > 0) { return null; }
        """;

    private static readonly (string, string)[] Files =
    [
        ("lib/helpers.csx", "record Claim(string Sub);\nstatic readonly ExchangeKey<string> User = new(\"user\", \"nobody\");\nstring Hello(string name) => $\"hello {name}\";"),
        ("p/lib/helpers.csx", "#load \"../../lib/helpers.csx\""),
        ("p/rewrite.csx", "#load \"lib/helpers.csx\"\nRequest.Path = Request.Path.Value.Replace(\"/f/\", \"/g/\");\nRequest.Headers[\"X-Rw\"] = Hello(\"you\");"),
        ("p/access.csx", Access),
        ("p/balancer.csx", "var free = Peers.Where(p => p.InFlight < 100).ToList();\nreturn free.Count == 0 ? null : free[^1];"),
        ("p/request.csx", "Lines(line => line + \"+\");"),
        ("p/up.csx", "Headers[\"X-Sub\"] = ((string)HttpContext.Items[\"sub\"]).Trim();\nHeaders.Remove(\"Cookie\");\nawait Task.Yield();"),
        ("p/back.csx", "Headers[\"X-Status\"] = StatusCode.ToString();\nif (StatusCode == 503) return Retry();\nreturn Store(Seconds(1), tags: [\"a\"]);"),
        ("p/header.csx", "#load \"lib/helpers.csx\"\nResponse.Headers[\"X-User\"] = Get(User);\nResponse.Headers.Append(\"X-N\", \"1\"); Response.Headers.Append(\"X-N\", \"2\");"),
        ("p/body.csx", "if (Request.Query.ContainsKey(\"up\"))\n    Buffer(1000, text => text.ToUpperInvariant());\nelse\n    ReplaceText(\"hello\", \"HELLO\");"),
        ("p/error.csx", "if (Source == ErrorSource.Upstream) return Respond(503, $\"oops {Error is not null}\\n\");"),
        ("p/log.csx", "#load \"lib/helpers.csx\"\nawait Task.Yield();\nLogger.LogInformation(\"by {User} {Status} {Sent} {Some}\", Get(User), Response.StatusCode, BytesSent, Elapsed > TimeSpan.Zero);"),
        ("p/empty.csx", "// nothing yet\n"),
        ("p/plain.csx", "return Text($\"content {Request.Query[\"a\"]}\\n\");"),
        ("p/stream.csx", "Response.ContentType = \"text/plain\";\nfor (var i = 0; i < 3; i++)\n{\n    await Response.WriteAsync($\"{i}\\n\");\n    await Response.Body.FlushAsync(Aborted);\n}"),
    ];

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Files_OfEveryPhase_DoWhatTheySay(string version)
    {
        await using var origin = await Origin.StartAsync(async c =>
            await c.Response.WriteAsync($"{c.Request.Path} {c.Request.Headers["X-Rw"]} {c.Request.Headers["X-Sub"]} {c.Request.Headers.Cookie} {await new StreamReader(c.Request.Body).ReadToEndAsync()}"));
        await using var gateway = await TestGateway.StartAsync(
            $$"""
            Upstream("o", "{{origin.Address}}");
            Upstream("down", "http://127.0.0.1:1");
            Route("/f/{**path}").Rewrite("p/rewrite.csx").Access("p/empty.csx").Access("p/access.csx").Balancer("p/balancer.csx").RequestBodyFilter("p/request.csx")
                .UpstreamRequest("p/up.csx").UpstreamResponse("p/back.csx").HeaderFilter("p/header.csx").BodyFilter("p/body.csx").Error("p/error.csx").Log("p/log.csx").To("o");
            Route("/down").Error("p/error.csx").To("down");
            Route("/plain").Content("p/plain.csx");
            Route("/stream").Content(script: "p/stream.csx");
            """,
            Files);
        using var client = version == "2.0" ? Clients.Http2(gateway) : Clients.Http11(gateway);
        using var post = new HttpRequestMessage(HttpMethod.Post, "/f/abc") { Content = new StringContent("""{"Sub":"bob"}"""), Headers = { { "Cookie", "a=b" } } };
        using var answer = await client.SendAsync(Same(post, client));
        Assert.Equal("/g/abc HELLO you content sub  {\"Sub\":\"bob\"}+", await answer.Content.ReadAsStringAsync());
        Assert.Equal("200", answer.Headers.GetValues("X-Status").Single());
        Assert.Equal(["1", "2"], answer.Headers.GetValues("X-N"));
        Assert.StartsWith("ada ", answer.Headers.GetValues("X-User").Single(), StringComparison.Ordinal);
        await gateway.Log.WaitForAsync("by ada 1 200 ");

        Assert.Equal("/G/X HELLO YOU CONTENT SUB  ", await client.GetStringAsync("/f/x?up"));
        await Expect("/f/x?deny", HttpStatusCode.Forbidden, "denied True\n");
        await Expect("/f/x?json=1", (HttpStatusCode)418, "{\"n\":1}");
        await Expect("/f/x?moved=1", HttpStatusCode.MovedPermanently, "");
        await Expect("/f/x?again=1", HttpStatusCode.OK, "content b\n");
        await Expect("/down", HttpStatusCode.ServiceUnavailable, "oops True\n");
        await Expect("/stream", HttpStatusCode.OK, "0\n1\n2\n");
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/f/x?drop=1"));
        await gateway.Log.WaitForAsync("444 0 True");
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains("handler at", StringComparison.Ordinal));

        async Task Expect(string path, HttpStatusCode status, string text)
        {
            using var got = await client.GetAsync(path);
            Assert.Equal(text, await got.Content.ReadAsStringAsync());
            Assert.Equal(status, got.StatusCode);
        }
    }

    [Fact]
    public async Task State_KeysOfOneNameAndTypeInSeveralFiles_AreOne()
    {
        await using var gateway = await TestGateway.StartAsync(
            """
            static readonly ExchangeKey<int> Tries = new("tries");
            Route("/").Access("a.csx").Access("b.csx").Access(r => r[Tries] += 100).Content(c => c.Text($"{c[Tries]}"));
            Route("/other").Access("a.csx").Access("long.csx").Content(c => c.Text($"{c[Tries]}"));
            """,
            ("a.csx", "static readonly ExchangeKey<int> Tries = new(\"tries\");\nSet(Tries, Get(Tries) + 1);"),
            ("b.csx", "static readonly ExchangeKey<int> Mine = new(\"tries\", initial: 5);\nSet(Mine, Get(Mine) + 10);"),
            ("long.csx", "static readonly ExchangeKey<long> Tries = new(\"tries\", 7);\nif (Get(Tries) != 7) return Respond(500);\nSet(Tries, 1000);"));
        Assert.Equal("111", await gateway.Client.GetStringAsync("/"));
        Assert.Equal("111", await gateway.Client.GetStringAsync("/"));
        Assert.Equal("1", await gateway.Client.GetStringAsync("/other"));
    }

    private static HttpRequestMessage Same(HttpRequestMessage request, HttpClient client)
    {
        request.Version = client.DefaultRequestVersion;
        request.VersionPolicy = client.DefaultVersionPolicy;
        return request;
    }
}
