using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Plugins;

/// <summary>A plugin with a library that is known to leave its types in caches of the framework.</summary>
public sealed class NewtonsoftTests
{
    [Theory]
    [InlineData("12")]
    [InlineData("13")]
    public async Task Unload_AfterJsonOfThePluginsOwnLibrary_FreesTheCode(string version)
    {
        await using var gateway = await TestGateway.StartAsync("Route(\"/\").Content(c => c.Text(\"hello\"));", TimeProvider.System, folder => Drop(folder, "Json", version, 1));
        using (var answer = await gateway.Client.GetAsync("/"))
        {
            Assert.Equal($"{version}.0.0.0 {{\"Number\":1,\"When\":\"00:00:01\",\"Inner\":{{\"a\":\"High\"}}}}", answer.Headers.GetValues("X-Json").Single());
        }

        await gateway.ReloadAsync(() => Directory.Delete(gateway.Folder.PluginPath("Json"), recursive: true));
        Assert.Equal("hello", await gateway.Client.GetStringAsync("/"));
        await TestGateway.WaitAsync(() => gateway.Host.Alive == 1, $"the code is gone, {gateway.Host.Alive} generations are alive");
    }

    internal static void Drop(TestFolder folder, string name, string version, int number)
    {
        var library = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "libraries", version, "Newtonsoft.Json.dll"));
        folder.Drop(
            name,
            PluginSource.Plugin(
                name,
                $$"""
                public void Register(PluginBuilder plugin) => plugin.HeaderFilter(h =>
                {
                    var text = Newtonsoft.Json.JsonConvert.SerializeObject(new Thing());
                    var back = Newtonsoft.Json.JsonConvert.DeserializeObject<Thing>(text)!;
                    h.Response.Headers["X-{{name}}"] = typeof(Newtonsoft.Json.JsonConvert).Assembly.GetName().Version + " " + Newtonsoft.Json.JsonConvert.SerializeObject(back);
                });
                """,
                $$"""
                public enum Level { Low, High }
                [System.ComponentModel.TypeConverter(typeof(OddConverter))] public sealed class Odd { }
                public sealed class OddConverter : System.ComponentModel.TypeConverter { }
                public sealed class Thing
                {
                    public int Number { get; set; } = {{number}};
                    public TimeSpan When { get; set; } = TimeSpan.FromSeconds(1);
                    [Newtonsoft.Json.JsonProperty(ItemConverterType = typeof(Newtonsoft.Json.Converters.StringEnumConverter))] public Dictionary<string, Level> Inner { get; set; } = new() { ["a"] = Level.High };
                    [Newtonsoft.Json.JsonProperty(NullValueHandling = Newtonsoft.Json.NullValueHandling.Ignore)] public Odd? Odd { get; set; }
                }
                """,
                libraries: library),
            ("Newtonsoft.Json.dll", library));
    }
}
