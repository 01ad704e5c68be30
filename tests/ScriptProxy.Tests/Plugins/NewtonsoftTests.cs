using System.Globalization;
using System.Runtime.CompilerServices;
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
            Assert.Equal(JsonPlugin.Header(version, 1), answer.Headers.GetValues("X-Json").Single());
        }

        await gateway.ReloadAsync(() => Directory.Delete(gateway.Folder.PluginPath("Json"), recursive: true));
        Assert.Equal("hello", await gateway.Client.GetStringAsync("/"));
        await TestGateway.WaitAsync(() => gateway.Host.Alive == 1, $"the code is gone, {gateway.Host.Alive} generations are alive");
    }

    /// <summary>Two plugins, each with another version of the library, swapped in turn while requests come over sockets.</summary>
    [Fact]
    public async Task Swaps_UnderLoad_FailNoRequestAndLeaveNoContext()
    {
        const int Swaps = 30;
        string[] versions = ["12", "13"];
        await using var gateway = await TestGateway.StartAsync("Route(\"/\").Content(c => c.Text(\"hello\"));", TimeProvider.System, folder =>
        {
            Drop(folder, "Json12", "12", 0);
            Drop(folder, "Json13", "13", 0);
        });
        var seen = new int[2];
        using var stop = new CancellationTokenSource();
        var load = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var answer = await gateway.Client.GetAsync("/");
                Assert.Equal("hello", await answer.Content.ReadAsStringAsync());
                for (var i = 0; i < 2; i++)
                {
                    var header = answer.Headers.GetValues($"X-Json{versions[i]}").Single();
                    var number = int.Parse(header.Split(':', ',')[1], CultureInfo.InvariantCulture);
                    Assert.Equal(JsonPlugin.Header(versions[i], number), header);
                    Volatile.Write(ref seen[i], number);
                }
            }
        })).ToArray();
        var contexts = new List<WeakReference>();
        for (var n = 1; n <= Swaps; n++)
        {
            Remember(gateway, contexts);
            Drop(gateway.Folder, $"Json{versions[n % 2]}", versions[n % 2], n);
            var (at, wanted) = (n % 2, n);
            await TestGateway.WaitAsync(() => Volatile.Read(ref seen[at]) == wanted || load.Any(t => t.IsFaulted), $"swap {n}; the log: {string.Join('\n', gateway.Log.All)}");
        }

        await stop.CancelAsync();
        await Task.WhenAll(load);
        await TestGateway.WaitAsync(() => gateway.Host.Alive <= 1, $"generations alive, {gateway.Host.Alive}, come down to 1");
        Assert.Equal(0, contexts.Count(c => c.IsAlive));
        Assert.Empty(gateway.Host.Pinned);
    }

    // Not inlined: what it looks at must not stay on the test's own stack.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Remember(TestGateway gateway, List<WeakReference> contexts) =>
        contexts.AddRange(gateway.Host.Current!.Plugins.Unloadable.Select(p => new WeakReference(p.Context)));

    private static void Drop(TestFolder folder, string name, string version, int number) =>
        folder.Drop(name, JsonPlugin.Compile(name, version, number), ("Newtonsoft.Json.dll", JsonPlugin.Library(version)));
}
