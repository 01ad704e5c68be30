using System.Net;
using System.Net.Http.Headers;
using ScriptProxy.Tests.Harness;
using static ScriptProxy.Tests.Admin.AdminClient;

namespace ScriptProxy.Tests.Admin;

/// <summary>Who may ask an admin listener, and what is served there.</summary>
public sealed class AdminAccessTests
{
    private const string Good = Listeners + """
        HeaderFilter(h => { h.Response.Headers["X-Gateway"] = "yes"; });
        Access(a => a.Respond(418));
        Route("/{**path}").Content(c => c.Text("route"));
        """;

    [Fact]
    public async Task Listeners_OfEachKind_ServeTheirOwnOnly()
    {
        await using var gateway = await TestGateway.StartAsync(Good);
        using var state = await SendAsync(gateway, HttpMethod.Get, "/state");
        Assert.Equal(HttpStatusCode.OK, state.StatusCode);
        Assert.False(state.Headers.Contains("X-Gateway"));
        Assert.True(state.Headers.CacheControl!.NoStore);
        var (status, _) = await AskAsync(gateway, "/other");
        Assert.Equal(HttpStatusCode.NotFound, status);

        using var route = await gateway.Client.GetAsync("/state");
        Assert.Equal((HttpStatusCode)418, route.StatusCode);
        Assert.True(route.Headers.Contains("X-Gateway"));
    }

    [Theory]
    [InlineData("GET", "/reload", "POST")]
    [InlineData("DELETE", "/state", "GET, HEAD")]
    public async Task Method_ThatIsNone_IsToldWhichThereAre(string method, string path, string allow)
    {
        await using var gateway = await TestGateway.StartAsync(Good);
        using var answer = await SendAsync(gateway, new HttpMethod(method), path);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(allow, string.Join(", ", answer.Content.Headers.Allow));
        Assert.Equal(1, gateway.Host.Current!.Number);
        using var head = await SendAsync(gateway, HttpMethod.Head, "/state");
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
    }

    [Theory]
    [InlineData("evil.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("localhost.evil.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("127.0.0.1.evil.example:9080", HttpStatusCode.MisdirectedRequest)]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("LOCALHOST:9080", HttpStatusCode.OK)]
    [InlineData("127.0.0.1:1", HttpStatusCode.OK)]
    [InlineData("[::1]:9080", HttpStatusCode.OK)]
    public async Task Host_ThatIsAName_IsRefused(string host, HttpStatusCode expected)
    {
        await using var gateway = await TestGateway.StartAsync("Trust(\"127.0.0.0/8\");\n" + Good);
        var (status, _) = await AskAsync(gateway, HttpMethod.Get, "/state", r => r.Headers.Host = host);
        Assert.Equal(expected, status);

        // A page can set this one, and the browser is on a machine that the routes believe.
        (status, _) = await AskAsync(gateway, HttpMethod.Get, "/state", r =>
        {
            r.Headers.Host = host;
            r.Headers.Add("X-Forwarded-Host", "localhost");
        });
        Assert.Equal(expected, status);
    }

    [Fact]
    public async Task Origin_OfAnotherSite_MayNotPost()
    {
        await using var gateway = await TestGateway.StartAsync(Good);
        foreach (var origin in new[] { "http://evil.example", "null", "https://127.0.0.1" })
        {
            var (refused, _) = await AskAsync(gateway, HttpMethod.Post, "/reload", r => r.Headers.Add("Origin", origin));
            Assert.Equal(HttpStatusCode.Forbidden, refused);
        }

        Assert.Equal(1, gateway.Host.Current!.Number);
        var (own, _) = await AskAsync(gateway, HttpMethod.Post, "/reload", r => r.Headers.Add("Origin", Address(gateway)));
        Assert.Equal(HttpStatusCode.OK, own);
    }

    [Fact]
    public async Task Token_OfTheLoadThatServes_IsAskedFor()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Listen("http://127.0.0.1:0"); Admin("http://127.0.0.1:0", token: "first");
            """);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("Bearer second"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("Bearer firs"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("Bearer "));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("Basic first"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("Bearer first"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("bearer first"));

        await gateway.SaveAsync("""
            Listen("http://127.0.0.1:0"); Admin("http://127.0.0.1:0", token: "second");
            """);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("Bearer first"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("Bearer second"));

        async Task<HttpStatusCode> StatusAsync(string? authorization)
        {
            using var answer = await SendAsync(gateway, HttpMethod.Get, "/state", r => r.Headers.TryAddWithoutValidation("Authorization", authorization));
            Assert.Equal(answer.StatusCode == HttpStatusCode.Unauthorized, answer.Headers.WwwAuthenticate.Contains(new AuthenticationHeaderValue("Bearer")));
            return answer.StatusCode;
        }
    }

    [Theory]
    [InlineData("Admin(\"http://0.0.0.0:0\");", "proxy.csx(2,3): error SP1026: http://0.0.0.0:0 is reached by other machines: the admin API needs a token there")]
    [InlineData("Admin(\"http://*:0\");", "proxy.csx(2,3): error SP1026")]
    [InlineData("Admin(\"http://192.0.2.1:9080\");", "proxy.csx(2,3): error SP1026")]
    [InlineData("Admin(\"http://127.0.0.1:0\", token: \" \");", "proxy.csx(2,3): error SP1026: http://127.0.0.1:0: the token is empty")]
    [InlineData("Admin(\"https://127.0.0.1:0\", token: \"t\");", "proxy.csx(2,3): error SP1026: https://127.0.0.1:0: the admin API speaks http")]
    [InlineData("Admin(\"127.0.0.1:9080\");", "proxy.csx(2,3): error SP1022")]
    [InlineData("Admin(\"http://unix:path\");", "proxy.csx(2,3): error SP1022: 'http://unix:path': a Unix socket's path starts with '/'")]
    public async Task Address_ThatWillNotDo_FailsTheLoad(string admin, string told) =>
        Assert.StartsWith(told, Assert.Single(await TestGateway.FailAsync($"Listen(\"http://127.0.0.1:0\");\n  {admin}")).ToString(), StringComparison.Ordinal);

    [Fact]
    public async Task Admin_Alone_IsNothingThatListens() =>
        Assert.Equal("SP1023", Assert.Single(await TestGateway.FailAsync("Admin(\"http://127.0.0.1:0\"); // no Listen(")).Code);

    [Fact]
    public async Task AnyAddress_WithAToken_IsListenedOn()
    {
        await using var gateway = await TestGateway.StartAsync("Listen(\"http://127.0.0.1:0\"); Admin(\"http://0.0.0.0:0\", token: \"t\");");
        using var request = new HttpRequestMessage(HttpMethod.Get, Address(gateway).Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal) + "/state") { Headers = { Authorization = new("Bearer", "t") } };
        using var answer = await gateway.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task UnixSocket_ByEitherSpelling_ComesAndGoesWithTheConfiguration()
    {
        await using var gateway = await TestGateway.StartAsync("Listen(\"http://127.0.0.1:0\");");
        var socket = gateway.Folder.PathOf("admin.sock");
        await gateway.SaveAsync($"Listen(\"http://127.0.0.1:0\"); Admin(\"http://unix:{socket}\");");
        using var client = Over(socket);
        Assert.Contains("\"generation\": 2", await client.GetStringAsync("/state"), StringComparison.Ordinal);
        await gateway.SaveAsync($"Listen(\"http://127.0.0.1:0\"); Admin(\"unix:{socket}\"); // the same");
        Assert.Contains("\"generation\": 3", await client.GetStringAsync("/state"), StringComparison.Ordinal);
        await gateway.SaveAsync("Listen(\"http://127.0.0.1:0\");");
        await TestGateway.WaitAsync(() => !File.Exists(socket));
        Assert.Single(gateway.Host.Open);
    }
}
