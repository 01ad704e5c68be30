using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Core.Net;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Plugins;
using ScriptProxy.Core.Reloading;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Core.Sharing;
using ScriptProxy.Core.Upstreams;
using ScriptProxy.Plugins;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>Builds a generation beside the one that serves: compile, compose, validate, fold, Init. What fails changes nothing.</summary>
internal sealed class GenerationBuilder(
    SharedState shared, IForwarder forwarder, ScriptCompiler compiler, ILoggerFactory loggers, GatewaySetup setup)
{
    /// <summary>Loading includes the first run of everything, so it may take longer than a handler.</summary>
    private static readonly TimeSpan LoadBudget = TimeSpan.FromSeconds(10);

    /// <summary>In all, with what it awaits: a load that waits for ever would keep every later one from beginning.</summary>
    private static readonly TimeSpan LoadPatience = TimeSpan.FromSeconds(60);

    private readonly ILogger _scriptLogger = loggers.CreateLogger("ScriptProxy.Scripts");
    private readonly ILogger _logger = loggers.CreateLogger("ScriptProxy.Gateway");
    private readonly PluginHome _plugins = new(setup.BaseFolder, setup.ShippedPlugins, shared.PluginCopies, setup.Reload, shared.Time, loggers.CreateLogger("ScriptProxy.Plugins"));
    private readonly HashSet<string> _replacedPolicies = new(StringComparer.Ordinal);

    /// <summary>What a load looks at before it runs any script.</summary>
    internal IEnumerable<string> Watched => _plugins.Watched;

    /// <summary>The plugins of the last build, whether it went well or not.</summary>
    internal IReadOnlyList<PluginInfo> Plugins { get; private set; } = [];

    /// <param name="number">The generation's number.</param>
    /// <param name="files">Gets every file that the load reads or looks for, also when it fails: what mends it will be a change of one of them.</param>
    /// <param name="init">False for a check: nothing of the scripts' own is started.</param>
    /// <param name="stop">Gives the load up.</param>
    /// <exception cref="ScriptException">What is wrong, all of it, by file and line.</exception>
    internal async Task<Generation> BuildAsync(int number, FileState files, bool init, CancellationToken stop)
    {
        var mainFile = setup.MainFile;
        var baseFolder = setup.BaseFolder;
        files.Add(mainFile);
        files.Add(Path.Combine(baseFolder, "appsettings.json"));
        files.Add(setup.PackageLock);
        files.Add(Watched);

        var scripts = new ScriptLoadContext($"generation {number}", isCollectible: setup.Reload);
        var timers = new Timers(shared.Time, _scriptLogger, TimeSpan.FromSeconds(1), baseFolder, setup.Outside.Trace);
        var owned = new List<IDisposable>();
        var model = new GatewayModel();
        Runtime? runtime = null;
        var plugins = new PluginSet(number, _plugins, (composing, inPlace, call) =>
            inPlace ? CallPlugin(runtime!, composing ? model : null, call) : CallPluginAsync(runtime!, composing ? model : null, call));
        try
        {
            plugins.Load();
            var once = new OnceStore(shared.Time, timers.Stopping);
            runtime = new Runtime(shared, ReadSettings(baseFolder, mainFile, setup.Outside.Settings), _scriptLogger, once, timers, baseFolder, serves: init);
            owned.Add(runtime);
            await plugins.RegisterAsync((name, folder) => new PluginBuilder(name, folder, runtime, model, loggers.CreateLogger($"ScriptProxy.Plugins.{name}"), shared, timers.Stopping));
            foreach (var (name, context) in plugins.Contexts)
            {
                scripts.Share(name, context);
            }

            var extension = plugins.Extension;
            var main = Compile(new ScriptRequest(mainFile, null, null) { Extension = extension }, files, stop);
            var sources = main.Sources.Select(s => s.Path).ToList();
            await ComposeAsync(scripts.Load(main), runtime, model, stop);
            await plugins.FinishAsync(model);
            var found = new Diagnostics(mainFile, baseFolder, sources);
            foreach (var warning in main.Warnings)
            {
                LogWarning(warning);
            }

            var tls = new ListenerChecks(found, baseFolder, shared.Time).Read(model, files, owned);
            var images = new List<ScriptImage> { main };
            var phaseFiles = new PhaseFiles(
                request =>
                {
                    images.Add(Compile(request with { Extension = extension }, files, stop));
                    return images[^1];
                },
                scripts,
                found,
                baseFolder,
                files,
                LogWarning);
            var policies = PoliciesOf(plugins);
            var folding = new Folding(model, tls, shared, policies, phaseFiles, found, baseFolder, owned, setup.Outside.Trace);
            var (routes, noRoute, rewrite) = folding.Fold();
            var certificates = folding.Certificates();
            var trusted = folding.Trusted();
            policies.Check(images.SelectMany(i => i.Picks), found);
            found.ThrowIfErrors();
            foreach (var warning in found.Found)
            {
                LogWarning(warning);
            }

            var router = new Router(routes);
            owned.Add(router);
            var expiry = new CancellationTokenSource();
            var admin = new Snapshot
            {
                Number = number,
                Runtime = runtime,
                Limits = model.Limits,
                Trusted = TrustedProxies.None,
                Router = router.Match,
                NoRoute = folding.AdminPipeline(),
                Rewrite = null,
                AdminHandlers = [.. plugins.AdminHandlers.SelectMany(p => folding.Admin(p.Plugin, p.Handlers))],
                BaseFolder = baseFolder,
                Logger = _logger,
                Forwarder = forwarder,
                Expired = model.Limits.OldRequests is null ? CancellationToken.None : expiry.Token,
            };

            // The copy has the same gate: whoever uses one of the two uses the generation.
            var snapshot = admin with { Trusted = trusted, NoRoute = noRoute, Rewrite = rewrite, AdminHandlers = [], Admin = admin };
            var generation = new Generation
            {
                Number = number,
                Model = model,
                Snapshot = snapshot,
                Routes = [.. routes.Select(r => r.Pipeline)],
                Upstreams = folding.Upstreams,
                Timers = timers,
                Scripts = scripts,
                Plugins = plugins,
                Tls = tls,
                Certificates = certificates,
                Owned = owned,
                LoadBudget = LoadBudget,
                Expiry = expiry,
            };
            if (init)
            {
                await plugins.StartAsync(stop);
                await InitAsync(generation, stop);
            }

            Plugins = plugins.Infos;
            return generation;
        }
        catch
        {
            Plugins = plugins.Infos;
            timers.Stop();
            await plugins.EndAsync();
            owned.ForEach(o => o.Dispose());
            if (scripts.IsCollectible)
            {
                scripts.Unload();
            }

            plugins.Unload();
            throw;
        }
    }

    private ScriptImage Compile(ScriptRequest request, FileState files, CancellationToken stop)
    {
        try
        {
            var image = compiler.Compile(request, stop);
            files.Add(image.WatchList());

            // Only the compiler knows what a script loads, so these are looked at after they were read.
            var read = image.Sources.Select(s => (s.Path, s.Sha256)).Concat(image.Libraries.Select(l => (l.Path, l.Sha256)));
            foreach (var (path, hash) in read.Where(r => SourceFile.TryRead(r.Path)?.Sha256 != r.Sha256))
            {
                files.Outdated(path);
            }

            return image;
        }
        catch (ScriptException error)
        {
            files.Add(error.WatchedFiles);
            throw;
        }
    }

    private static async Task CallPluginAsync(Runtime runtime, GatewayModel? composition, Func<ValueTask> call)
    {
        var scope = new GuardScope { Runtime = runtime, Composition = composition };
        try
        {
            await ScopedCall.RunAsync(scope, LoadBudget, call);
        }
        finally
        {
            scope.Composition = null;
        }
    }

    // Not async: the scope lasts until the caller's own first part ends, and nothing hops to another thread.
    private static Task CallPlugin(Runtime runtime, GatewayModel? composition, Func<ValueTask> call)
    {
        var scope = new GuardScope { Runtime = runtime, Composition = composition };
        scope.Activate();
        try
        {
            return call().AsTask();
        }
        finally
        {
            scope.Composition = null;
        }
    }

    private Balancers PoliciesOf(PluginSet plugins)
    {
        var policies = new Dictionary<string, Func<ILoadBalancer>>(StringComparer.Ordinal);
        foreach (var (name, policy) in plugins.LoadBalancers)
        {
            policies.Add(name, policy.Make);
            if (!policy.IsShipped && (policy.Replaces || Balancers.IsTheGateways(name)) && _replacedPolicies.Add(name))
            {
                _logger.LogInformation("the load balancing policy '{Policy}' is plugins/{Plugin}'s from now on, not the gateway's own", name, policy.Plugin);
            }
        }

        return new Balancers(policies);
    }

    private async Task ComposeAsync(ScriptEntry entry, Runtime runtime, GatewayModel model, CancellationToken stop)
    {
        var scope = new GuardScope { Runtime = runtime, Composition = model };
        await RunAsync(scope, setup.MainFile, async () => await entry.RunAsync(globals: null), line: 1, stop);

        // From here on a handler that composes is told that it comes too late.
        scope.Composition = null;
    }

    private async Task InitAsync(Generation generation, CancellationToken stop)
    {
        foreach (var (call, source) in generation.Model.Init)
        {
            await RunAsync(new GuardScope { Runtime = generation.Snapshot.Runtime }, source.File.Length > 0 ? source.File : setup.MainFile, call, source.Line, stop);
        }
    }

    private async Task RunAsync(GuardScope scope, string file, Func<ValueTask> call, int line, CancellationToken stop)
    {
        var run = ScopedCall.RunAsync(scope, LoadBudget, call);
        try
        {
            await run.WaitAsync(LoadPatience, shared.Time, stop);
        }
        catch (TimeoutException) when (!run.IsCompleted)
        {
            var diagnostics = new Diagnostics(file, setup.BaseFolder, []);
            diagnostics.Error(
                new ScriptLocation(file, line),
                "SP1000",
                $"the load was given up after {LoadPatience.TotalSeconds} s: it still waits for something",
                "give what it awaits a time limit, or leave it to Every or After");
            throw new ScriptException(diagnostics.Found);
        }
        catch (Exception error) when (error is not ScriptException && !stop.IsCancellationRequested)
        {
            var told = ScriptErrors.Unwrap(error);
            var at = ScriptErrors.Locate(error) is { } found ? new ScriptLocation(found.File, found.Line) : new ScriptLocation(file, line);
            var diagnostics = new Diagnostics(file, setup.BaseFolder, []);
            diagnostics.Error(at, "SP1000", $"{told.GetType().Name}: {told.Message}");
            throw new ScriptException(diagnostics.Found);
        }
    }

    private static IConfigurationRoot ReadSettings(string baseFolder, string mainFile, IReadOnlyDictionary<string, string?>? first)
    {
        var path = Path.Combine(baseFolder, "appsettings.json");
        try
        {
            return new ConfigurationBuilder()
                .AddJsonFile(path, optional: true, reloadOnChange: false)
                .AddEnvironmentVariables()
                .AddInMemoryCollection(first)
                .Build();
        }
        catch (Exception error) when (error is InvalidDataException or FormatException)
        {
            var diagnostics = new Diagnostics(mainFile, baseFolder, []);
            var (line, reason) = error.GetBaseException() is JsonException { LineNumber: { } at } wrong
                ? ((int)at + 1, wrong.Message[..(wrong.Message.IndexOf(" LineNumber:", StringComparison.Ordinal) is > 0 and var end ? end : wrong.Message.Length)])
                : (1, error.InnerException?.Message ?? error.Message);
            diagnostics.Error(new ScriptLocation(path, line), "SP1001", reason);
            throw new ScriptException(diagnostics.Found);
        }
    }

    private void LogWarning(ScriptDiagnostic warning) => _logger.LogWarning("{Warning}", warning.ToString());
}
