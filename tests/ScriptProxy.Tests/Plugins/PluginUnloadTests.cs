using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Plugins;

/// <summary>What plugins usually do leaves nothing of them in memory.</summary>
public sealed class PluginUnloadTests
{
    [Theory]
    [InlineData("nothing", "", "")]
    [InlineData("handler", "plugin.HeaderFilter(h => { h.Response.Headers[\"X-A\"] = \"a\"; });", "")]
    [InlineData("timer", "plugin.Every(TimeSpan.FromMilliseconds(5), async t => { await Task.Yield(); });", "")]
    [InlineData("policy", "plugin.LoadBalancer(\"mine\", () => new Mine());", "sealed class Mine : ILoadBalancer { public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available) => available[0]; }")]
    [InlineData("plain options", "_ = plugin.Options<Options>();", "public sealed class Options { public int Number { get; set; } public string Level { get; set; } = \"\"; }")]
    [InlineData("options with an enum", "_ = plugin.Options<Options>();", "public enum Level { Low, High } public sealed class Options { public Level Level { get; set; } }")]
    [InlineData("options with rules", "_ = plugin.Options<Options>();", "public sealed class Options { [System.ComponentModel.DataAnnotations.Range(0, 5)] public int Number { get; set; } = 3; public string? Level { get; set; } [System.ComponentModel.DataAnnotations.Required] public string Text { get; set; } = \"x\"; }")]
    [InlineData("JSON", "plugin.HeaderFilter(h => { h.Response.Headers[\"X-A\"] = System.Text.Json.JsonSerializer.Serialize(new Answer(1)); });", "public sealed record Answer(int Number);")]
    [InlineData("task", "var own = new CancellationTokenSource(); plugin.Stopping.Register(own.Cancel); _ = Task.Delay(Timeout.Infinite, own.Token);", "")]
    [InlineData("meter", "var meter = new System.Diagnostics.Metrics.Meter(\"mine\"); var c = meter.CreateCounter<int>(\"c\"); plugin.Log(l => { c.Add(1); }); plugin.Stopping.Register(meter.Dispose);", "")]
    [InlineData("shared", "plugin.Log(l => { Gateway.Shared(\"s\").Set(\"k\", 1); });", "")]
    [InlineData("state of requests", "plugin.Access(r => { r[State.Key] = new State(); });", "public sealed class State { public static readonly ExchangeKey<State> Key = new(\"state\"); }")]
    public async Task Unload_AfterUse_FreesTheCode(string use, string register, string types)
    {
        var plugin = PluginSource.Plugin("Use", $$"""public void Register(PluginBuilder plugin) { {{register}} }""", types);
        await using var gateway = await TestGateway.StartAsync(
            "Route(\"/\").Content(c => c.Text(\"hello\"));", TimeProvider.System, folder => folder.Drop("Use", plugin), ("appsettings.json", """{ "Plugins": { "Use": { "Level": "High" } } }"""));
        Assert.Equal("hello", await gateway.Client.GetStringAsync("/"));

        await gateway.ReloadAsync(() => Directory.Delete(gateway.Folder.PluginPath("Use"), recursive: true));
        Assert.Equal("hello", await gateway.Client.GetStringAsync("/"));

        await TestGateway.WaitAsync(() => gateway.Host.Alive == 1, $"the code of {use} is gone, {gateway.Host.Alive} generations are alive");
    }
}
