using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Reloading;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Core.Sharing;
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

        var scripts = new ScriptLoadContext($"generation {number}", isCollectible: setup.Reload);
        var timers = new Timers(shared.Time, _scriptLogger, TimeSpan.FromSeconds(1), baseFolder);
        var owned = new List<IDisposable>();
        try
        {
            var main = Compile(new ScriptRequest(mainFile, null, null), files, stop);
            var sources = main.Sources.Select(s => s.Path).ToList();
            var once = new OnceStore(shared.Time, timers.Stopping);
            var runtime = new Runtime(shared, ReadSettings(baseFolder, mainFile), _scriptLogger, once, timers);
            var model = await ComposeAsync(scripts.Load(main), runtime, stop);
            var found = new Diagnostics(mainFile, baseFolder, sources);
            foreach (var warning in main.Warnings)
            {
                LogWarning(warning);
            }

            var tls = new ListenerChecks(found, baseFolder, shared.Time).Read(model, files, owned);
            var phaseFiles = new PhaseFiles(request => Compile(request, files, stop), scripts, found, baseFolder, files, LogWarning);
            var folding = new Folding(model, tls, shared, phaseFiles, found, baseFolder, owned);
            var (routes, noRoute, rewrite) = folding.Fold();
            var certificates = folding.Certificates();
            found.ThrowIfErrors();
            foreach (var warning in found.Found)
            {
                LogWarning(warning);
            }

            var router = new Router(routes);
            owned.Add(router);
            var expiry = new CancellationTokenSource();
            var snapshot = new Snapshot
            {
                Number = number,
                Runtime = runtime,
                Limits = model.Limits,
                Trusted = folding.Trusted(),
                Router = router.Match,
                NoRoute = noRoute,
                Rewrite = rewrite,
                BaseFolder = baseFolder,
                Logger = _logger,
                Forwarder = forwarder,
                Expired = model.Limits.OldRequests is null ? CancellationToken.None : expiry.Token,
            };
            var generation = new Generation
            {
                Number = number,
                Model = model,
                Snapshot = snapshot,
                Routes = [.. routes.Select(r => r.Pipeline)],
                Upstreams = folding.Upstreams,
                Timers = timers,
                Scripts = scripts,
                Tls = tls,
                Certificates = certificates,
                Owned = owned,
                LoadBudget = LoadBudget,
                Expiry = expiry,
            };
            if (init)
            {
                await InitAsync(generation, stop);
            }

            return generation;
        }
        catch
        {
            timers.Stop();
            owned.ForEach(o => o.Dispose());
            if (scripts.IsCollectible)
            {
                scripts.Unload();
            }

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

    private async Task<GatewayModel> ComposeAsync(ScriptEntry entry, Runtime runtime, CancellationToken stop)
    {
        var model = new GatewayModel();
        var scope = new GuardScope { Runtime = runtime, Composition = model };
        await RunAsync(scope, setup.MainFile, async () => await entry.RunAsync(globals: null), line: 1, stop);

        // From here on a handler that composes is told that it comes too late.
        scope.Composition = null;
        return model;
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

    private static IConfigurationRoot ReadSettings(string baseFolder, string mainFile)
    {
        var path = Path.Combine(baseFolder, "appsettings.json");
        try
        {
            return new ConfigurationBuilder()
                .AddJsonFile(path, optional: true, reloadOnChange: false)
                .AddEnvironmentVariables()
                .Build();
        }
        catch (Exception error) when (error is InvalidDataException or FormatException)
        {
            var diagnostics = new Diagnostics(mainFile, baseFolder, []);
            diagnostics.Error(new ScriptLocation(path, 1), "SP1001", error.InnerException?.Message ?? error.Message);
            throw new ScriptException(diagnostics.Found);
        }
    }

    private void LogWarning(ScriptDiagnostic warning) => _logger.LogWarning("{Warning}", warning.ToString());
}
