using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using ScriptProxy.Runtime;

namespace ScriptProxy.Plugins;

/// <summary>What a plugin is told of its place, and where it says what it supplies.</summary>
/// <remarks>The members of <see cref="Gateway"/> work in Register, StartAsync and handlers as they do in a script.</remarks>
public sealed partial class PluginBuilder
{
    private readonly GatewayRuntime _runtime;
    private readonly Lazy<Meter> _meter;
    private GatewayModel? _composition;

    internal PluginBuilder(string name, string folder, GatewayRuntime runtime, GatewayModel composition, ILogger logger, object meterScope, CancellationToken stopping)
    {
        Name = name;
        Folder = folder;
        Settings = runtime.Settings.GetSection("Plugins").GetSection(name);
        Logger = logger;
        Time = runtime.Time;
        Stopping = stopping;
        _runtime = runtime;
        _composition = composition;
        _meter = new Lazy<Meter>(() => new Meter(new MeterOptions($"ScriptProxy.Plugins.{name}") { Scope = meterScope }));
    }

    /// <summary>The name of the folder and of its dll.</summary>
    public string Name { get; }

    /// <summary>The full path of the plugin's folder. It may be replaced while this load still serves: read in Register what must fit the code.</summary>
    public string Folder { get; }

    /// <summary>The section Plugins:NAME of appsettings.json and the environment (Plugins__NAME__Key).</summary>
    public IConfiguration Settings { get; }

    /// <summary>Logs under the category ScriptProxy.Plugins.NAME.</summary>
    public ILogger Logger { get; }

    /// <summary>The clock. Use it instead of DateTime.Now, so that tests can set it.</summary>
    public TimeProvider Time { get; }

    /// <summary>Cancelled when the load is replaced; its last requests may still be under way then.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>For counters, gauges and histograms, named ScriptProxy.Plugins.NAME. Disposed of with the plugin, so that what it measures does not keep its code.</summary>
    /// <remarks><c>/metrics</c> of the admin API shows what is made by it; a Meter of the plugin's own is not shown there, and is the plugin's to dispose of.</remarks>
    public Meter Meter => _meter.Value;

    internal List<string> Imports { get; } = [];

    internal Dictionary<string, Func<ILoadBalancer>> LoadBalancers { get; } = new(StringComparer.Ordinal);

    internal List<Action<ComposedRoute>> Finishers { get; } = [];

    internal List<(string Method, string Path, Handler<ContentContext, Verdict> Handler)> AdminHandlers { get; } = [];

    internal SortedSet<string> Supplies { get; } = new(StringComparer.Ordinal);

    private GatewayModel Composition => _composition
        ?? throw new InvalidOperationException("A plugin says what it supplies while Register runs, not later.");

    /// <summary>Options from <see cref="Settings"/>, checked by the attributes of System.ComponentModel.DataAnnotations on their properties.</summary>
    /// <typeparam name="T">Public properties with setters: text, numbers, bool, enums, TimeSpan, DateTimeOffset, Guid, Uri, lists and dictionaries of these, classes like this one. What is not set keeps its default.</typeparam>
    /// <param name="validate">Says what else is wrong; null where all is well.</param>
    /// <exception cref="InvalidOperationException">A key is unknown, or a value wrong; left alone, this fails the load with <c>plugins/NAME: ...</c>.</exception>
    public T Options<T>(Func<T, string?>? validate = null)
        where T : class, new() => PluginOptions.Bind(Settings, $"Plugins:{Name}", validate);

    /// <summary>Supplies a load balancing policy by name, for <c>Balance("name")</c> and <c>Pick("name")</c>.</summary>
    /// <param name="name">Stands before a policy of the gateway's own of that name.</param>
    /// <param name="make">Makes one for each upstream that names it.</param>
    /// <exception cref="ArgumentException">The plugin has supplied that name already.</exception>
    public PluginBuilder LoadBalancer(string name, Func<ILoadBalancer> make)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(make);
        _ = Composition;
        LoadBalancers.Add(name, make);
        Supplies.Add($"policy {name}");
        return this;
    }

    /// <summary>Gives every script a using.</summary>
    /// <remarks>Namespaces of the plugin's dll with public extension methods need no word: every script has them.</remarks>
    /// <param name="namespaceOrType">A namespace of the plugin's dll, or the full name of a type there whose static members need no name in front then.</param>
    public PluginBuilder Import(string namespaceOrType)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(namespaceOrType);
        _ = Composition;
        Imports.Add(namespaceOrType);
        return this;
    }

    /// <summary>Called for each route when proxy.csx has composed everything, and once for what requests meet that no route takes: here a plugin's verbs take effect.</summary>
    /// <remarks>What it hangs on a route costs only that route's requests.</remarks>
    /// <param name="finish">Gets the route. What it throws fails the load.</param>
    public PluginBuilder Composed(Action<ComposedRoute> finish)
    {
        ArgumentNullException.ThrowIfNull(finish);
        _ = Composition;
        Finishers.Add(finish);
        return this;
    }

    /// <summary>Runs again and again, first after one period, from when requests come; a run that is late is not made up for, one that throws is logged (ngx.timer.every).</summary>
    /// <param name="period">More than zero.</param>
    /// <param name="run">Never runs twice at a time. Ends when the load is replaced.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    [OverloadResolutionPriority(2)]
    public PluginBuilder Every(TimeSpan period, Func<TimerContext, ValueTask> run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(period, TimeSpan.Zero);
        ArgumentNullException.ThrowIfNull(run);
        _ = Composition;
        _runtime.Schedule(period, repeat: true, run, new ScriptLocation(Place(file), line));
        Supplies.Add("Every");
        return this;
    }

    /// <inheritdoc cref="Every(TimeSpan, Func{TimerContext, ValueTask}, string, int)" />
    [OverloadResolutionPriority(1)]
    public PluginBuilder Every(TimeSpan period, Func<TimerContext, Task> run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Every(period, t => new ValueTask(run(t)), file, line);
    }

    /// <inheritdoc cref="Every(TimeSpan, Func{TimerContext, ValueTask}, string, int)" />
    public PluginBuilder Every(TimeSpan period, Action<TimerContext> run, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Every(
            period,
            t =>
            {
                run(t);
                return default(ValueTask);
            },
            file,
            line);
    }

    /// <summary>Register has returned.</summary>
    internal void Close() => _composition = null;

    /// <summary>The plugin has ended.</summary>
    internal void End()
    {
        if (_meter.IsValueCreated)
        {
            _meter.Value.Dispose();
        }
    }

    /// <remarks>The compiler gives a path of the machine that the plugin was built on; of that only the file's name means something here.</remarks>
    internal string Place(string file) => Path.Combine(Folder, file[(file.AsSpan().LastIndexOfAny('/', '\\') + 1)..]);

    private PluginBuilder With<THandler>(List<THandler> handlers, THandler handler, [CallerMemberName] string phase = "")
    {
        handlers.Add(handler);
        Supplies.Add(phase);
        return this;
    }
}
