using System.Collections.Concurrent;
using ScriptProxy.Core.Upstreams;
using Yarp.ReverseProxy.Forwarder;

namespace ScriptProxy.Core.Yarp;

/// <summary>With what, and within what limits, one request is forwarded.</summary>
internal sealed record Forwarding(HttpMessageInvoker Client, ForwarderRequestConfig Config);

/// <summary>An upstream's settings in the forwarder's terms, made once.</summary>
internal sealed class RequestConfigs
{
    private readonly ConcurrentDictionary<TimeSpan, Forwarding> _byTimeout = new();
    /// <summary>The forwarder's own limit is of the real clock: where time is another, it must not strike.</summary>
    private static readonly TimeSpan Never = TimeSpan.FromDays(1);

    private readonly Upstream _upstream;
    private readonly TimeProvider _time;

    private RequestConfigs(Upstream upstream, TimeProvider time)
    {
        _upstream = upstream;
        _time = time;
        Default = Make(upstream.Model.AnswerTimeout);
    }

    internal Forwarding Default { get; }

    internal static RequestConfigs Of(Upstream upstream, TimeProvider time)
    {
        var configs = upstream.ForwarderState as RequestConfigs;
        upstream.ForwarderState = configs ??= new RequestConfigs(upstream, time);
        return configs;
    }

    internal Forwarding WithTimeout(TimeSpan answer) => _byTimeout.TryGetValue(answer, out var known) ? known : _byTimeout.GetOrAdd(answer, Make);

    private Forwarding Make(TimeSpan answer)
    {
        var model = _upstream.Model;
        var real = _time == TimeProvider.System;

        // The forwarder has one limit for every wait: the longer one. The shorter wait for the answer is the client's to watch.
        var config = new ForwarderRequestConfig
        {
            ActivityTimeout = !real ? Never : answer > model.IdleTimeout ? answer : model.IdleTimeout,
            Version = model.HttpVersion,

            // With prior knowledge on http there is nothing lower to fall back to.
            VersionPolicy = model.HttpVersion.Major > 1 ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower,
        };
        return new Forwarding(new PeerClient(_upstream.Client, !real || answer < model.IdleTimeout ? answer : null, _time), config);
    }
}
