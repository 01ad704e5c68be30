using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using ScriptProxy.Core.Telemetry;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Plugins;
using static ScriptProxy.Tests.Admin.AdminClient;

namespace ScriptProxy.Tests.Admin;

/// <summary>What meters measure, as Prometheus reads it.</summary>
public sealed class MetricsTests
{
    private const string Counts = """
        public void Register(PluginBuilder plugin)
        {
            var hits = plugin.Meter.CreateCounter<long>("demo.hits", description: "Requests\nseen");
            var level = plugin.Meter.CreateUpDownCounter<int>("demo.level");
            plugin.Meter.CreateObservableGauge("demo.mark", () => new Mark(MARK).Value);
            plugin.Access(r => { hits.Add(1, new KeyValuePair<string, object?>("path", r.Request.Path)); level.Add(MARK); });
        }
        """;

    private const string Hello = Listeners + "Route(\"/{**path}\").Content(c => c.Text(\"hello\"));";

    [Fact]
    public async Task Metrics_OfAPlugin_GoOnOverItsReplacement_AndDoNotHoldIt()
    {
        await using var gateway = await TestGateway.StartAsync(Hello, TimeProvider.System, folder => folder.Drop("Demo", Plugin(1)));
        await gateway.Client.GetStringAsync("/a");
        await gateway.Client.GetStringAsync("/a");
        var text = await TextAsync(gateway);
        Assert.Contains("# HELP demo_hits_total Requests\\nseen\n# TYPE demo_hits_total counter\ndemo_hits_total{path=\"/a\",plugin=\"Demo\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE demo_level gauge\ndemo_level{plugin=\"Demo\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("\ndemo_mark{plugin=\"Demo\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("\nscriptproxy_generations_alive 1\n", text, StringComparison.Ordinal);

        await gateway.ReloadAsync(() => gateway.Folder.Drop("Demo", Plugin(2)));
        await TestGateway.WaitAsync(() => gateway.Host.Alive == 1, $"the code of the first plugin is gone, {gateway.Host.Alive} generations are alive");
        await gateway.Client.GetStringAsync("/a");
        text = await TextAsync(gateway);
        Assert.Contains("\ndemo_hits_total{path=\"/a\",plugin=\"Demo\"} 3\n", text, StringComparison.Ordinal);
        Assert.Contains("\ndemo_level{plugin=\"Demo\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("\ndemo_mark{plugin=\"Demo\"} 2\n", text, StringComparison.Ordinal);

        await gateway.ReloadAsync(() => Directory.Delete(gateway.Folder.PluginPath("Demo"), recursive: true));
        await TestGateway.WaitAsync(() => gateway.Host.Alive == 1, $"the code of the plugin is gone, {gateway.Host.Alive} generations are alive");
        text = await TextAsync(gateway);
        Assert.Contains("\ndemo_hits_total{path=\"/a\",plugin=\"Demo\"} 3\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("demo_mark", text, StringComparison.Ordinal);
        Assert.DoesNotContain("demo_level", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_WhoseObserverThrows_ShowTheOthers()
    {
        var plugin = PluginSource.Plugin("Bad", """
            public void Register(PluginBuilder plugin)
            {
                plugin.Meter.CreateObservableGauge("bad.one", (Func<int>)(() => throw new FormatException("no number")));
                plugin.Meter.CreateObservableGauge("bad.two", () => 2);
            }
            """);
        await using var gateway = await TestGateway.StartAsync(Hello, TimeProvider.System, folder => folder.Drop("Bad", plugin));
        var text = await TextAsync(gateway);
        Assert.Contains("\nbad_two{plugin=\"Bad\"} 2\n", text, StringComparison.Ordinal);
        await gateway.Log.WaitForAsync("no number");
    }

    [Fact]
    public void Text_OfEachKind_IsAsTheFormatSays()
    {
        using var lab = new Lab();
        lab.Meter.CreateHistogram("took", "s", "How long", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] }).Record(0.1);
        lab.Meter.CreateGauge<double>("9.lives", "By").Record(double.PositiveInfinity, new KeyValuePair<string, object?>("a-b", "x\"y\\z\nw"), new("le", null));
        lab.Meter.CreateObservableCounter("seen_total", () => 7L);
        Assert.Equal(
            """
            # TYPE _9_lives_bytes gauge
            _9_lives_bytes{a_b="x\"y\\z\nw",exported_le="",plugin="Lab"} +Inf
            # TYPE seen_total counter
            seen_total{plugin="Lab"} 7
            # HELP took_seconds How long
            # TYPE took_seconds histogram
            took_seconds_bucket{plugin="Lab",le="0.1"} 1
            took_seconds_bucket{plugin="Lab",le="1"} 1
            took_seconds_bucket{plugin="Lab",le="+Inf"} 1
            took_seconds_sum{plugin="Lab"} 0.1
            took_seconds_count{plugin="Lab"} 1

            """,
            lab.Text());
    }

    [Fact]
    public void Labels_WithoutEnd_AreAddedUpUnderOne()
    {
        using var lab = new Lab();
        var counter = lab.Meter.CreateCounter<int>("hits");
        for (var i = 0; i < InstrumentSeries.Most + 5; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("path", i));
        }

        var text = lab.Text();
        Assert.Equal(InstrumentSeries.Most + 1, text.Split('\n').Count(l => l.StartsWith("hits_total{", StringComparison.Ordinal)));
        Assert.Contains("hits_total{plugin=\"Lab\",otel_metric_overflow=\"true\"} 5\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Meters_OfOthers_AreNotShown()
    {
        using var lab = new Lab();
        using var foreign = new Meter("Foreign");
        using var scoped = new Meter(new MeterOptions("ScriptProxy.Plugins.Lab") { Scope = new object() });
        foreign.CreateCounter<int>("foreign").Add(1);
        scoped.CreateCounter<int>("scoped").Add(1);
        Assert.Equal("", lab.Text());
    }

    private static byte[] Plugin(int mark) => PluginSource.Plugin(
        "Demo", Counts.Replace("MARK", mark.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal), "sealed record Mark(int Value);");

    private static async Task<string> TextAsync(TestGateway gateway)
    {
        using var answer = await SendAsync(gateway, HttpMethod.Get, "/metrics");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        return "\n" + await answer.Content.ReadAsStringAsync();
    }

    /// <summary>A plugin's meter and who listens to it, without a gateway; what gateways of other tests measure is left out.</summary>
    private sealed class Lab : IDisposable
    {
        private readonly object _scope = new();
        private readonly MetricStore _store;

        internal Lab()
        {
            Meter = new Meter(new MeterOptions("ScriptProxy.Plugins.Lab") { Scope = _scope });
            _store = new MetricStore(_scope, NullLogger.Instance);
            _store.Start();
        }

        internal Meter Meter { get; }

        internal string Text() => string.Concat(_store.Text().Split("# ").Where(p => !p.Contains("scriptproxy_", StringComparison.Ordinal)).Select((p, i) => i == 0 && p.Length == 0 ? "" : "# " + p));

        public void Dispose()
        {
            Meter.Dispose();
            _store.Dispose();
        }
    }
}
