using Microsoft.Extensions.Logging;

namespace ScriptProxy.Core.Upstreams;

/// <summary>Asks the servers of an upstream again and again, for as long as its generation is the current one.</summary>
internal sealed partial class HealthChecks(TimeProvider time, ILogger logger)
{
    /// <summary>Runs until stopped. Every server is asked on its own, so that a slow one does not delay the others.</summary>
    internal async Task RunAsync(Upstream upstream, CancellationToken stopping)
    {
        if (upstream.Model.HealthCheck is not { } check)
        {
            return;
        }

        using var timer = new PeriodicTimer(check.Every, time);
        try
        {
            do
            {
                await Task.WhenAll(upstream.Peers.Select(peer => AskAsync(upstream, peer, check.Path, check.Timeout, stopping)));
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The next generation asks now.
        }
    }

    private async Task AskAsync(Upstream upstream, Peer peer, string path, TimeSpan timeout, CancellationToken stopping)
    {
        string? failure = null;
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(peer.Address, path))
            {
                Version = upstream.Model.HttpVersion,
                VersionPolicy = upstream.Model.HttpVersion.Major > 1 ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower,
            };
            if (upstream.Model.Host is { } host)
            {
                request.Headers.Host = host;
            }

            using var response = await upstream.Client.SendAsync(request, either.Token);
            if ((int)response.StatusCode is < 200 or >= 400)
            {
                failure = $"status {(int)response.StatusCode}";
            }
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            failure = $"no answer within {timeout.TotalSeconds} s";
        }
        catch (HttpRequestException error)
        {
            failure = error.Message;
        }

        stopping.ThrowIfCancellationRequested();
        if (peer.State.Unhealthy == failure is not null)
        {
            return;
        }

        peer.State.Unhealthy = failure is not null;
        if (failure is null)
        {
            LogUp(logger, upstream.Name, peer.Name);
        }
        else
        {
            LogDown(logger, upstream.Name, peer.Name, path, failure);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "upstream {Upstream}: {Peer} is up again")]
    private static partial void LogUp(ILogger logger, string upstream, string peer);

    [LoggerMessage(2, LogLevel.Warning, "upstream {Upstream}: {Peer} is down: health check {Path}: {Failure}")]
    private static partial void LogDown(ILogger logger, string upstream, string peer, string path, string failure);
}
