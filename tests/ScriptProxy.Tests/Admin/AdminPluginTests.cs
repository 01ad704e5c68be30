using System.Net;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Plugins;
using static ScriptProxy.Tests.Admin.AdminClient;

namespace ScriptProxy.Tests.Admin;

/// <summary>What plugins add to the admin API.</summary>
public sealed class AdminPluginTests
{
    private const string Hello = Listeners + "Route(\"/{**path}\").Content(c => c.Text(\"hello\"));";

    [Fact]
    public async Task Endpoint_OfAPlugin_IsServedOnAdminListenersAndListed()
    {
        await using var gateway = await StartAsync(Answering("1"));
        Assert.Equal("purged 1 /x hello", await TextAsync(gateway, HttpMethod.Post, "/plugins/Store/purge?url=/x"));
        Assert.Equal("shown", await TextAsync(gateway, HttpMethod.Get, "/plugins/Store/show"));
        Assert.Equal("hello", await gateway.Client.GetStringAsync("/plugins/Store/show"));
        using var wrong = await SendAsync(gateway, HttpMethod.Get, "/plugins/Store/purge");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, wrong.StatusCode);
        Assert.Equal("POST", Assert.Single(wrong.Content.Headers.Allow));
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(gateway, "/plugins/Other/show")).Status);

        Assert.Equal(["admin GET /fails", "admin GET /loops", "admin GET /next", "admin GET /show", "admin POST /purge"], gateway.Host.Plugins.Single(p => !p.IsShipped).Supplies);
        var (_, answer) = await AskAsync(gateway, "/plugins");
        var told = answer.GetProperty("plugins").EnumerateArray().Single(p => !p.GetProperty("shipped").GetBoolean());
        Assert.Equal("Store", told.GetProperty("name").GetString());
        Assert.Equal("1.0.0", told.GetProperty("version").GetString());
        Assert.Equal("plugins/Store", told.GetProperty("folder").GetString());
        Assert.Equal("running", told.GetProperty("state").GetString());
        Assert.Contains("admin POST /purge", told.GetProperty("supplies").EnumerateArray().Select(s => s.GetString()));
    }

    [Fact]
    public async Task Endpoint_WhosePluginIsReplacedAndRemoved_GoesWithIt()
    {
        await using var gateway = await StartAsync(Answering("1"));
        Assert.Equal("purged 1 /x hello", await TextAsync(gateway, HttpMethod.Post, "/plugins/Store/purge?url=/x"));
        await gateway.ReloadAsync(() => gateway.Folder.Drop("Store", Answering("2")));
        Assert.Equal("purged 2 /x hello", await TextAsync(gateway, HttpMethod.Post, "/plugins/Store/purge?url=/x"));

        await gateway.ReloadAsync(() => Directory.Delete(gateway.Folder.PluginPath("Store"), recursive: true));
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(gateway, HttpMethod.Post, "/plugins/Store/purge")).Status);
        await TestGateway.WaitAsync(() => gateway.Host.Alive == 1, $"the code of the plugin is gone, {gateway.Host.Alive} generations are alive");
    }

    [Theory]
    [InlineData("/fails", HttpStatusCode.InternalServerError, "the Admin handler at ")]
    [InlineData("/loops", HttpStatusCode.InternalServerError, "Exec(/hello): an admin listener has no routes")]
    [InlineData("/next", HttpStatusCode.NotFound, null)]
    public async Task Endpoint_ThatGivesNoAnswer_HarmsItsRequestOnly(string path, HttpStatusCode expected, string? log)
    {
        await using var gateway = await StartAsync(Answering("1"));
        using var answer = await SendAsync(gateway, HttpMethod.Get, "/plugins/Store" + path);
        Assert.Equal(expected, answer.StatusCode);
        Assert.Equal("shown", await TextAsync(gateway, HttpMethod.Get, "/plugins/Store/show"));
        if (log is not null)
        {
            await gateway.Log.WaitForAsync(log);
        }
    }

    [Theory]
    [InlineData("\"get\", \"/a\"", "'get' is no method to answer")]
    [InlineData("\"HEAD\", \"/a\"", "'HEAD' is no method to answer")]
    [InlineData("\"GET\", \"a\"", "'a' is no path of its own")]
    [InlineData("\"GET\", \"/a?b=c\"", "'/a?b=c' is no path of its own")]
    [InlineData("\"GET\", \"/{id}\"", "'/{id}' is no path of its own")]
    [InlineData("\"GET\", \"/twice\"", "GET /twice is supplied already")]
    public async Task Endpoint_ThatWillNotDo_FailsTheLoad(string endpoint, string told)
    {
        var plugin = PluginSource.Plugin("Store", $$"""public void Register(PluginBuilder plugin) => plugin.Admin("GET", "/twice", c => c.Text("once")).Admin({{endpoint}}, c => c.Text("x"));""");
        var error = await Assert.ThrowsAsync<Core.Scripting.ScriptException>(() => StartAsync(plugin));
        Assert.StartsWith($"plugins/Store: error SP2005: Register failed: ArgumentException: {told}", Assert.Single(error.Diagnostics).ToString(), StringComparison.Ordinal);
    }

    private static Task<TestGateway> StartAsync(byte[] plugin) => TestGateway.StartAsync(Hello, TimeProvider.System, folder => folder.Drop("Store", plugin));

    private static byte[] Answering(string mark) => PluginSource.Plugin(
        "Store",
        $$"""
        public void Register(PluginBuilder plugin) => plugin
            .Admin("POST", "/purge", async c => { var r = await c.Subrequest("/sub"); return c.Text("purged {{mark}} " + c.Request.Query["url"] + " " + await r.ReadTextAsync()); })
            .Admin("GET", "/show", async c => { await c.Response.WriteAsync("shown"); })
            .Admin("GET", "/fails", (Func<ContentContext, Verdict?>)(c => throw new FormatException("no")))
            .Admin("GET", "/loops", c => c.Exec("/hello"))
            .Admin("GET", "/next", c => c.Next);
        """);

    private static async Task<string> TextAsync(TestGateway gateway, HttpMethod method, string path)
    {
        using var answer = await SendAsync(gateway, method, path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }
}
