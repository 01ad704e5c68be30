using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Forwarding;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Reloading;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Core.Yarp;

namespace ScriptProxy.Core.Hosting;

/// <summary>Everything that a gateway consists of, put together in one place; what programs and tests start.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly SharedState _shared;
    private readonly CompilerProcess? _compiler;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Reloader? _reloader;
    private Task _watch = Task.CompletedTask;

    internal GatewayProcess(GatewaySetup setup, ILoggerFactory loggers, TimeProvider time)
    {
        var logger = loggers.CreateLogger("ScriptProxy.Gateway");
        _services = new ServiceCollection()
            .AddSingleton(loggers)
            .AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddSingleton(time)
            .AddOptions()
            .AddYarpForwarder()
            .BuildServiceProvider();
        _shared = new SharedState(time, setup.Outside);
        _compiler = ScriptEngine.Process(setup, time, logger);
        Host = new GatewayHost(
            setup,
            _shared,
            new Http1Forwarder(_services.GetRequiredService<YarpForwarder>()),
            ScriptEngine.Create(setup, time, logger, _compiler),
            _services.GetRequiredService<IServiceScopeFactory>(),
            loggers);
        if (setup.Reload)
        {
            _reloader = new Reloader(() => Host.Seen, () => Host.Watched, async s => await Host.LoadAsync(s), time, logger);
            Host.Reload = _reloader.ForceAsync;
        }
    }

    internal GatewayHost Host { get; }

    /// <summary>Loads, listens, and watches the files from then on.</summary>
    /// <exception cref="ScriptException">What is wrong, by file and line; nothing listens then.</exception>
    internal async Task StartAsync(CancellationToken stop)
    {
        await Host.LoadAsync(stop);
        _watch = _reloader?.RunAsync(_stopping.Token) ?? Task.CompletedTask;
    }

    /// <summary>Loads again (SIGHUP).</summary>
    internal void Reload() => _ = _reloader?.ForceAsync();

    /// <summary>Stops accepting, lets requests end within the grace period, runs Exit.</summary>
    internal async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _watch;
        await Host.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Host.DisposeAsync();
        _compiler?.Dispose();
        _shared.Dispose();
        await _services.DisposeAsync();
        _stopping.Dispose();
    }
}
