using System.Net;
using ScriptProxy.Core.Plugins;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Tests.Docs;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Plugins;

/// <summary>What a plugin can add to a gateway, and how it is told what it did wrong.</summary>
public sealed class PluginSupplyTests
{
    private const string Hello = "Route(\"/\").Content(c => c.Text(\"hello\"));";

    [Fact]
    public async Task Policy_OfAPlugin_ChoosesByNameInUpstreamAndHandler()
    {
        await using var first = await Origin.StartAsync("first");
        await using var last = await Origin.StartAsync("last");
        var plugin = PluginSource.Plugin(
            "Last",
            "public void Register(PluginBuilder plugin) => plugin.LoadBalancer(\"last\", () => new LastBalancer());",
            "sealed class LastBalancer : ILoadBalancer { public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available) => available[^1]; }");
        await using var gateway = await PluginReloadTests.StartAsync(
            $$"""
            Upstream("by-name", "{{first.Address}}", "{{last.Address}}").Balance("last");
            Upstream("by-handler", "{{first.Address}}", "{{last.Address}}");
            Route("/a").To("by-name");
            Route("/b").Balancer(b => b.Pick("last")).To("by-handler");
            """,
            ("Last", plugin));
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal("last", await gateway.Client.GetStringAsync("/a"));
            Assert.Equal("last", await gateway.Client.GetStringAsync("/b"));
        }

        Assert.Equal(["policy last"], gateway.Host.Plugins.Single(p => !p.IsShipped).Supplies);
        await gateway.RefusedAsync(() => Directory.Delete(gateway.Folder.PluginPath("Last"), recursive: true), "proxy.csx(1,1): error SP1005: there is no load balancing policy 'last'");
    }

    [Fact]
    public async Task Policy_OfTheGatewaysName_IsThePluginsAndTold()
    {
        await using var first = await Origin.StartAsync("first");
        await using var last = await Origin.StartAsync("last");
        var plugin = PluginSource.Plugin(
            "Mine",
            "public void Register(PluginBuilder plugin) => plugin.LoadBalancer(\"round-robin\", () => new LastBalancer());",
            "sealed class LastBalancer : ILoadBalancer { public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available) => available[^1]; }");
        await using var gateway = await PluginReloadTests.StartAsync($"Upstream(\"u\", \"{first.Address}\", \"{last.Address}\");\nRoute(\"/\").To(\"u\");", ("Mine", plugin));

        Assert.Equal("last", await gateway.Client.GetStringAsync("/"));
        Assert.Equal("last", await gateway.Client.GetStringAsync("/"));
        Assert.True(gateway.Log.Has("'round-robin' is plugins/Mine's from now on"));
    }

    [Fact]
    public async Task Policy_NearlyNamed_IsHintedAt()
    {
        var plugin = PluginSource.Plugin("P", "public void Register(PluginBuilder plugin) => plugin.LoadBalancer(\"peak-latency\", () => null!);");
        var error = Assert.Single(await FailAsync("Upstream(\"u\", \"http://127.0.0.1:1\").Balance(\"peek-latency\");\nRoute(\"/\").To(\"u\");", ("P", plugin)));
        Assert.Equal("did you mean \"peak-latency\"?", error.Hint);

        error = Assert.Single(await FailAsync("Upstream(\"u\", \"http://127.0.0.1:1\").Balance(\"peak-latency\");\nRoute(\"/\").To(\"u\");", ("P", plugin)));
        Assert.Equal("proxy.csx(1,1): error SP2005: plugins/P failed to make the policy 'peak-latency': InvalidOperationException: it is null", error.ToString());
    }

    [Fact]
    public async Task Verb_OfAPlugin_IsSeenByCompositionAndPhaseFiles()
    {
        var plugin = PluginSource.Plugin(
            "Greet",
            "public void Register(PluginBuilder plugin) => plugin.Import(\"Greeting.Words\");",
            """
            namespace Greeting
            {
                public static class Verbs
                {
                    public static RouteBuilder Greet(this RouteBuilder route, string name) => route.HeaderFilter(h => { h.Response.Headers["X-Greeting"] = "hello " + name; });
                    public static bool IsFriend(this AccessContext r) => r.Request.Query["who"] == "friend";
                }

                public static class Words { public static string Welcome => "welcome"; }
            }
            """);
        await using var gateway = await TestGateway.StartAsync(
            "Route(\"/\").Access(\"door.csx\").Greet(\"you\").Content(c => c.Text(Welcome));",
            TimeProvider.System,
            folder => folder.Drop("Greet", plugin),
            ("door.csx", "if (!Request.Query[\"who\"].Contains(\"friend\")) return Respond(403, Words.Welcome);"));

        using var answer = await gateway.Client.GetAsync("/?who=friend");
        Assert.Equal("welcome", await answer.Content.ReadAsStringAsync());
        Assert.Equal("hello you", answer.Headers.GetValues("X-Greeting").Single());
        using var refused = await gateway.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task Handlers_OfPlugins_RunBeforeTheScripts()
    {
        var plugin = PluginSource.Plugin("Order", """
            public void Register(PluginBuilder plugin)
            {
                plugin.Access(r => { r.Request.Headers.Append("X-Order", "plugin"); });
                Gateway.Route("/from-plugin").Content(c => c.Text(Gateway.Settings["Who"] ?? "nobody"));
            }
            """);
        await using var gateway = await TestGateway.StartAsync(
            "Access(r => { r.Request.Headers.Append(\"X-Order\", \"script\"); });\nRoute(\"/\").Content(c => c.Text(c.Request.Headers[\"X-Order\"].ToString()));",
            TimeProvider.System,
            folder => folder.Drop("Order", plugin),
            ("appsettings.json", """{ "Who": "somebody" }"""));

        Assert.Equal("plugin,script", await gateway.Client.GetStringAsync("/"));
        Assert.Equal("somebody", await gateway.Client.GetStringAsync("/from-plugin"));
    }

    [Theory]
    [InlineData("""{ "Plugins": { "Opt": { "Rate": 7, "level": "high", "Names": ["a", "b"], "Limits": { "x": 1.5 }, "Nested": { "Wait": "00:00:05" } } } }""", null)]
    [InlineData("""{ "Plugins": { "Opt": { "Rate": 70 } } }""", "plugins/Opt: error SP2004: Plugins:Opt:Rate: The field Rate must be between 1 and 10.")]
    [InlineData("""{ "Plugins": { "Opt": { "Rat": 7 } } }""", "plugins/Opt: error SP2004: Plugins:Opt:Rat: there is no such option; there are: Rate, Level, Names, Limits, Nested")]
    [InlineData("""{ "Plugins": { "Opt": { "Rate": 5 } } }""", "plugins/Opt: error SP2004: Plugins:Opt: five is right out")]
    [InlineData("""{ "Plugins": { "Opt": { "Level": "Sideways" } } }""", "plugins/Opt: error SP2004: Plugins:Opt:Level: 'Sideways' is no Low, High")]
    [InlineData("""{ "Plugins": { "Opt": { "Nested": { "Wait": "soon", "Wiat": "" } } } }""", "Plugins:Opt:Nested:Wait: 'soon' is no TimeSpan; Plugins:Opt:Nested:Wiat: there is no such option; there are: Wait")]
    public async Task Options_AreBoundAndValidated(string settings, string? problem)
    {
        var plugin = PluginSource.Plugin(
            "Opt",
            """
            public void Register(PluginBuilder plugin)
            {
                var options = plugin.Options<Options>(o => o.Rate == 5 ? "five is right out" : null);
                plugin.HeaderFilter(h => { h.Response.Headers["X-Options"] = $"{options.Rate} {options.Level} {string.Join('+', options.Names)} {options.Limits["x"]} {options.Nested.Wait!.Value.TotalSeconds}"; });
            }
            """,
            "public enum Level { Low, High } public sealed class Options { [System.ComponentModel.DataAnnotations.Range(1, 10)] public int Rate { get; set; } = 1; public Level Level { get; set; } public string[] Names { get; set; } = []; public IReadOnlyDictionary<string, double> Limits { get; set; } = new Dictionary<string, double>(); public Nested Nested { get; set; } = new(); } public sealed class Nested { public TimeSpan? Wait { get; set; } = TimeSpan.Zero; }");
        if (problem is not null)
        {
            Assert.Contains(problem, Assert.Single(await FailAsync(Hello, folder => folder.Write("appsettings.json", settings), ("Opt", plugin))).ToString(), StringComparison.Ordinal);
            return;
        }

        await using var gateway = await TestGateway.StartAsync(Hello, TimeProvider.System, folder => folder.Drop("Opt", plugin), ("appsettings.json", settings));
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal("7 High a+b 1.5 5", answer.Headers.GetValues("X-Options").Single());
    }

    [Fact]
    public async Task Plugins_OfAGateway_AreListedWithTheirState()
    {
        await using var gateway = await TestGateway.StartAsync(Hello, TimeProvider.System, folder =>
        {
            folder.Drop("A", PluginSource.Plugin("A", "public void Register(PluginBuilder plugin) => plugin.Every(TimeSpan.FromHours(1), t => { }).Log(l => { });", version: "1.2.3-beta+abc"));
            Directory.CreateDirectory(folder.PluginPath("Empty"));
        });
        var plugins = gateway.Host.Plugins.Where(p => !p.IsShipped).ToList();
        Assert.Equal([("A", "1.2.3-beta", PluginState.Running, 1), ("Empty", null, PluginState.Incomplete, 1)], plugins.Select(p => (p.Name, p.Version, p.State, p.Generation)));
        Assert.Equal(["Every", "Log"], plugins[0].Supplies);

        await gateway.RefusedAsync(() => gateway.Folder.Drop("B", PluginSource.Compile("B", "class Nothing;", typeof(Gateway).Assembly)), "plugins/B: error SP2001: B.dll does not refer to ScriptProxy.Abstractions");
        Assert.Equal(PluginState.Refused, gateway.Host.Plugins.Single(p => p.Name == "B").State);
    }

    [Fact]
    public async Task Sample_OfTheDocumentation_IsAPlugin()
    {
        var sample = Fence.Of("docs/plugins.md").Single(f => f.Language == "cs");
        await using var origin = await Origin.StartAsync("origin");
        await using var gateway = await TestGateway.StartAsync(
            $"Upstream(\"u\", \"{origin.Address}\").Balance(\"last\");\nRoute(\"/\").To(\"u\");\nRoute(\"/hi\").Greet(\"you\");",
            TimeProvider.System,
            folder => folder.Drop("Greeting", PluginSource.Compile("Greeting", sample.Text, typeof(ScriptProxy.Plugins.IGatewayPlugin).Assembly)),
            ("appsettings.json", Fence.Of("docs/plugins.md").Single(f => f.Language == "json").Text));
        Assert.Equal("hello you\n", await gateway.Client.GetStringAsync("/hi"));
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal("good evening", answer.Headers.GetValues("X-Greeting").Single());
        Assert.Equal(["Every", "HeaderFilter", "admin GET /text", "policy last", "using Greeting"], gateway.Host.Plugins.Single(p => !p.IsShipped).Supplies);
    }

    internal static Task<IReadOnlyList<ScriptDiagnostic>> FailAsync(string proxy, params (string Name, byte[] Image)[] plugins) => FailAsync(proxy, _ => { }, plugins);

    internal static async Task<IReadOnlyList<ScriptDiagnostic>> FailAsync(string proxy, Action<TestFolder> prepare, params (string Name, byte[] Image)[] plugins)
    {
        var error = await Assert.ThrowsAsync<ScriptException>(async () =>
        {
            await using var gateway = await TestGateway.StartAsync(proxy, TimeProvider.System, folder =>
            {
                prepare(folder);
                foreach (var (name, image) in plugins)
                {
                    folder.Drop(name, image);
                }
            });
        });
        return error.Diagnostics;
    }
}
