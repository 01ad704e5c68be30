using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Plugins;

/// <summary>What happens to a running gateway when its plugins' files change.</summary>
public sealed class PluginReloadTests
{
    private const string Hello = "Route(\"/\").Content(c => c.Text(\"hello\"));";

    [Fact]
    public async Task Folder_ThatIsDropped_IsLiveAndThenGone()
    {
        await using var gateway = await TestGateway.StartAsync(Hello);
        Assert.Null(await MarkAsync(gateway));

        await gateway.ReloadAsync(() => gateway.Folder.Drop("Mark", PluginSource.Marking("Mark", "1")));
        Assert.Equal("1", await MarkAsync(gateway));

        await gateway.ReloadAsync(() => Directory.Delete(gateway.Folder.PluginPath("Mark"), recursive: true));
        Assert.Null(await MarkAsync(gateway));
    }

    [Fact]
    public async Task Dll_WrittenInPlaceThenRenamedInto_IsLiveEachTime()
    {
        await using var gateway = await StartAsync(Hello, ("Mark", PluginSource.Marking("Mark", "1")));
        Assert.Equal("1", await MarkAsync(gateway));

        await gateway.ReloadAsync(() => gateway.Folder.Drop("Mark", PluginSource.Marking("Mark", "2")));
        Assert.Equal("2", await MarkAsync(gateway));

        await gateway.ReloadAsync(() =>
        {
            var aside = gateway.Folder.PluginPath("Mark", ".Mark.dll.new");
            File.WriteAllBytes(aside, PluginSource.Marking("Mark", "3"));
            File.Move(aside, gateway.Folder.PluginPath("Mark", "Mark.dll"), overwrite: true);
        });
        Assert.Equal("3", await MarkAsync(gateway));
    }

    [Fact]
    public async Task Folder_RenamedInto_IsLive()
    {
        await using var gateway = await StartAsync(Hello, ("Mark", PluginSource.Marking("Mark", "1")));
        gateway.Folder.Drop(".Mark.new", PluginSource.Marking("Mark", "2"));
        File.Move(gateway.Folder.PluginPath(".Mark.new", ".Mark.new.dll"), gateway.Folder.PluginPath(".Mark.new", "Mark.dll"));
        await gateway.ReloadAsync(() =>
        {
            Directory.Move(gateway.Folder.PluginPath("Mark"), gateway.Folder.PathOf("old"));
            Directory.Move(gateway.Folder.PluginPath(".Mark.new"), gateway.Folder.PluginPath("Mark"));
        });
        Assert.Equal("2", await MarkAsync(gateway));

        // The new folder is watched as the old one was.
        await gateway.ReloadAsync(() => gateway.Folder.Drop("Mark", PluginSource.Marking("Mark", "3")));
        Assert.Equal("3", await MarkAsync(gateway));
    }

    [Fact]
    public async Task Link_ThatIsSwapped_IsFollowed()
    {
        await using var gateway = await TestGateway.StartAsync(Hello, TimeProvider.System, folder =>
        {
            foreach (var release in new[] { "1", "2" })
            {
                Directory.CreateDirectory(folder.PathOf($"releases/{release}"));
                File.WriteAllBytes(folder.PathOf($"releases/{release}/Mark.dll"), PluginSource.Marking("Mark", release));
            }

            Directory.CreateDirectory(folder.PathOf("plugins"));
            Directory.CreateSymbolicLink(folder.PluginPath("Mark"), folder.PathOf("releases/1"));
        });
        Assert.Equal("1", await MarkAsync(gateway));

        await gateway.ReloadAsync(() =>
        {
            Directory.CreateSymbolicLink(gateway.Folder.PluginPath(".swap"), gateway.Folder.PathOf("releases/2"));
            Directory.Move(gateway.Folder.PluginPath("Mark"), gateway.Folder.PathOf("old"));
            Directory.Move(gateway.Folder.PluginPath(".swap"), gateway.Folder.PluginPath("Mark"));
        });
        Assert.Equal("2", await MarkAsync(gateway));
    }

    [Fact]
    public async Task Dll_HalfWritten_IsRefusedUntilItIsWhole()
    {
        await using var gateway = await StartAsync(Hello, ("Mark", PluginSource.Marking("Mark", "1")));
        var next = PluginSource.Marking("Mark", "2");

        await gateway.RefusedAsync(() => gateway.Folder.Drop("Mark", next[..(next.Length / 2)]), "plugins/Mark: error SP2001: Mark.dll");
        Assert.Equal("1", await MarkAsync(gateway));

        await gateway.ReloadAsync(() => gateway.Folder.Drop("Mark", next));
        Assert.Equal("2", await MarkAsync(gateway));
    }

    [Fact]
    public async Task Dependency_ThatArrivesLater_MendsThePlugin()
    {
        var library = PluginSource.Compile("Words", "public static class Words { public static string Hello() => \"from the library\"; }");
        var plugin = PluginSource.Plugin("Mark", "public void Register(PluginBuilder plugin) => plugin.HeaderFilter(h => { h.Response.Headers[\"X-Mark\"] = Words.Hello(); });", libraries: [library]);
        await using var gateway = await TestGateway.StartAsync(Hello);

        await gateway.RefusedAsync(() => gateway.Folder.Drop("Mark", plugin), "Mark.dll needs Words 0.0.0, which is not in the folder");
        await gateway.ReloadAsync(() => File.WriteAllBytes(gateway.Folder.PluginPath("Mark", "Words.dll"), library));

        Assert.Equal("from the library", await MarkAsync(gateway));
    }

    /// <summary>Both files are of the same version, and the pause between them is longer than the gateway waits.</summary>
    [Fact]
    public async Task Dependency_ThatIsStillTheOldOne_KeepsTheOldPlugin()
    {
        byte[] Words(string members) => PluginSource.Compile("Words", $"public static class Words {{ {members} }}");
        byte[] Mark(string expression, byte[] words) => PluginSource.Plugin("Mark", $"public void Register(PluginBuilder plugin) => plugin.HeaderFilter(h => {{ h.Response.Headers[\"X-Mark\"] = {expression}; }});", libraries: [words]);
        var (old, next) = (Words("public static string One() => \"1\";"), Words("public static string Two() => \"2\";"));
        await using var gateway = await TestGateway.StartAsync(Hello, TimeProvider.System, folder => folder.Drop("Mark", Mark("Words.One()", old), ("Words.dll", old)));
        Assert.Equal("1", await MarkAsync(gateway));

        await gateway.RefusedAsync(
            () => gateway.Folder.Drop("Mark", Mark("Words.Two()", next)),
            "plugins/Mark: error SP2001: Mark.dll was built against another Words.dll: in the one here this is missing: Words.Two");
        Assert.Equal("1", await MarkAsync(gateway));

        await gateway.ReloadAsync(() => File.WriteAllBytes(gateway.Folder.PluginPath("Mark", "Words.dll"), next));
        Assert.Equal("2", await MarkAsync(gateway));
    }

    /// <summary>For a good second of the gateway's clock something is written at least twice within the time that it wants all to be still.</summary>
    [Fact]
    public async Task Files_ArrivingOverSeconds_AreTakenUpOnceAllAreThere()
    {
        var time = new FakeTimeProvider();
        var library = PluginSource.Compile("Words", "public static class Words { public static string Hello() => \"from the library\"; }");
        var plugin = PluginSource.Plugin("Mark", "public void Register(PluginBuilder plugin) => plugin.HeaderFilter(h => { h.Response.Headers[\"X-Mark\"] = Words.Hello(); });", libraries: [library]);
        await using var gateway = await TestGateway.StartAsync(Hello, time);
        Directory.CreateDirectory(gateway.Folder.PluginPath("Mark"));
        foreach (var (name, bytes) in new[] { ("Mark.dll", plugin), ("Words.dll", library) })
        {
            await using var file = new FileStream(gateway.Folder.PluginPath("Mark", name), FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
            foreach (var part in bytes.Chunk((bytes.Length / 10) + 1))
            {
                await file.WriteAsync(part, TestContext.Current.CancellationToken);
                time.Advance(TimeSpan.FromMilliseconds(100));
            }
        }

        await TestGateway.WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(50));
            return gateway.Host.Current!.Number > 1;
        });
        Assert.Equal("from the library", await MarkAsync(gateway));
        Assert.Empty(gateway.Log.Refused);
    }

    [Fact]
    public async Task Plugin_ThatScriptsUse_IsNotRemovedSilently()
    {
        var plugin = PluginSource.Plugin(
            "Shout",
            "public void Register(PluginBuilder plugin) { }",
            "namespace Shouting { public static class Verbs { public static RouteBuilder Shout(this RouteBuilder route, string text) => route.Content(c => c.Text(text.ToUpperInvariant())); } }");
        await using var gateway = await StartAsync("Route(\"/\").Shout(\"hello\");", ("Shout", plugin));
        Assert.Equal("HELLO", await gateway.Client.GetStringAsync("/"));

        await gateway.RefusedAsync(() => Directory.Delete(gateway.Folder.PluginPath("Shout"), recursive: true), "proxy.csx(1,12): error CS1061");
        Assert.Equal("HELLO", await gateway.Client.GetStringAsync("/"));
    }

    internal static Task<TestGateway> StartAsync(string proxy, params (string Name, byte[] Image)[] plugins) =>
        TestGateway.StartAsync(proxy, TimeProvider.System, folder =>
        {
            foreach (var (name, image) in plugins)
            {
                folder.Drop(name, image);
            }
        });

    private static async Task<string?> MarkAsync(TestGateway gateway)
    {
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal("hello", await answer.Content.ReadAsStringAsync());
        return answer.Headers.TryGetValues("X-Mark", out var values) ? values.Single() : null;
    }
}
