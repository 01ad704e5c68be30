using ScriptProxy.Testing;

namespace MyPlugin.Tests;

/// <summary>The plugin in a gateway in memory.</summary>
public sealed class MyPluginTests
{
    private static readonly TestOptions WithPlugin = new() { Plugins = [TestPlugin.Of<MyPluginPlugin>()] };

    [Fact]
    public async Task Greet_OnARoute_Answers()
    {
        await using var gateway = await TestGateway.LoadText("""Route("/hi").Greet("you");""", options: WithPlugin);
        Assert.Equal("hello you\n", (await gateway.Get("/hi")).Text);
    }

    [Fact]
    public async Task Answers_OfEveryRoute_BearTheMark()
    {
        var options = WithPlugin with { Settings = new Dictionary<string, string?> { ["Plugins:MyPlugin:Mark"] = "7" } };
        await using var gateway = await TestGateway.LoadText("""Route("/").To("http://app:5000");""", r => "from the app", options);
        var answer = await gateway.Get("/");
        Assert.Equal(("from the app", "7"), (answer.Text, answer.Headers["X-MyPlugin"]));
    }

    [Fact]
    public async Task Mark_Empty_FailsTheLoad()
    {
        var options = WithPlugin with { Settings = new Dictionary<string, string?> { ["Plugins:MyPlugin:Mark"] = "" } };
        var error = await Assert.ThrowsAsync<LoadFailedException>(() => TestGateway.LoadText("""Route("/").Greet("you");""", options: options));
        Assert.Contains("plugins/MyPlugin", error.Message, StringComparison.Ordinal);
    }
}
