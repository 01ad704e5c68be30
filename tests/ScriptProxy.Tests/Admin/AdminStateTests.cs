using System.Net;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;
using static ScriptProxy.Tests.Admin.AdminClient;

namespace ScriptProxy.Tests.Admin;

/// <summary>What the admin API tells of the running gateway, and the load that it begins.</summary>
public sealed class AdminStateTests
{
    private const string Good = Listeners + """Route("/").Content(c => c.Text("good"));""";

    [Fact]
    public async Task State_AfterABrokenSaveAndItsMending_TellsTheErrorThenTheNewGeneration()
    {
        await using var gateway = await TestGateway.StartAsync(Good);
        var (_, state) = await AskAsync(gateway, "/state");
        Assert.Equal(1, state.GetProperty("generation").GetInt32());
        Assert.Equal(1, state.GetProperty("generationsAlive").GetInt32());
        Assert.Contains("scripts 1", state.GetProperty("contextsAlive").EnumerateArray().Select(c => $"{c.GetProperty("code")} {c.GetProperty("generation")}"));
        Assert.True(state.GetProperty("lastLoad").GetProperty("ok").GetBoolean());
        Assert.NotEmpty(state.GetProperty("version").GetString()!);
        var since = state.GetProperty("since").GetDateTimeOffset();

        await gateway.SaveBrokenAsync(Good + "\n  Route(\"/u\").To(\"nowhere\");");
        (_, state) = await AskAsync(gateway, "/state");
        Assert.Equal(1, state.GetProperty("generation").GetInt32());
        Assert.Equal(since, state.GetProperty("since").GetDateTimeOffset());
        var load = state.GetProperty("lastLoad");
        Assert.False(load.GetProperty("ok").GetBoolean());
        var error = Assert.Single(load.GetProperty("errors").EnumerateArray());
        Assert.Equal("proxy.csx", error.GetProperty("file").GetString());
        Assert.Equal((3, 3), (error.GetProperty("line").GetInt32(), error.GetProperty("column").GetInt32()));
        Assert.Equal("SP1003", error.GetProperty("code").GetString());
        Assert.Equal("there is no upstream 'nowhere'", error.GetProperty("message").GetString());

        await gateway.SaveAsync(Good + "\n");
        (_, state) = await AskAsync(gateway, "/state");
        Assert.True(state.GetProperty("generation").GetInt32() > 1);
        Assert.True(state.GetProperty("since").GetDateTimeOffset() > since);
        Assert.True(state.GetProperty("lastLoad").GetProperty("ok").GetBoolean());
        Assert.Empty(state.GetProperty("lastLoad").GetProperty("errors").EnumerateArray());
    }

    [Fact]
    public async Task Reload_ByPost_LoadsAndAnswersWithWhatCameOfIt()
    {
        await using var gateway = await TestGateway.StartAsync(Good);
        var (status, answer) = await AskAsync(gateway, HttpMethod.Post, "/reload");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(2, answer.GetProperty("generation").GetInt32());

        gateway.Save(Good + "\nRoute(\"/b\").Content(c => c.Txt(\"b\"));");
        (status, answer) = await AskAsync(gateway, HttpMethod.Post, "/reload");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal("CS1061", answer.GetProperty("lastLoad").GetProperty("errors")[0].GetProperty("code").GetString());
        Assert.Equal("good", await gateway.Client.GetStringAsync("/"));

        gateway.Save(Listeners + """Route("/").Content(c => c.Text("better"));""");
        (status, _) = await AskAsync(gateway, HttpMethod.Post, "/reload");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("better", await gateway.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task Reload_WithoutReloading_IsAConflict()
    {
        await using var gateway = await TestGateway.StartAsync(Good, setup => setup with { Reload = false });
        var (status, _) = await AskAsync(gateway, HttpMethod.Post, "/reload");
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Equal(1, gateway.Host.Current!.Number);
    }

    [Fact]
    public async Task Routes_AsWritten_AreToldWithTheirHandlers()
    {
        await using var gateway = await TestGateway.StartAsync(
            Listeners + """
            HeaderFilter(h => { });
            Route("/a/{id}", host: "a.example", methods: "GET,POST").Access("phase.csx").Anonymize(Anonymity.Anonymous).Cache().To("http://127.0.0.1:9");
            """,
            ("phase.csx", "return Next;"));
        var (_, answer) = await AskAsync(gateway, "/routes");
        Assert.Equal("HeaderFilter", Assert.Single(answer.GetProperty("everyRoute").EnumerateArray()).GetProperty("phase").GetString());
        var route = Assert.Single(answer.GetProperty("routes").EnumerateArray());
        Assert.Equal("/a/{id}", route.GetProperty("pattern").GetString());
        Assert.Equal("a.example", route.GetProperty("host").GetString());
        Assert.Equal(["GET", "POST"], route.GetProperty("methods").EnumerateArray().Select(m => m.GetString()));
        Assert.Equal("http://127.0.0.1:9", route.GetProperty("upstream").GetString());
        Assert.Equal("proxy.csx:3", route.GetProperty("source").GetString());
        Assert.Equal("proxy.csx:3", route.GetProperty("cache").GetString());
        var handlers = route.GetProperty("handlers").EnumerateArray().Select(h => $"{h.GetProperty("phase")} {(h.TryGetProperty("file", out var file) ? file : h.GetProperty("source"))}").ToList();
        Assert.Contains("Access phase.csx", handlers);
        Assert.Contains(handlers, h => h.StartsWith("UpstreamRequest plugins/Anonymity/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Upstreams_WhosePeersChange_AreToldAsTheyAre()
    {
        var under = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = await Origin.StartAsync(async context =>
        {
            under.SetResult();
            await go.Task;
            await context.Response.WriteAsync("done");
        });
        await using var gateway = await TestGateway.StartAsync(Listeners + $$"""
            Upstream("u").Peer("{{origin.Address}}", weight: 3, zone: "z").Peer("http://127.0.0.1:9");
            Peer("http://127.0.0.1:9").Down("mended");
            Route("/").To("u");
            Route("/drain").Content(c => { Peer("{{origin.Address}}").Drain(); c.Text("drains"); });
            """);
        var request = gateway.Client.GetStringAsync("/");
        await under.Task;
        await gateway.Client.GetStringAsync("/drain");
        var (_, answer) = await AskAsync(gateway, "/upstreams");
        var upstream = Assert.Single(answer.GetProperty("upstreams").EnumerateArray());
        Assert.Equal("u", upstream.GetProperty("name").GetString());
        var peers = upstream.GetProperty("peers");
        Assert.Equal(1, peers[0].GetProperty("inFlight").GetInt32());
        Assert.Equal(3, peers[0].GetProperty("weight").GetInt32());
        Assert.Equal("z", peers[0].GetProperty("zone").GetString());
        Assert.True(peers[0].GetProperty("draining").GetBoolean());
        Assert.True(peers[0].GetProperty("available").GetBoolean());
        Assert.False(peers[1].GetProperty("available").GetBoolean());
        Assert.Equal("mended", peers[1].GetProperty("down").GetString());
        go.SetResult();
        Assert.Equal("done", await request);
    }
}
