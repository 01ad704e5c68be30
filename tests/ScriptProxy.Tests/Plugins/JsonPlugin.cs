namespace ScriptProxy.Tests.Plugins;

/// <summary>A plugin that sends a header X-NAME, made by a Newtonsoft.Json of its own from types of its own.</summary>
internal static class JsonPlugin
{
    internal static byte[] Library(string version) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "libraries", version, "Newtonsoft.Json.dll"));

    internal static string Header(string version, int number) => $"{version}.0.0.0 {{\"Number\":{number},\"When\":\"00:00:01\",\"Inner\":{{\"a\":\"High\"}}}}";

    /// <param name="name">The plugin's.</param>
    /// <param name="version">Of the library: 12 or 13.</param>
    /// <param name="number">Part of the header.</param>
    internal static byte[] Compile(string name, string version, int number) => PluginSource.Plugin(
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
        libraries: Library(version));
}
