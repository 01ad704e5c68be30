using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Docs;

/// <summary>Runs the examples of scripts/ as their headers say.</summary>
public class ScriptExampleTests
{
    [Fact]
    public async Task Token_WithAndWithout_LetsInAndTellsTheUpstream()
    {
        await using var origin = await Origin.StartAsync(c => c.Response.WriteAsync(c.Request.Headers["X-User"].ToString()));
        await using var gateway = await StartAsync(
            $$"""
            #load "scripts/token.csx"
            Route("/private/{**path}").Access(RequireToken).UpstreamRequest(u => u.Headers["X-User"] = u[User]).To("{{origin.Address}}");
            """);
        Assert.Equal((401, "token required\n"), await GetAsync(gateway, "/private/"));
        Assert.Equal((200, "holder of open..."), await GetAsync(gateway, "/private/", ("Authorization", "Bearer open-sesame")));
    }

    [Theory]
    [InlineData(7, 503, "closed\n")]
    [InlineData(8, 200, "open\n")]
    [InlineData(17, 200, "open\n")]
    [InlineData(18, 503, "closed\n")]
    public async Task OfficeHours_AtAnHour_AnswersByTheClock(int hour, int status, string text)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 5, 4, hour, 30, 0, TimeSpan.Zero));
        await using var gateway = await TestGateway.StartAsync(
            """Route("/").Access("scripts/office-hours.csx").Content(c => c.Text("open\n"));""", time, Examples());
        Assert.Equal((status, text), await GetAsync(gateway, "/"));
    }

    [Fact]
    public async Task Canary_CookieShareAndOutage_ChooseThePeer()
    {
        await using var stable = await Origin.StartAsync("stable");
        await using var canary = await Origin.StartAsync("canary");
        await using var gateway = await StartAsync(
            $$"""
            #load "scripts/canary.csx"
            Upstream("shop", "{{stable.Address}}").Peer("{{canary.Address}}", tags: ["canary"]);
            Trust("127.0.0.1");
            Route("/down").Content(c => { Peer("{{canary.Address}}").Down("test"); return c.Text("ok"); });
            Route("/{**path}", order: 1).Balancer(Canary).To("shop");
            """,
            ("appsettings.json", """{ "canary-percent": 50 }"""));
        Assert.Equal((200, "canary"), await GetAsync(gateway, "/", ("Cookie", "canary=1")));
        Assert.Equal((200, "stable"), await GetAsync(gateway, "/", ("Cookie", "canary=0")));

        var seen = new List<string>();
        for (var i = 0; i < 100; i++)
        {
            var (_, first) = await GetAsync(gateway, "/", ("X-Forwarded-For", $"192.0.2.{i}"));
            var (_, again) = await GetAsync(gateway, "/", ("X-Forwarded-For", $"192.0.2.{i}"));
            Assert.Equal(first, again);
            seen.Add(first);
        }

        Assert.InRange(seen.Count(s => s == "canary"), 25, 75);

        await GetAsync(gateway, "/down");
        Assert.Equal((200, "stable"), await GetAsync(gateway, "/", ("Cookie", "canary=1")));
    }

    [Fact]
    public async Task RateLimit_MoreThanAllowed_Refuses429UntilTheSpanIsOver()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await TestGateway.StartAsync(
            """
            #load "scripts/rate-limit.csx"
            Trust("127.0.0.1");
            Route("/").Access(RateLimit(2, Minutes(1))).Content(c => c.Text("in"));
            """,
            time,
            Examples());
        Assert.Equal((200, "in"), await GetAsync(gateway, "/"));
        Assert.Equal((200, "in"), await GetAsync(gateway, "/"));
        time.Advance(TimeSpan.FromSeconds(20));
        using (var refused = await gateway.Client.GetAsync("/"))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(40), refused.Headers.RetryAfter!.Delta);
        }

        Assert.Equal((200, "in"), await GetAsync(gateway, "/", ("X-Forwarded-For", "192.0.2.1")));
        time.Advance(TimeSpan.FromSeconds(41));
        Assert.Equal((200, "in"), await GetAsync(gateway, "/"));
    }

    [Fact]
    public async Task AuthSubrequest_EveryAnswer_IsHeeded()
    {
        await using var auth = await Origin.StartAsync(c =>
        {
            c.Response.Headers["X-User"] = "anna of " + c.Request.Headers["X-Original-Uri"];
            c.Response.StatusCode = c.Request.Headers.Cookie == "key=1" ? 200 : int.Parse(c.Request.Headers["X-Answer"].ToString());
            return Task.CompletedTask;
        });
        await using var shop = await Origin.StartAsync(c => c.Response.WriteAsync(c.Request.Headers["X-User"].ToString()));
        await using var gateway = await StartAsync(
            $$"""
            #load "scripts/auth-subrequest.csx"
            Route("/auth").To("{{auth.Address}}");
            Route("/account/{**path}").Access(AskAuth).UpstreamRequest(SendUser).To("{{shop.Address}}");
            """);
        Assert.Equal((200, "anna of /account/a?b=c"), await GetAsync(gateway, "/account/a?b=c", ("Cookie", "key=1"), ("X-User", "a lie")));
        Assert.Equal((401, "not for you\n"), await GetAsync(gateway, "/account/", ("X-Answer", "401")));
        Assert.Equal((403, "not for you\n"), await GetAsync(gateway, "/account/", ("X-Answer", "403")));
        Assert.Equal((503, "the sign-in service is not there\n"), await GetAsync(gateway, "/account/", ("X-Answer", "500")));
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains("warning", StringComparison.Ordinal));
    }

    [Fact]
    public async Task JsonTransform_JsonAndOthers_ChangesOnlyJsonObjects()
    {
        await using var api = await Origin.StartAsync(async c =>
        {
            c.Response.ContentType = c.Request.Path == "/api/text" ? "text/plain" : "application/json";
            await c.Response.WriteAsync(c.Request.Path == "/api/list" ? """[{"cost":1}]""" : """{"name":"hat","cost":1,"supplier":"x"}""");
        });
        await using var gateway = await StartAsync(
            $$"""
            #load "scripts/json-transform.csx"
            Upstream("api").Peer("{{api.Address}}", name: "one");
            Route("/api/{**path}").BodyFilter(HideInternals).To("api");
            """);
        Assert.Equal((200, """{"name":"hat","servedBy":"one"}"""), await GetAsync(gateway, "/api/hat"));
        Assert.Equal((200, """[{"cost":1}]"""), await GetAsync(gateway, "/api/list"));
        Assert.Equal((200, """{"name":"hat","cost":1,"supplier":"x"}"""), await GetAsync(gateway, "/api/text"));
    }

    [Fact]
    public async Task SseRedact_Events_HidesCardsAndDropsDebug()
    {
        await using var shop = await Origin.StartAsync(async c =>
        {
            c.Response.ContentType = "text/event-stream";
            await c.Response.WriteAsync("data: paid with 4111111111111111\n\nevent: debug\ndata: secret\n\ndata: done\n\n");
        });
        await using var gateway = await StartAsync($$"""Route("/events").BodyFilter("scripts/sse-redact.csx").To("{{shop.Address}}");""");
        Assert.Equal((200, "data: paid with ************1111\n\ndata: done\n\n"), await GetAsync(gateway, "/events"));
    }

    [Fact]
    public async Task Maintenance_SettingSaved_ClosesAtOnceExceptForTheOffice()
    {
        await using var gateway = await StartAsync(
            """
            Trust("127.0.0.1");
            Access("scripts/maintenance.csx");
            Route("/").Content(c => c.Text("open"));
            """,
            ("appsettings.json", "{}"));
        Assert.Equal((200, "open"), await GetAsync(gateway, "/"));

        gateway.Folder.Write("appsettings.json", """{ "maintenance": "on" }""");
        await TestGateway.WaitAsync(() => gateway.Host.Current!.Number == 2);
        var (status, text) = await GetAsync(gateway, "/");
        Assert.Equal(503, status);
        Assert.Contains("Back soon", text, StringComparison.Ordinal);
        Assert.Equal((200, "open"), await GetAsync(gateway, "/", ("X-Forwarded-For", "10.1.2.3")));
    }

    [Theory]
    [InlineData("192.0.2.7", "https://de.shop.example/hats?size=3")]
    [InlineData("2001:db8::1", "https://eu.shop.example/hats?size=3")]
    [InlineData("203.0.113.9", null)]
    public async Task GeoRedirect_ClientBehindTrustedProxy_GoesToItsRegion(string client, string? location)
    {
        await using var gateway = await StartAsync(
            """
            #load "scripts/geo-redirect.csx"
            Trust("127.0.0.0/8");
            Route("/{**path}").Access(GeoRedirect).Content(c => c.Text("here"));
            """);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/hats?size=3") { Headers = { { "X-Forwarded-For", client } } };
        using var answer = await gateway.Client.SendAsync(request);
        Assert.Equal(location, answer.Headers.Location?.OriginalString);
        Assert.Equal(location is null ? HttpStatusCode.OK : HttpStatusCode.Found, answer.StatusCode);
    }

    [Fact]
    public async Task HmacSignedUrl_SignedForgedAndExpired_AreTold()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero));
        await using var gateway = await TestGateway.StartAsync(
            """
            #load "scripts/hmac-signed-url.csx"
            Route("/sign/{**path}").Content(c => c.Text(Sign("/downloads/" + c.Request.RouteValues["path"], long.Parse(c.Request.Query["expires"]!))));
            Route("/downloads/{**path}").Access(RequireSignature).Files("downloads");
            """,
            time,
            [.. Examples(), ("downloads/film.txt", "a film"), ("appsettings.json", """{ "Secrets": { "signing-key": "kept in a safe" } }""")]);
        var expires = time.GetUtcNow().AddHours(1).ToUnixTimeSeconds();
        var (_, signature) = await GetAsync(gateway, $"/sign/film.txt?expires={expires}");
        var link = $"/downloads/film.txt?expires={expires}&signature={signature}";

        Assert.Equal((200, "a film"), await GetAsync(gateway, link));
        Assert.Equal((403, "this link is not signed\n"), await GetAsync(gateway, "/downloads/film.txt"));
        Assert.Equal((403, "this link is not signed\n"), await GetAsync(gateway, link[..^1] + (link[^1] == 'A' ? 'B' : 'A')));
        Assert.Equal((403, "this link is not signed\n"), await GetAsync(gateway, link.Replace($"{expires}", $"{expires + 1}", StringComparison.Ordinal)));
        time.Advance(TimeSpan.FromHours(2));
        Assert.Equal((410, "this link has expired\n"), await GetAsync(gateway, link));
    }

    [Fact]
    public async Task HmacSignedUrl_NoSecret_FailsTheLoad()
    {
        var found = await TestGateway.FailAsync("#load \"scripts/hmac-signed-url.csx\"", Examples());
        Assert.Contains(found, d => d.Message.Contains("the secret 'signing-key' is missing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Aggregate_ThreeParts_AreAskedForAtTheSameTime()
    {
        // Each part waits for the other: one after the other would never end.
        var both = new CountdownEvent(2);
        var together = new TaskCompletionSource();
        await using var api = await Origin.StartAsync(async c =>
        {
            if (c.Request.Path == "/api/offers")
            {
                c.Response.StatusCode = 500;
                return;
            }

            if (both.Signal())
            {
                together.SetResult();
            }

            await together.Task.WaitAsync(TimeSpan.FromSeconds(20));
            await c.Response.WriteAsJsonAsync(new { path = c.Request.Path.Value });
        });
        await using var gateway = await StartAsync(
            $$"""
            #load "scripts/aggregate.csx"
            Route("/api/{**path}").To("{{api.Address}}");
            Route("/home").Content(Home);
            """);
        var home = await gateway.Client.GetFromJsonAsync<JsonObject>("/home");
        Assert.Equal("""{"user":{"path":"/api/user"},"orders":{"path":"/api/orders"},"offers":null}""", home!.ToJsonString());
    }

    [Fact]
    public async Task Retry_FirstPeerFails_AsksTheOtherForGetOnly()
    {
        await using var bad = await Origin.StartAsync(c =>
        {
            c.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
        await using var good = await Origin.StartAsync("good");
        await using var gateway = await StartAsync(
            $$"""
            Upstream("shop", "{{bad.Address}}", "{{good.Address}}").Attempts(2);
            Route("/shop/{**path}")
                .Balancer(b => b.Peers.FirstOrDefault(p => p.Address.Port == {{new Uri(bad.Address).Port}}))
                .UpstreamResponse("scripts/retry.csx")
                .To("shop");
            """);
        Assert.Equal((200, "good"), await GetAsync(gateway, "/shop/"));
        using var post = await gateway.Client.PostAsync("/shop/", new StringContent("x"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, post.StatusCode);
    }

    [Fact]
    public async Task AccessLog_Request_IsALine()
    {
        await using var gateway = await StartAsync("""Log("scripts/access-log.csx"); Route("/hi").Content(c => c.Text("hello"));""");
        await GetAsync(gateway, "/hi");
        await gateway.Log.WaitForAsync("127.0.0.1 GET /hi 200 5 bytes in ");
        await gateway.Log.WaitForAsync(", no peer took 0.0 ms, attempts 0");
    }

    [Fact]
    public async Task FriendlyErrors_BrowserAndProgram_GetWhatSuitsThem()
    {
        await using var gateway = await StartAsync(
            """
            Error("scripts/friendly-errors.csx");
            Route("/gone").To("http://127.0.0.1:9");
            Route("/broken").Content(c => throw new Exception("boom"));
            """);
        var (status, page) = await GetAsync(gateway, "/gone", ("Accept", "text/html"));
        Assert.Equal(503, status);
        Assert.Contains("The shop is busy", page, StringComparison.Ordinal);
        (status, page) = await GetAsync(gateway, "/broken", ("Accept", "text/html"));
        Assert.Equal(500, status);
        Assert.Contains("on our side", page, StringComparison.Ordinal);
        (status, page) = await GetAsync(gateway, "/gone", ("Accept", "application/json"));
        Assert.Equal(502, status);
        Assert.DoesNotContain("shop", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Example_Each_BeginsByTellingWhatItIsFor() =>
        Assert.All(Examples(), e => Assert.True(e.Text.StartsWith("// ", StringComparison.Ordinal) && e.Text.Contains("\n//     ", StringComparison.Ordinal), e.Name));

    internal static (string Name, string Text)[] Examples() =>
        [.. Directory.EnumerateFiles(Repository.PathOf("scripts"), "*.csx").Select(f => ("scripts/" + Path.GetFileName(f), File.ReadAllText(f)))];

    internal static Task<TestGateway> StartAsync(string proxy, params (string Name, string Text)[] files) =>
        TestGateway.StartAsync(proxy, [.. Examples(), .. files]);

    internal static async Task<(int Status, string Text)> GetAsync(TestGateway gateway, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        using var answer = await gateway.Client.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
