using System.Net;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Real;

namespace ScriptProxy.Tests.Phases;

/// <summary>What users try, and what once went wrong.</summary>
public class SmallThingsTests
{
    [Fact]
    public async Task Http_IsTheLoadsOwn_AndNobodyDisposesIt()
    {
        await using var origin = await Origin.StartAsync(c => c.Response.WriteAsync(c.Request.Headers["X-Own"].ToString()));
        var proxy = $$"""
            Http.Timeout = Seconds(20);
            Http.DefaultRequestHeaders.Add("X-Own", "a");
            Route("/").Content(async c => { using var http = Http; return c.Text(await http.GetStringAsync("{{origin.Address}}/")); });
            """;
        await using var gateway = await TestGateway.StartAsync(proxy);
        Assert.Equal("a", await gateway.Client.GetStringAsync("/"));
        await gateway.SaveAsync(proxy + "// again");
        Assert.Equal("a", await gateway.Client.GetStringAsync("/"));
        Assert.Equal("a", await gateway.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task State_OfATypeThatSeveralFilesLoad_IsOneForAll()
    {
        await using var gateway = await TestGateway.StartAsync(
            """
            #load "dog.csx"
            Route("/").Access("first.csx").Access(a => { a[Best] = a[Best]! with { Age = a[Best]!.Age + 1 }; }).Access("second.csx").Content("last.csx");
            """,
            ("dog.csx", "enum Plan { Free, Paid }\nrecord Dog(string Name, int Age);\nstatic readonly ExchangeKey<Plan> ThePlan = new(\"plan\");\nstatic readonly ExchangeKey<Dog?> Best = new(\"best\");"),
            ("first.csx", "#load \"dog.csx\"\nSet(ThePlan, Plan.Paid);\nSet(Best, new Dog(\"Rex\", 1));"),
            ("second.csx", "#load \"dog.csx\"\nvar dog = Get(Best)!;\nSet(Best, dog with { Age = dog.Age * 10 });"),
            ("last.csx", "#load \"dog.csx\"\nreturn Text($\"{Get(ThePlan)} {Get(Best)}\");"));
        Assert.Equal("Paid Dog { Name = Rex, Age = 20 }", await gateway.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task File_ThatIsAFolder_Is404()
    {
        await using var gateway = await TestGateway.StartAsync("""Route("/{**path}").Content(c => c.File("www/" + c.Request.RouteValues["path"]));""", ("www/sub/a.txt", "a"));
        Assert.Equal("a", await gateway.Client.GetStringAsync("/sub/a.txt"));
        foreach (var path in new[] { "/", "/sub", "/sub/" })
        {
            using var answer = await gateway.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Text_OfAnotherType()
    {
        await using var gateway = await TestGateway.StartAsync("""Route("/").Content(c => c.Text("<p>", "text/html; charset=utf-8"));""");
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal("text/html; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal("<p>", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task ContentType_SetBefore_IsKept_WhereTheVerdictNamesNone()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Route("/kept").Content(c => { c.Response.ContentType = "text/html"; return c.Respond(200, "<p>"); });
            Route("/own").Content(c => { c.Response.ContentType = "text/html"; return c.Json(1); });
            """);
        using var kept = await gateway.Client.GetAsync("/kept");
        Assert.Equal("text/html", kept.Content.Headers.ContentType!.ToString());
        using var own = await gateway.Client.GetAsync("/own");
        Assert.Equal("application/json; charset=utf-8", own.Content.Headers.ContentType!.ToString());
    }

    [Fact]
    public async Task BodyThatAHandlerHasTaken_IsToldOfItsRoute_AndOfNoFilter()
    {
        await using var origin = await Origin.StartAsync("peer");
        await using var gateway = await TestGateway.StartAsync($"Route(\"/\").Access(async r => {{ await r.Request.ReadFormAsync(); }}).To(\"{origin.Address}\");");
        using var answer = await gateway.Client.PostAsync("/", new FormUrlEncodedContent([KeyValuePair.Create("a", "b")]));
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        await gateway.Log.WaitForAsync("/ at proxy.csx:1: ");
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains("RequestBodyFilter", StringComparison.Ordinal));
    }

    [Fact]
    public async Task UnixSocket_EveryUserMayConnect_TheAdminApisOnlyTheGatewaysOwn()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("modes are Unix's");
            return;
        }

        using var folder = new TestFolder();
        var (path, admin) = (folder.PathOf("s.sock"), folder.PathOf("a.sock"));
        await using var gateway = await TestGateway.StartAsync($"Listen(\"unix:{path}\"); Admin(\"unix:{admin}\"); Route(\"/\").Content(c => c.Text(\"\"));");
        Assert.Equal((UnixFileMode)0b110_110_110, File.GetUnixFileMode(path));
        Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(admin));
    }

    [Fact]
    public async Task Subrequest_ReadTwice_IsTheSameText()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Route("/sub").Content(c => c.Text("sub"));
            Route("/").Content(async c => { var sub = await c.Subrequest("/sub"); return c.Text(await sub.ReadTextAsync() + await sub.ReadTextAsync()); });
            """);
        Assert.Equal("subsub", await gateway.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task Header_BeyondLatin1_IsUtf8()
    {
        await using var gateway = await TestGateway.StartAsync("""Route("/").HeaderFilter(h => h.Response.Headers["X-Uni"] = h.Request.Query["q"]).Content(c => c.Text(""));""");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync("GET /?q=%E4%B8%AD%E6%96%87%C3%A9 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Assert.Contains("X-Uni: 中文é", System.Text.Encoding.UTF8.GetString(System.Text.Encoding.Latin1.GetBytes((await client.ReadAnswerAsync()).Head)), StringComparison.Ordinal);
    }
}
