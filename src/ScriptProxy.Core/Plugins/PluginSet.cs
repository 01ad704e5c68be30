using System.Runtime.Loader;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Plugins;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Plugins;

/// <summary>Calls a plugin as code of its generation.</summary>
/// <param name="composing">What it calls of the script language may compose.</param>
/// <param name="inPlace">On the caller's thread, which it may hold up as long as it likes: for code that is trusted. It is quicker when the process has just begun.</param>
/// <param name="call">The plugin's method.</param>
internal delegate Task PluginCall(bool composing, bool inPlace, Func<ValueTask> call);

/// <summary>The plugins of one generation, from their files to their end.</summary>
internal sealed partial class PluginSet(int generation, PluginHome home, PluginCall call)
{
    private readonly List<LoadedPlugin> _plugins = [];
    private readonly List<PluginInfo> _others = [];

    /// <summary>All that lie in the folder, those that are refused as well.</summary>
    internal IReadOnlyList<PluginInfo> Infos => [.. _plugins.Where(p => !_others.Exists(o => o.Name == p.Name)).Select(p => p.Info(generation)).Concat(_others).OrderBy(p => p.Name, StringComparer.Ordinal)];

    /// <summary>Where each one's code lives.</summary>
    internal IEnumerable<(string Name, AssemblyLoadContext Context)> Contexts => _plugins.Select(p => (p.Name, p.Code.Context));

    /// <summary>Where the code lives that goes with this generation.</summary>
    internal IEnumerable<(string Name, AssemblyLoadContext Context)> Unloadable => Contexts.Where(p => p.Context.IsCollectible);

    internal ScriptExtension Extension => _plugins.Count == 0
        ? ScriptExtension.None
        : new([.. _plugins.SelectMany(p => p.Imports).Distinct(StringComparer.Ordinal)], [.. _plugins.Select(p => p.Library)]);

    /// <summary>Policies by name.</summary>
    internal Dictionary<string, SuppliedPolicy> LoadBalancers { get; } = new(StringComparer.Ordinal);

    /// <summary>What each answers on admin listeners.</summary>
    internal IEnumerable<(string Plugin, IReadOnlyList<(string Method, string Path, Handler<ContentContext, Verdict> Handler)> Handlers)> AdminHandlers =>
        _plugins.Where(p => p.Builder is { AdminHandlers.Count: > 0 }).Select(p => (p.Name, (IReadOnlyList<(string, string, Handler<ContentContext, Verdict>)>)p.Builder!.AdminHandlers));

    /// <summary>Reads, checks and loads every plugin of the folder, and those that come with the program where the folder has none of the name.</summary>
    /// <exception cref="ScriptException">What is wrong with each one.</exception>
    internal void Load()
    {
        var only = PluginLock.Read(home.BaseFolder);
        var found = new List<ScriptDiagnostic>();
        var own = home.Candidates;
        var built = own.Where(f => File.Exists(PluginHome.Main(f))).ToList();
        var shipped = home.Shipped.Where(f => !built.Exists(b => IsNamesake(b, f))).ToList();
        foreach (var folder in shipped.Concat(built))
        {
            try
            {
                _plugins.Add(shipped.Contains(folder) ? ShippedPlugins.Load(folder) : Load(folder, only));
            }
            catch (PluginException error)
            {
                found.Add(Refuse(folder, error));
            }
        }

        foreach (var folder in own.Except(built, StringComparer.Ordinal).Where(f => !shipped.Exists(s => IsNamesake(s, f))))
        {
            var name = Path.GetFileName(folder);
            _others.Add(new PluginInfo(name, null, folder, generation, [], PluginHome.IsSource(folder) ? PluginState.Source : PluginState.Incomplete));
            LogIncomplete(home.Logger, name);
        }

        ThrowIfAny(found);
    }

    /// <summary>Makes an instance of each and lets it say what it supplies.</summary>
    /// <param name="builder">Makes what a plugin of this name, in this folder, registers with.</param>
    /// <exception cref="ScriptException">What is wrong with each one.</exception>
    internal async Task RegisterAsync(Func<string, string, PluginBuilder> builder)
    {
        var found = new List<ScriptDiagnostic>();
        foreach (var plugin in _plugins.ToList())
        {
            try
            {
                await RegisterAsync(plugin, builder(plugin.Name, plugin.Folder));
            }
            catch (PluginException error)
            {
                found.Add(Refuse(plugin.Folder, error));
            }
        }

        ThrowIfAny(found);
    }

    /// <summary>Lets each see every route, now that scripts have composed them.</summary>
    /// <exception cref="ScriptException">One of them failed.</exception>
    internal async Task FinishAsync(GatewayModel model)
    {
        foreach (var plugin in _plugins.Where(p => p.Builder is { Finishers.Count: > 0 }))
        {
            try
            {
                await CallAsync(plugin.IsShipped, nameof(PluginBuilder.Composed), composing: true, () => Finish(plugin.Builder!, model), home.StartPatience);
            }
            catch (PluginException error)
            {
                throw new ScriptException([Refuse(plugin.Folder, error)]);
            }
        }
    }

    /// <summary>Starts each, in the order of their names.</summary>
    /// <exception cref="ScriptException">One of them failed.</exception>
    internal async Task StartAsync(CancellationToken stop)
    {
        foreach (var plugin in _plugins)
        {
            try
            {
                // From here on it may have begun something, even where it throws.
                plugin.State = PluginState.Running;
                await CallAsync(plugin.IsShipped, nameof(IGatewayPlugin.StartAsync), composing: false, () => plugin.Instance!.StartAsync(stop), home.StartPatience);
            }
            catch (PluginException error)
            {
                throw new ScriptException([Refuse(plugin.Folder, error)]);
            }
        }
    }

    /// <summary>Drains and disposes of each, the last one first. What they throw is logged and harms nobody else.</summary>
    internal async Task EndAsync()
    {
        foreach (var plugin in _plugins.AsEnumerable().Reverse().Where(p => p.Instance is not null))
        {
            var instance = plugin.Instance!;
            if (plugin.State == PluginState.Running)
            {
                using var limit = new CancellationTokenSource(home.EndPatience, home.Time);
                await EndAsync(plugin, nameof(IGatewayPlugin.DrainAsync), () => instance.DrainAsync(limit.Token));
            }

            await EndAsync(plugin, nameof(IGatewayPlugin.DisposeAsync), instance.DisposeAsync);
            plugin.State = PluginState.Ended;
        }
    }

    /// <summary>Lets go of their code.</summary>
    internal void Unload()
    {
        _plugins.ForEach(p => p.Unload());
        _plugins.Clear();
        LoadBalancers.Clear();
    }

    private static bool IsNamesake(string folder, string other) => Path.GetFileName(folder) == Path.GetFileName(other);

    private LoadedPlugin Load(string folder, PluginLock? only)
    {
        var name = Path.GetFileName(folder);
        if (PluginCode.IsShared(name) || typeof(PluginSet).Assembly.GetName().Name == name)
        {
            throw new PluginException("SP2001", $"the name {name} is the gateway's own", "give the folder and the dll another name");
        }

        var files = PluginFiles.Read(folder);
        only?.Verify(files);
        PluginAssembly.Check(files, home.Provided);
        var copy = Copy(files);
        try
        {
            return new LoadedPlugin(PluginCode.Load(files, copy.Folder, home.Unloadable), copy);
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    private PluginCopies.Copy Copy(PluginFiles files)
    {
        try
        {
            return home.Copies.Rent(files);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PluginException("SP2001", $"it cannot be copied to {Path.GetTempPath()}: {error.Message}");
        }
    }

    private async Task RegisterAsync(LoadedPlugin plugin, PluginBuilder builder)
    {
        var type = plugin.Code.EntryType();
        await CallAsync(plugin.IsShipped, "the constructor", composing: false, () =>
        {
            plugin.Instance = (IGatewayPlugin)Activator.CreateInstance(type)!;
            return default;
        }, home.StartPatience);
        plugin.Builder = builder;
        try
        {
            await CallAsync(plugin.IsShipped, nameof(IGatewayPlugin.Register), composing: true, () =>
            {
                plugin.Instance!.Register(builder);
                return default;
            }, home.StartPatience);
        }
        finally
        {
            builder.Close();
        }

        plugin.Imports = plugin.Code.Imports(builder.Imports);
        foreach (var (name, make) in builder.LoadBalancers)
        {
            if (LoadBalancers.GetValueOrDefault(name) is { } other && !other.IsShipped)
            {
                throw new PluginException("SP2004", $"the load balancing policy '{name}' is supplied by plugins/{other.Plugin} already");
            }

            LoadBalancers[name] = new SuppliedPolicy(plugin.Name, plugin.IsShipped, LoadBalancers.ContainsKey(name), () => Make(plugin.Name, name, make));
        }

        plugin.State = PluginState.Registered;
    }

    private ValueTask Finish(PluginBuilder plugin, GatewayModel model)
    {
        // As if it lay beside proxy.csx, also where it comes with the program: in tables that says more than where that lies.
        string Place(string file) => Path.Combine(home.Folder, plugin.Name, Path.GetFileName(plugin.Place(file)));
        foreach (var route in model.Routes.Append(model.NoRoute).Select(r => new ComposedRoute(model, r, Place)))
        {
            plugin.Finishers.ForEach(finish => finish(route));
        }

        return default;
    }

    private static ILoadBalancer Make(string plugin, string name, Func<ILoadBalancer> make)
    {
        try
        {
            return make() ?? throw new InvalidOperationException("it is null");
        }
        catch (Exception error)
        {
            throw new PluginException("SP2005", $"plugins/{plugin} failed to make the policy '{name}': {error.GetType().Name}: {error.Message}");
        }
    }

    private async Task CallAsync(bool inPlace, string what, bool composing, Func<ValueTask> method, TimeSpan patience)
    {
        var run = Task.CompletedTask;
        try
        {
            run = call(composing, inPlace, method);
            await run.WaitAsync(patience, home.Time);
        }
        catch (TimeoutException) when (!run.IsCompleted)
        {
            throw new PluginException("SP2005", $"{what} was given up after {patience.TotalSeconds} s: it still waits for something");
        }
        catch (Exception error)
        {
            var told = ScriptErrors.Unwrap(error);
            throw told is PluginOptionsException
                ? new PluginException("SP2004", told.Message)
                : new PluginException("SP2005", $"{what} failed: {PluginErrors.Describe(told)}");
        }
    }

    private async Task EndAsync(LoadedPlugin plugin, string what, Func<ValueTask> method)
    {
        try
        {
            await CallAsync(plugin.IsShipped, what, composing: false, method, home.EndPatience);
        }
        catch (PluginException error)
        {
            LogEnd(home.Logger, plugin.Name, error.Message);
        }
    }

    private ScriptDiagnostic Refuse(string folder, PluginException error)
    {
        var name = Path.GetFileName(folder);
        _others.Add(new PluginInfo(name, _plugins.Find(p => p.Name == name)?.Version, folder, generation, [], PluginState.Refused, Problem: error.Message));
        return new ScriptDiagnostic($"plugins/{name}", 0, 0, IsError: true, error.Code, error.Message, Hint: error.Hint);
    }

    private static void ThrowIfAny(List<ScriptDiagnostic> found)
    {
        if (found.Count > 0)
        {
            throw new ScriptException(found);
        }
    }

    [LoggerMessage(60, LogLevel.Debug, "plugins/{Name}: no plugin, or not yet: there is no dll of that name in it")]
    private static partial void LogIncomplete(ILogger logger, string name);

    [LoggerMessage(61, LogLevel.Error, "plugins/{Name}: {Reason}")]
    private static partial void LogEnd(ILogger logger, string name, string reason);
}
