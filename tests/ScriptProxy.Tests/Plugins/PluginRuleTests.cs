using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ScriptProxy.Plugins;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Plugins;

/// <summary>What is refused, and how that is told.</summary>
public sealed class PluginRuleTests
{
    private const string Hello = "Route(\"/\").Content(c => c.Text(\"hello\"));";

    private static readonly Version Provided = typeof(IGatewayPlugin).Assembly.GetName().Version!;

    [Theory]
    [InlineData(9, "take a newer gateway, or build the plugin against this one's version")]
    [InlineData(0, null)]
    public async Task Version_OfAnotherAbstractions_IsRefusedWithBoth(int major, string? hint)
    {
        var built = new Version(major, major == 0 ? 0 : 4, major == 0 ? 9 : 0, 0);
        var abstractions = Abstractions(built, "");
        var plugin = PluginSource.Compile("Other", "public sealed class Entry : ScriptProxy.Plugins.IGatewayPlugin { public void Register(ScriptProxy.Plugins.PluginBuilder plugin) { } }", libraries: abstractions);
        if (hint is null)
        {
            // Older, of the same major version, and it uses nothing that is gone.
            await using var gateway = await PluginReloadTests.StartAsync(Hello, ("Other", plugin));
            Assert.Single(gateway.Host.Plugins, p => !p.IsShipped);
            return;
        }

        var error = Assert.Single(await PluginSupplyTests.FailAsync(Hello, ("Other", plugin)));
        Assert.Equal($"plugins/Other: error SP2002: it was built against ScriptProxy.Abstractions {built.ToString(3)}, and this gateway has {Provided.ToString(3)}", error.ToString());
        Assert.Equal(hint, error.Hint);
    }

    [Fact]
    public async Task Member_ThatIsGone_IsRefusedByName()
    {
        var abstractions = Abstractions(new Version(Provided.Major, 0, 1, 0), "public void Forgotten() { }");
        var plugin = PluginSource.Compile("Old", "public sealed class Entry : ScriptProxy.Plugins.IGatewayPlugin { public void Register(ScriptProxy.Plugins.PluginBuilder plugin) => plugin.Forgotten(); }", libraries: abstractions);
        var error = Assert.Single(await PluginSupplyTests.FailAsync(Hello, ("Old", plugin)));
        Assert.Equal(
            $"plugins/Old: error SP2002: it was built against ScriptProxy.Abstractions {Provided.Major}.0.1, and this gateway has {Provided.ToString(3)}, where this is missing: ScriptProxy.Plugins.PluginBuilder.Forgotten",
            error.ToString());
    }

    [Fact]
    public async Task Library_InTwoVersions_IsEachPluginsOwn()
    {
        await using var gateway = await TestGateway.StartAsync(Hello, TimeProvider.System, folder =>
        {
            foreach (var (name, version) in new[] { ("One", "1.0.0.0"), ("Two", "2.0.0.0") })
            {
                var library = PluginSource.Compile("Shared.Words", $"[assembly: System.Reflection.AssemblyVersion(\"{version}\")] public static class Words {{ public static string Version => typeof(Words).Assembly.GetName().Version!.ToString(); }}");
                var plugin = PluginSource.Plugin(name, $"public void Register(PluginBuilder plugin) => plugin.HeaderFilter(h => {{ h.Response.Headers[\"X-{name}\"] = Words.Version; }});", libraries: library);
                folder.Drop(name, plugin, ("Shared.Words.dll", library));
            }
        });
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal("1.0.0.0", answer.Headers.GetValues("X-One").Single());
        Assert.Equal("2.0.0.0", answer.Headers.GetValues("X-Two").Single());
    }

    [Fact]
    public async Task Library_OfTheHost_IsNotToBeHad()
    {
        var core = File.ReadAllBytes(typeof(Core.Guarding.Guard).Assembly.Location);
        var plugin = PluginSource.Plugin("Nosy", "public void Register(PluginBuilder plugin) => ScriptProxy.Core.Guarding.Guard.Yields();", libraries: core);
        var error = Assert.Single(await PluginSupplyTests.FailAsync(Hello, ("Nosy", plugin)));
        Assert.StartsWith("plugins/Nosy: error SP2001: Nosy.dll needs ScriptProxy.Core", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DepsJson_ThatListsWhatIsMissing_IsRefused()
    {
        var error = Assert.Single(await PluginSupplyTests.FailAsync(
            Hello,
            folder => folder.Write("plugins/Deps/Deps.deps.json", """{ "runtimeTarget": { "name": ".NETCoreApp,Version=v10.0" }, "targets": { ".NETCoreApp,Version=v10.0": { "Deps/1.0.0": { "runtime": { "Deps.dll": {} } }, "Some.Library/1.0.0": { "runtime": { "lib/net8.0/Some.Library.dll": {} } } } } }"""),
            ("Deps", PluginSource.Marking("Deps", "1"))));
        Assert.Equal("plugins/Deps: error SP2001: Some.Library.dll: not in the folder, though Deps.deps.json lists it", error.ToString());
    }

    [Fact]
    public async Task DepsJson_ThatListsANativeLibrary_WantsThatOfThisMachineOnly()
    {
        string Deps(string rid) => $$$"""
            { "runtimeTarget": { "name": ".NETCoreApp,Version=v10.0" },
              "targets": { ".NETCoreApp,Version=v10.0": { "Deps/1.0.0": { "runtime": { "Deps.dll": {} } }, "N/1.0.0": { "runtimeTargets": { "runtimes/{{{rid}}}/native/libn.so": { "rid": "{{{rid}}}", "assetType": "native" } } } } },
              "libraries": { "Deps/1.0.0": { "type": "project", "sha512": "", "serviceable": false }, "N/1.0.0": { "type": "package", "sha512": "", "serviceable": true } } }
            """;
        var here = RuntimeInformation.RuntimeIdentifier;
        await using var gateway = await PluginReloadTests.StartAsync(Hello, ("Deps", PluginSource.Marking("Deps", "1")));
        await gateway.RefusedAsync(() => gateway.Folder.Write("plugins/Deps/Deps.deps.json", Deps(here)), "plugins/Deps: error SP2001: libn.so: not in the folder, though Deps.deps.json lists it");
        await gateway.ReloadAsync(() => gateway.Folder.Write($"plugins/Deps/runtimes/{here}/native/libn.so", "n"));
        await gateway.ReloadAsync(() => gateway.Folder.Write("plugins/Deps/Deps.deps.json", Deps("another-machine")));
    }

    /// <summary>The runtime's own reader of the file does not look whether something is there: it ended the process.</summary>
    [Theory]
    [InlineData("""{ "targets": { "t": { "Deps/1.0.0": { "runtime": { "Deps.dll": {} } } } }, "libraries": {} }""", "'runtimeTarget' is missing")]
    [InlineData("""{ "runtimeTarget": { "name": null }, "targets": { "t": { "Deps/1.0.0": { "runtime": { "Deps.dll": {} } } } }, "libraries": {} }""", "a text is null")]
    [InlineData("""{ "runtimeTarget": { "name": "t" }, "targets": { "t": { "Deps/1.0.0": { "runtime": { "Deps.dll": {} } } } }, "libraries": { "Deps/1.0.0": { "serviceable": false } } }""", "'type' is missing")]
    [InlineData("""{ "runtimeTarget": { "name": "t" }, "targets": { "t": { "Deps/1.0.0": { "runtime": { "Deps.dll": {} } } } }, "libraries": { "Deps/1.0.0": { "type": "project", "serviceable": false } } }""", "'sha512' is missing")]
    [InlineData("""{ "runtimeTarget": { "name": "t" }, "targets": { "t": { "Deps/1.0.0": { "runtimeTargets": { "x": { "rid": "y" } } } } }, "libraries": {} }""", "'assetType' is missing")]
    [InlineData("""{ "runtimeTarget": """, "")]
    public async Task DepsJson_ThatIsDamaged_IsRefused(string list, string why)
    {
        var error = Assert.Single(await PluginSupplyTests.FailAsync(Hello, folder => folder.Write("plugins/Deps/Deps.deps.json", list), ("Deps", PluginSource.Marking("Deps", "1"))));
        Assert.StartsWith($"plugins/Deps: error SP2001: Deps.deps.json is damaged: {why}", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Library_OfAnOlderVersion_IsRefusedWithBoth()
    {
        byte[] Words(string version) => PluginSource.Compile("Words", $"[assembly: System.Reflection.AssemblyVersion(\"{version}\")] public static class Words {{ public static string Hello() => \"hello\"; }}");
        var plugin = PluginSource.Plugin("Old", "public void Register(PluginBuilder plugin) => Words.Hello();", libraries: Words("2.0.0.0"));
        var error = Assert.Single(await PluginSupplyTests.FailAsync(Hello, folder => folder.Drop("Old", plugin, ("Words.dll", Words("1.0.0.0")))));
        Assert.Equal("plugins/Old: error SP2001: Old.dll needs Words 2.0.0.0, and the one in the folder is 1.0.0.0", error.ToString());
    }

    [Theory]
    [InlineData("public sealed class A : IGatewayPlugin { public void Register(PluginBuilder p) { } } public sealed class B : IGatewayPlugin { public void Register(PluginBuilder p) { } }", "one class implements IGatewayPlugin, not 2: A, B")]
    [InlineData("public sealed class A(int n) : IGatewayPlugin { public int N => n; public void Register(PluginBuilder p) { } }", "A has no public constructor without parameters")]
    [InlineData("sealed class A : IGatewayPlugin { public void Register(PluginBuilder p) { } }", "no public class of Odd.dll implements IGatewayPlugin")]
    public async Task EntryClass_OtherThanOne_IsRefused(string classes, string why)
    {
        var plugin = PluginSource.Compile("Odd", "using ScriptProxy.Plugins; " + classes, typeof(IGatewayPlugin).Assembly);
        Assert.Equal($"plugins/Odd: error SP2001: {why}", Assert.Single(await PluginSupplyTests.FailAsync(Hello, ("Odd", plugin))).ToString());
    }

    [Theory]
    [InlineData("plugin.Import(\"Nowhere\");", "SP2001: Import(\"Nowhere\"): Bad.dll has no public type of that name, nor in a namespace of that name")]
    [InlineData("plugin.Every(TimeSpan.Zero, t => { });", "SP2005: Register failed: ArgumentOutOfRangeException")]
    [InlineData("plugin.LoadBalancer(\"x\", null!);", "SP2005: Register failed: ArgumentNullException")]
    public async Task Register_ThatAsksForNonsense_IsRefused(string statement, string why)
    {
        var plugin = PluginSource.Plugin("Bad", $"public void Register(PluginBuilder plugin) {{ {statement} }}");
        Assert.StartsWith($"plugins/Bad: error {why}", Assert.Single(await PluginSupplyTests.FailAsync(Hello, ("Bad", plugin))).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policy_SuppliedTwice_IsRefused()
    {
        byte[] Supplying(string name) => PluginSource.Plugin(name, "public void Register(PluginBuilder plugin) => plugin.LoadBalancer(\"x\", () => null!);");
        var error = Assert.Single(await PluginSupplyTests.FailAsync(Hello, ("A", Supplying("A")), ("B", Supplying("B"))));
        Assert.Equal("plugins/B: error SP2004: the load balancing policy 'x' is supplied by plugins/A already", error.ToString());
    }

    [Fact]
    public async Task Lock_ThatListsOtherContent_RefusesUntilItMatches()
    {
        var plugin = PluginSource.Marking("Mark", "1");
        var line = $"{Convert.ToHexStringLower(SHA256.HashData(plugin))}  plugins/Mark/Mark.dll\n";
        await using var gateway = await TestGateway.StartAsync(Hello, TimeProvider.System, folder => folder.Drop("Mark", plugin), ("plugins.lock", line));

        var next = PluginSource.Marking("Mark", "2");
        await gateway.RefusedAsync(() => gateway.Folder.Drop("Mark", next), "plugins/Mark: error SP2003: it is not what plugins.lock says: Mark.dll has another SHA-256");
        await gateway.ReloadAsync(() => gateway.Folder.Write("plugins.lock", $"# checked\n{Convert.ToHexStringLower(SHA256.HashData(next))} *./plugins/Mark/Mark.dll\n"));
        await gateway.RefusedAsync(() => gateway.Folder.Write("plugins/Mark/more.txt", "more"), "more.txt is not listed");
        await gateway.ReloadAsync(() => File.Delete(gateway.Folder.PluginPath("Mark", "more.txt")));
        await gateway.RefusedAsync(() => File.AppendAllText(gateway.Folder.PathOf("plugins.lock"), $"{new string('0', 64)}  plugins/Mark/lost.txt\n"), "it is not what plugins.lock says: lost.txt is missing");
        await gateway.RefusedAsync(() => gateway.Folder.Write("plugins.lock", "nonsense\n"), "plugins.lock(1,1): error SP2003: a line is a SHA-256 and a path");
    }

    /// <summary>A stand-in for another version of what plugins are built against.</summary>
    private static byte[] Abstractions(Version version, string member) => PluginSource.Compile(
        "ScriptProxy.Abstractions",
        $$"""
        [assembly: System.Reflection.AssemblyVersion("{{version}}")]
        namespace ScriptProxy.Plugins
        {
            public interface IGatewayPlugin { void Register(PluginBuilder plugin); }
            public sealed class PluginBuilder { {{member}} }
        }
        """);
}
