using ScriptProxy.Core.Plugins;
using ScriptProxy.LoadBalancing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Plugins;

/// <summary>Plugins that come with the program, of which LoadBalancing is one.</summary>
public sealed class ShippedPluginTests
{
    private const string Hello = "Route(\"/\").Content(c => c.Text(\"hello\"));";

    public static TheoryData<string> Names => [.. Policies.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Policy_ByName_ChoosesForUpstreamsHandlersAndTags(string policy)
    {
        await using var a = await Origin.StartAsync("a");
        await using var b = await Origin.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("named", "{{a.Address}}", "{{b.Address}}").Balance("{{policy}}");
            Upstream("tagged", "{{a.Address}}").Peer("{{b.Address}}", tags: ["canary"]);
            Route("/named/{**path}").To("named");
            Route("/picked/{**path}").Balancer(b => b.Pick("{{policy}}")).To("tagged");
            Route("/canary/{**path}").Balancer(b => b.Tagged("canary").Pick("{{policy}}")).To("tagged");
            """);
        for (var i = 0; i < 4; i++)
        {
            Assert.Contains(await gateway.Client.GetStringAsync($"/named/{i}"), ["a", "b"], StringComparer.Ordinal);
            Assert.Contains(await gateway.Client.GetStringAsync($"/picked/{i}"), ["a", "b"], StringComparer.Ordinal);
            Assert.Equal("b", await gateway.Client.GetStringAsync($"/canary/{i}"));
        }
    }

    [Fact]
    public async Task LoadBalancing_IsListedAndNotTrackedForUnloading()
    {
        await using var gateway = await TestGateway.StartAsync(Hello);
        var plugin = gateway.Host.Plugins.Single(p => p.Name == "LoadBalancing");
        Assert.True(plugin.IsShipped);
        Assert.Equal(PluginState.Running, plugin.State);
        Assert.Equal(Policies.All.Keys.Select(n => $"policy {n}").Order(StringComparer.Ordinal), plugin.Supplies.Where(s => s.StartsWith("policy", StringComparison.Ordinal)));

        await gateway.SaveAsync(Hello + "// again");
        await TestGateway.WaitAsync(() => gateway.Host.Alive == 1, "the first generation is gone, the plugin's code is not its own");
        Assert.False(gateway.Log.Has("from now on, not the gateway's own"));
    }

    [Fact]
    public async Task Gateway_WithoutAny_BalancesInTurnAndKnowsNoOtherName()
    {
        await using var a = await Origin.StartAsync("a");
        await using var b = await Origin.StartAsync("b");
        var proxy = $"Upstream(\"u\", \"{a.Address}\", \"{b.Address}\");\nRoute(\"/\").To(\"u\");";
        await using var gateway = await TestGateway.StartAsync(proxy, s => s with { ShippedPlugins = null });
        Assert.Empty(gateway.Host.Plugins);
        Assert.NotEqual(await gateway.Client.GetStringAsync("/"), await gateway.Client.GetStringAsync("/"));

        var told = await gateway.SaveBrokenAsync(proxy.Replace("\");\nRoute", "\").Balance(\"least-time\");\nRoute", StringComparison.Ordinal));
        Assert.Contains("proxy.csx(1,1): error SP1005: there is no load balancing policy 'least-time'", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folder_OfTheSameName_TakesItsPlaceAndGivesItBack()
    {
        await using var a = await Origin.StartAsync("a");
        await using var b = await Origin.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync($"Upstream(\"u\", \"{a.Address}\", \"{b.Address}\").Balance(\"first\");\nRoute(\"/\").To(\"u\");");
        Assert.Equal("a", await gateway.Client.GetStringAsync("/"));

        await gateway.ReloadAsync(() => gateway.Folder.Drop("LoadBalancing", Last("LoadBalancing", "first")));
        Assert.Equal("b", await gateway.Client.GetStringAsync("/"));
        Assert.False(gateway.Host.Plugins.Single(p => p.Name == "LoadBalancing").IsShipped);

        await gateway.ReloadAsync(() => Directory.Delete(gateway.Folder.PluginPath("LoadBalancing"), recursive: true));
        Assert.Equal("a", await gateway.Client.GetStringAsync("/"));
        Assert.True(gateway.Host.Plugins.Single(p => p.Name == "LoadBalancing").IsShipped);
    }

    [Fact]
    public async Task LoadBalancing_ItselfInTheFolder_IsSwappedAndUnloaded()
    {
        await using var a = await Origin.StartAsync("a");
        await using var b = await Origin.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(
            $"Upstream(\"u\", \"{a.Address}\", \"{b.Address}\").Sticky(\"peer\", \"a secret of the tests\", otherwise: \"least-time\");\nRoute(\"/\").To(\"u\");", TimeProvider.System, folder =>
            folder.Drop("LoadBalancing", File.ReadAllBytes(typeof(Policies).Assembly.Location)));
        Assert.False(gateway.Host.Plugins.Single(p => p.Name == "LoadBalancing").IsShipped);
        await gateway.Client.GetStringAsync("/");

        await gateway.ReloadAsync(() => File.SetLastWriteTimeUtc(gateway.Folder.PluginPath("LoadBalancing", "LoadBalancing.dll"), new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc)));
        await gateway.Client.GetStringAsync("/");
        await TestGateway.WaitAsync(() => gateway.Host.Alive == 1, "the first generation's plugin is unloaded");
    }

    [Fact]
    public async Task Policy_OfAnotherPlugin_StandsBeforeTheOneOfTheSameName()
    {
        await using var a = await Origin.StartAsync("a");
        await using var b = await Origin.StartAsync("b");
        await using var gateway = await PluginReloadTests.StartAsync($"Upstream(\"u\", \"{a.Address}\", \"{b.Address}\").Balance(\"first\");\nRoute(\"/\").To(\"u\");", ("Mine", Last("Mine", "first")));
        Assert.Equal("b", await gateway.Client.GetStringAsync("/"));
        Assert.True(gateway.Log.Has("'first' is plugins/Mine's from now on"));
    }

    [Fact]
    public async Task Folder_WithAProjectOnly_IsSourceAndNoError()
    {
        await using var gateway = await TestGateway.StartAsync(
            Hello, ("plugins/LoadBalancing/LoadBalancing.csproj", "<Project />"), ("plugins/Mine/Mine.csproj", "<Project />"), ("plugins/Notes/read.me", "notes"));
        Assert.Equal(
            [("Anonymity", PluginState.Running), ("Caching", PluginState.Running), ("LoadBalancing", PluginState.Running), ("Mine", PluginState.Source), ("Notes", PluginState.Incomplete)],
            gateway.Host.Plugins.Select(p => (p.Name, p.State)));
    }

    [Fact]
    public async Task Lock_SaysNothingOfThem()
    {
        await using var gateway = await TestGateway.StartAsync(Hello, ("plugins.lock", "# none\n"));
        Assert.Equal(["Anonymity", "Caching", "LoadBalancing"], gateway.Host.Plugins.Select(p => p.Name));
    }

    private static byte[] Last(string name, string policy) => PluginSource.Plugin(
        name,
        $"public void Register(PluginBuilder plugin) => plugin.LoadBalancer(\"{policy}\", () => new LastBalancer());",
        "sealed class LastBalancer : ILoadBalancer { public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available) => available[^1]; }");
}
