using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Docs;

/// <summary>Runs more examples of scripts/ as their headers say.</summary>
public class ScriptRecipeTests
{
    [Fact]
    public async Task Jwt_SignedOrNot_LetsInAndTellsTheUpstream()
    {
        await using var origin = await Origin.StartAsync(c => c.Response.WriteAsync(c.Request.Headers["X-User"].ToString()));
        await using var gateway = await ScriptExampleTests.StartAsync(
            $$"""
            #load "scripts/jwt.csx"
            Route("/{**path}").Access(RequireJwt).UpstreamRequest(u => u.Headers["X-User"] = u[JwtSubject]).To("{{origin.Address}}");
            """,
            ("appsettings.json", """{ "Secrets": { "jwt-key": "a key" } }"""));
        Assert.Equal((200, "anna"), await GetAsync(Token("HS256", """{"sub":"anna","exp":4102444800}""")));
        Assert.Equal((401, "this token is expired\n"), await GetAsync(Token("HS256", """{"sub":"anna","exp":1}""")));
        Assert.Equal((401, "this token is expired\n"), await GetAsync(Token("HS256", """{"sub":"anna"}""")));
        Assert.Equal((401, "this token is not HS256\n"), await GetAsync(Token("none", """{"sub":"anna","exp":4102444800}""")));
        foreach (var wrong in new[] { "a.b.c", "a.b", "", "..", Token("HS256", "{}") + "x", Token("HS256", "{}", key: "another") })
        {
            Assert.Equal((401, "this token is not signed\n"), await GetAsync(wrong));
        }

        Task<(int, string)> GetAsync(string token) => ScriptExampleTests.GetAsync(gateway, "/", ("Authorization", "Bearer " + token));

        static string Token(string algorithm, string claims, string key = "a key")
        {
            var text = $"{Encode($$"""{"alg":"{{algorithm}}"}""")}.{Encode(claims)}";
            return $"{text}.{Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(text)))}";
        }

        static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
    }

    [Theory]
    [InlineData("OPTIONS", "https://app.example", 204, "https://app.example")]
    [InlineData("GET", "https://app.example", 200, "https://app.example")]
    [InlineData("OPTIONS", "https://evil.example", 200, null)]
    [InlineData("GET", "https://evil.example", 200, null)]
    public async Task Cors_OfAnOrigin_AnswersPreflightAndMarksAnswers(string method, string from, int status, string? allowed)
    {
        await using var origin = await Origin.StartAsync("origin");
        await using var gateway = await ScriptExampleTests.StartAsync(
            $$"""
            #load "scripts/cors.csx"
            Route("/{**path}").Access(Preflight).HeaderFilter(AllowOrigin).To("{{origin.Address}}");
            """);
        using var request = new HttpRequestMessage(new HttpMethod(method), "/");
        request.Headers.Add("Origin", from);
        request.Headers.Add("Access-Control-Request-Method", "PUT");
        request.Headers.Add("Access-Control-Request-Headers", "x-a");
        using var answer = await gateway.Client.SendAsync(request);
        Assert.Equal((HttpStatusCode)status, answer.StatusCode);
        Assert.Equal("Origin", answer.Headers.Vary.ToString());
        Assert.Equal(allowed, answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var values) ? Assert.Single(values) : null);
        Assert.Equal(status == 204, answer.Headers.Contains("Access-Control-Allow-Methods"));
    }

    [Fact]
    public async Task Sticky_PeerGoesDown_OnlyItsOwnMove()
    {
        await using var a = await Origin.StartAsync("a");
        await using var b = await Origin.StartAsync("b");
        await using var c = await Origin.StartAsync("c");
        await using var gateway = await ScriptExampleTests.StartAsync(
            $$"""
            #load "scripts/sticky.csx"
            Upstream("shop").Peer("{{a.Address}}", name: "a").Peer("{{b.Address}}", name: "b").Peer("{{c.Address}}", name: "c");
            Route("/down").Content(c => { Peer("{{c.Address}}").Down("test"); return c.Text("ok"); });
            Route("/{**path}", order: 1).Balancer(StickyBy("X-Session")).To("shop");
            """);
        var before = await AllAsync();
        Assert.Equal(before, await AllAsync());
        Assert.Equal(["a", "b", "c"], before.Distinct().Order(StringComparer.Ordinal));

        await ScriptExampleTests.GetAsync(gateway, "/down");
        var after = await AllAsync();
        Assert.All(before.Zip(after), p => Assert.True(p.First == "c" ? p.Second is "a" or "b" : p.First == p.Second));
        Assert.Equal(200, (await ScriptExampleTests.GetAsync(gateway, "/")).Status);

        async Task<List<string>> AllAsync()
        {
            var peers = new List<string>();
            for (var session = 0; session < 30; session++)
            {
                peers.Add((await ScriptExampleTests.GetAsync(gateway, "/", ("X-Session", $"s{session}"))).Text);
            }

            return peers;
        }
    }

    [Fact]
    public async Task JsonLog_Requests_AreLinesOfTheFileAtTheLatestWhenTheLoadEnds()
    {
        using var folder = new TestFolder();
        var file = folder.PathOf("access.json");
        await using (var gateway = await ScriptExampleTests.StartAsync(
            """
            #load "scripts/json-log.csx"
            Log(JsonLog);
            Route("/{**path}").Content(c => c.Text("four"));
            """,
            ("appsettings.json", $$"""{ "access-log": "{{file}}" }""")))
        {
            await ScriptExampleTests.GetAsync(gateway, "/a\"b");
            await ScriptExampleTests.GetAsync(gateway, "/c");
        }

        var lines = (await File.ReadAllLinesAsync(file)).Select(l => JsonNode.Parse(l)!).ToList();
        Assert.Equal(["/a\"b", "/c"], lines.Select(l => l["path"]!.GetValue<string>()));
        Assert.All(lines, l => Assert.Equal((200, 4), (l["status"]!.GetValue<int>(), l["bytes"]!.GetValue<int>())));
    }
}
