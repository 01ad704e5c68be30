using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Plugins;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Plugins;

/// <summary>What a plugin throws harms only itself, and what was replaced is gone.</summary>
public sealed class PluginLifeTests
{
    private const string Hello = "Route(\"/\").Content(c => c.Text(\"hello\"));";

    private const string Register = "public void Register(PluginBuilder plugin) { }";

    [Theory]
    [InlineData("public Entry() => throw new InvalidOperationException(\"ouch\"); " + Register, "the constructor")]
    [InlineData("public void Register(PluginBuilder plugin) => throw new InvalidOperationException(\"ouch\");", "Register")]
    [InlineData(Register + " public async ValueTask StartAsync(CancellationToken stop) { await Task.Yield(); throw new InvalidOperationException(\"ouch\"); }", "StartAsync")]
    public async Task Load_ThatThrows_KeepsTheOldOne(string members, string where)
    {
        await using var gateway = await PluginReloadTests.StartAsync(Hello, ("Bad", PluginSource.Marking("Bad", "good")));

        await gateway.RefusedAsync(() => gateway.Folder.Drop("Bad", PluginSource.Plugin("Bad", members)), $"plugins/Bad: error SP2005: {where} failed: InvalidOperationException: ouch");

        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal("good", answer.Headers.GetValues("X-Bad").Single());
        Assert.Equal(PluginState.Refused, gateway.Host.Plugins.Single(p => !p.IsShipped).State);
        await gateway.ReloadAsync(() => gateway.Folder.Drop("Bad", PluginSource.Marking("Bad", "better")));
    }

    [Fact]
    public async Task Handler_ThatThrows_CostsItsRequest()
    {
        var plugin = PluginSource.Plugin("Bad", "public void Register(PluginBuilder plugin) => plugin.Access(r => { if (r.Request.Query.ContainsKey(\"bad\")) throw new InvalidOperationException(\"ouch\"); });");
        await using var gateway = await PluginReloadTests.StartAsync(Hello, ("Bad", plugin));

        using var bad = await gateway.Client.GetAsync("/?bad=1");
        Assert.Equal(HttpStatusCode.InternalServerError, bad.StatusCode);
        Assert.Equal("hello", await gateway.Client.GetStringAsync("/"));
        Assert.True(gateway.Log.Has("plugins/Bad"), string.Join('\n', gateway.Log.All));
    }

    [Fact]
    public async Task Policy_ThatThrows_CostsItsRequest()
    {
        await using var origin = await Origin.StartAsync("hello");
        var plugin = PluginSource.Plugin(
            "Bad",
            "public void Register(PluginBuilder plugin) => plugin.LoadBalancer(\"bad\", () => new Bad());",
            "sealed class Bad : ILoadBalancer { int _n; public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available) => _n++ == 0 ? throw new InvalidOperationException(\"ouch\") : available[0]; }");
        await using var gateway = await PluginReloadTests.StartAsync($"Upstream(\"u\", \"{origin.Address}\").Balance(\"bad\");\nRoute(\"/\").To(\"u\");", ("Bad", plugin));

        using var bad = await gateway.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.InternalServerError, bad.StatusCode);
        Assert.Equal("hello", await gateway.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task Every_ThatThrows_GoesOn()
    {
        var plugin = PluginSource.Plugin("Tick", """
            private int _runs;
            public void Register(PluginBuilder plugin) => plugin.Every(TimeSpan.FromMilliseconds(10), t =>
            {
                if (++_runs == 1) throw new InvalidOperationException("ouch");
                plugin.Logger.LogInformation("ran again");
            });
            """);
        await using var gateway = await PluginReloadTests.StartAsync(Hello, ("Tick", plugin));
        await gateway.Log.WaitForAsync("ran again");
        Assert.True(gateway.Log.Has("failed, and goes on: InvalidOperationException: ouch"));
        Assert.True(gateway.Log.Has("the timer at plugins/Tick"), string.Join('\n', gateway.Log.All));
    }

    [Fact]
    public async Task End_RunsInOrderAfterTheLastRequest_AndMayThrow()
    {
        var plugin = PluginSource.Plugin("End", """
            private ILogger _logger = null!;
            public void Register(PluginBuilder plugin)
            {
                _logger = plugin.Logger;
                plugin.Access(async r =>
                {
                    if (r.Request.Query.ContainsKey("wait")) { await Gateway.Http.GetAsync(r.Request.Query["wait"].ToString(), r.Aborted); _logger.LogInformation("request ended"); }
                });
            }
            public ValueTask StartAsync(CancellationToken stop) { _logger.LogInformation("started"); return default; }
            public ValueTask DrainAsync(CancellationToken stop) { _logger.LogInformation("drained"); throw new InvalidOperationException("ouch"); }
            public ValueTask DisposeAsync() { _logger.LogInformation("disposed"); throw new InvalidOperationException("ouch again"); }
            """);
        var asked = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var slow = await Origin.StartAsync(async c =>
        {
            asked.TrySetResult();
            await release.Task;
        });
        await using var gateway = await PluginReloadTests.StartAsync(Hello, ("End", plugin));
        var request = gateway.Client.GetStringAsync($"/?wait={slow.Address}/");
        await asked.Task;

        await gateway.ReloadAsync(() => Directory.Delete(gateway.Folder.PluginPath("End"), recursive: true));
        Assert.Equal("hello", await gateway.Client.GetStringAsync("/"));
        Assert.False(gateway.Log.Has("drained"));
        release.SetResult();
        Assert.Equal("hello", await request);

        await gateway.Log.WaitForAsync("plugins/End: DisposeAsync failed: InvalidOperationException: ouch again");
        Assert.True(gateway.Log.Has("plugins/End: DrainAsync failed: InvalidOperationException: ouch"));
        string[] told = ["started", "request ended", "drained", "disposed"];
        Assert.Equal(told, gateway.Log.All.Where(told.Contains));
    }

    [Fact]
    public async Task Check_RegistersAndStartsNothing()
    {
        var plugin = PluginSource.Plugin("Check", """
            private ILogger _logger = null!;
            public void Register(PluginBuilder plugin) { _logger = plugin.Logger; _logger.LogInformation("registered"); }
            public ValueTask StartAsync(CancellationToken stop) { _logger.LogInformation("started"); return default; }
            public ValueTask DrainAsync(CancellationToken stop) { _logger.LogInformation("drained"); return default; }
            public ValueTask DisposeAsync() { _logger.LogInformation("disposed"); return default; }
            """);
        await using var gateway = await TestGateway.StartAsync(Hello);
        gateway.Folder.Drop("Check", plugin);
        var number = gateway.Host.Current!.Number;
        var states = await gateway.Host.CheckAsync(g => g.Plugins.Infos.Where(p => !p.IsShipped).Select(p => p.State).ToList(), TestContext.Current.CancellationToken);
        Assert.Equal([PluginState.Registered], states);
        await TestGateway.WaitAsync(() => gateway.Host.Current!.Number > number);
        Assert.Equal(1, gateway.Log.All.Count(l => l == "started"));
        Assert.Equal(0, gateway.Log.All.Count(l => l == "drained"));
        Assert.Equal(1, gateway.Log.All.Count(l => l == "disposed"));
    }

    [Fact]
    public async Task Swaps_UnderLoad_FailNoRequestAndLeaveNothingBehind()
    {
        const int Swaps = 12;
        await using var gateway = await TestGateway.StartAsync("Route(\"/\").Greet();", TimeProvider.System, folder => Drop(folder, 0));
        using var stop = new CancellationTokenSource();
        var last = "";
        var load = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var text = await gateway.Client.GetStringAsync("/");
                Assert.StartsWith("{\"Number\":", text, StringComparison.Ordinal);
                Volatile.Write(ref last, text);
            }
        })).ToArray();
        for (var i = 1; i <= Swaps; i++)
        {
            Drop(gateway.Folder, i);
            await TestGateway.WaitAsync(() => Volatile.Read(ref last) == $"{{\"Number\":{i}}}", $"swap {i}; the log: {string.Join('\n', gateway.Log.All)}");
        }

        await stop.CancelAsync();
        await Task.WhenAll(load);
        await TestGateway.WaitAsync(() => gateway.Host.Alive <= 1, $"generations alive, {gateway.Host.Alive}, come down to 1");
        Assert.Empty(gateway.Host.Pinned);
    }

    [Theory]
    [InlineData("AppDomain.CurrentDomain.ProcessExit += (_, _) => { };")]
    [InlineData("_ = Task.Run(async () => { await new TaskCompletionSource().Task.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, Never.Token); GC.KeepAlive(this); });")]
    [InlineData("Known.Add(plugin.Time, this);")]
    public async Task Plugin_ThatPinsItsCode_IsNamed(string pin)
    {
        var time = new FakeTimeProvider();
        var plugin = PluginSource.Plugin(
            "Pin",
            $$"""
            private static readonly System.Runtime.CompilerServices.ConditionalWeakTable<TimeProvider, object> Known = new();
            private static readonly CancellationTokenSource Never = new(TimeSpan.FromDays(1));
            public void Register(PluginBuilder plugin) { {{pin}} }
            """);
        await using var gateway = await TestGateway.StartAsync(Hello, time, folder => folder.Drop("Pin", plugin));
        Directory.Delete(gateway.Folder.PluginPath("Pin"), recursive: true);

        // In small steps: the load itself has a limit.
        await TestGateway.WaitAsync(() => Passes(time, TimeSpan.FromMilliseconds(50), gateway.Host.Current!.Number == 2));
        await TestGateway.WaitAsync(() => Passes(time, TimeSpan.FromMilliseconds(500), gateway.Log.Has("plugins/Pin of generation 1 was replaced a minute ago and its code is still in memory")));
        Assert.Equal([new KeyValuePair<string, int>("Pin", 1)], gateway.Host.Pinned);
        Assert.Contains("scriptproxy.plugins.pinned plugin=Pin 1", Metrics());
    }

    /// <summary>What whoever listens to the meters is told, of every gateway of this process.</summary>
    private static List<string> Metrics()
    {
        var told = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name == "ScriptProxy")
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) =>
            told.Add($"{instrument.Name} {string.Join(' ', tags.ToArray().Select(t => $"{t.Key}={t.Value}"))} {value}"));
        listener.Start();
        listener.RecordObservableInstruments();
        return told;
    }

    private static bool Passes(FakeTimeProvider time, TimeSpan step, bool holds)
    {
        time.Advance(step);
        return holds;
    }

    private static void Drop(TestFolder folder, int number)
    {
        var library = PluginSource.Compile("Numbers", $"public static class Numbers {{ public static int Number => {number}; }}");
        var plugin = PluginSource.Plugin(
            "Greet",
            """
            private CancellationTokenSource _own = new();
            public void Register(PluginBuilder plugin)
            {
                _ = plugin.Options<Options>();
                plugin.LoadBalancer("mine", () => new Mine()).Log(l => { }).Every(TimeSpan.FromMilliseconds(5), async t => { await Task.Yield(); });
            }
            public ValueTask StartAsync(CancellationToken stop) { _ = Task.Delay(Timeout.Infinite, _own.Token); return default; }
            public ValueTask DisposeAsync() { _own.Cancel(); _own.Dispose(); return default; }
            """,
            """
            sealed class Mine : ILoadBalancer { public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available) => available[0]; }
            public enum Level { Low, High }
            public sealed class Options { [System.ComponentModel.DataAnnotations.Range(0, 5)] public int Number { get; set; } = 3; [System.ComponentModel.DataAnnotations.Required] public Level Level { get; set; } = Level.High; }
            public sealed record Answer(int Number);
            public static class Verbs { public static RouteBuilder Greet(this RouteBuilder route) => route.Content(c => c.Text(System.Text.Json.JsonSerializer.Serialize(new Answer(Numbers.Number)))); }
            namespace Named { public static class More { public static int Twice(this int n) => 2 * n; } }
            """,
            libraries: library);
        if (number == 0)
        {
            folder.Write("appsettings.json", "{ \"Plugins\": { \"Greet\": { \"Level\": \"Low\" } } }");
        }

        folder.Drop("Greet", plugin, ("Numbers.dll", library));
    }
}
