using System.Collections.Concurrent;
using ScriptProxy.Core.Upstreams;
using Yarp.ReverseProxy.Forwarder;

namespace ScriptProxy.Core.Yarp;

/// <summary>An upstream's settings in YARP's terms, made once.</summary>
internal sealed class RequestConfigs
{
    private readonly ConcurrentDictionary<TimeSpan, ForwarderRequestConfig> _byTimeout = new();

    internal RequestConfigs(Upstream upstream) => Default = new ForwarderRequestConfig
    {
        ActivityTimeout = upstream.Model.AnswerTimeout,
        Version = upstream.Model.HttpVersion,

        // With prior knowledge on http there is nothing lower to fall back to.
        VersionPolicy = upstream.Model.HttpVersion.Major > 1 ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower,
    };

    internal ForwarderRequestConfig Default { get; }

    internal ForwarderRequestConfig WithTimeout(TimeSpan answer) => _byTimeout.GetOrAdd(answer, a => Default with { ActivityTimeout = a });
}
