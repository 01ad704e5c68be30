using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Core.Hosting;

/// <summary>The open listeners. A reload opens what is new before the swap and closes what is gone after it; what stays is not touched.</summary>
internal sealed partial class Listeners(
    Func<ListenerKey, IHttpApplication<Exchange>> application, Func<ListenerKey, TlsHandshakeCallbackOptions> tls, ILoggerFactory loggers, GatewaySetup setup)
{
    private readonly ILogger _logger = loggers.CreateLogger("ScriptProxy.Gateway");
    private readonly Dictionary<ListenerKey, ListenerServer> _open = [];

    internal IReadOnlyList<(ListenerKey Key, string Address)> Open => [.. _open.Values.Select(l => (l.Key, l.Address))];

    /// <summary>Opens the listeners that are not open yet: all of them or none.</summary>
    /// <exception cref="ScriptException">Which address could not be opened, why, and which line asks for it.</exception>
    internal async Task<IReadOnlyList<ListenerServer>> PrepareAsync(Generation generation, CancellationToken stop)
    {
        var opened = new List<ListenerServer>();
        foreach (var listener in generation.Tls)
        {
            if (_open.ContainsKey(listener.Key))
            {
                continue;
            }

            try
            {
                if (_open.Keys.FirstOrDefault(o => o.Port == listener.Key.Port && o.Port != 0 && o.Host == listener.Key.Host) is { } other)
                {
                    throw new IOException($"{other.Display} is open there, and what a port speaks cannot change in one step: save without it first, or start again");
                }

                opened.Add(await ListenerServer.StartAsync(
                    listener.Key, generation.Model.Limits, listener.Key.IsTls ? tls(listener.Key) : null, application(listener.Key), setup.Outside.Transport, loggers, stop));
            }
            catch (IOException error)
            {
                foreach (var before in opened)
                {
                    await before.DisposeAsync();
                }

                var found = new Diagnostics(setup.MainFile, setup.BaseFolder, []);
                found.Error(listener.Model.Source, "SP1020", $"cannot listen on {listener.Model.Url}: {error.Message}");
                throw new ScriptException(found.Found);
            }
        }

        return opened;
    }

    /// <summary>Takes what was prepared, and closes what the generation no longer names: its requests under way may end.</summary>
    internal void Commit(Generation generation, IReadOnlyList<ListenerServer> opened)
    {
        foreach (var listener in opened)
        {
            _open.Add(listener.Key, listener);
        }

        var wanted = generation.Tls.Select(l => l.Key).ToHashSet();
        foreach (var gone in _open.Where(o => !wanted.Contains(o.Key)).Select(o => o.Value).ToList())
        {
            _open.Remove(gone.Key);
            _ = CloseAsync(gone, generation.Model.Limits.ShutdownGrace);
        }
    }

    internal async Task StopAsync(TimeSpan grace)
    {
        var open = _open.Values.ToList();
        _open.Clear();
        await Task.WhenAll(open.Select(l => CloseAsync(l, grace)));
    }

    private async Task CloseAsync(ListenerServer listener, TimeSpan grace)
    {
        using var atMost = new CancellationTokenSource(grace);
        try
        {
            await listener.StopAsync(atMost.Token);
            LogClosed(_logger, listener.Key.Display);
        }
        catch (Exception error)
        {
            LogCloseFailed(_logger, listener.Key.Display, error);
        }
    }

    [LoggerMessage(60, LogLevel.Debug, "no longer listening on {Address}")]
    private static partial void LogClosed(ILogger logger, string address);

    [LoggerMessage(61, LogLevel.Error, "{Address} could not be closed cleanly")]
    private static partial void LogCloseFailed(ILogger logger, string address, Exception error);
}
