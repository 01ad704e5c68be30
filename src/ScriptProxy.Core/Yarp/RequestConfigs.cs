using System.Collections.Concurrent;
using ScriptProxy.Core.Net;
using ScriptProxy.Core.Upstreams;
using ScriptProxy.Runtime;
using Yarp.ReverseProxy.Forwarder;

namespace ScriptProxy.Core.Yarp;

/// <summary>An upstream's settings in the forwarder's terms, made once.</summary>
internal sealed class RequestConfigs
{
    private readonly ConcurrentDictionary<TimeSpan, ForwarderRequestConfig> _byTimeout = new();
    private readonly ForwardedHeadersOptions _fromStrangers;
    private readonly ForwardedHeadersOptions _fromTrusted;

    private RequestConfigs(Upstream upstream)
    {
        var model = upstream.Model;
        Client = new PromptUploads(upstream.Client);
        Default = new ForwarderRequestConfig
        {
            ActivityTimeout = model.AnswerTimeout,
            Version = model.HttpVersion,

            // With prior knowledge on http there is nothing lower to fall back to.
            VersionPolicy = model.HttpVersion.Major > 1 ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower,
        };
        _fromStrangers = Options(model, ForwardedAction.Set);
        _fromTrusted = Options(model, ForwardedAction.Append);
    }

    internal ForwarderRequestConfig Default { get; }

    /// <summary>The upstream's connections.</summary>
    internal HttpMessageInvoker Client { get; }

    internal static RequestConfigs Of(Upstream upstream)
    {
        var configs = upstream.ForwarderState as RequestConfigs;
        upstream.ForwarderState = configs ??= new RequestConfigs(upstream);
        return configs;
    }

    internal ForwarderRequestConfig WithTimeout(TimeSpan answer) => _byTimeout.GetOrAdd(answer, a => Default with { ActivityTimeout = a });

    internal ForwardedHeadersOptions Forwarded(bool byTrusted) => byTrusted ? _fromTrusted : _fromStrangers;

    private static ForwardedHeadersOptions Options(UpstreamModel model, ForwardedAction byDefault)
    {
        ForwardedAction Action(ForwardedMode mode) => mode switch
        {
            ForwardedMode.Set => ForwardedAction.Set,
            ForwardedMode.Append => ForwardedAction.Append,
            ForwardedMode.Remove => ForwardedAction.Remove,
            ForwardedMode.Pass => ForwardedAction.None,
            _ => byDefault,
        };
        var x = Action(model.Forwarded);

        // Scheme and host are one value each: what a trusted proxy said has been taken over into the request.
        var single = x == ForwardedAction.Append ? ForwardedAction.Set : x;
        return new ForwardedHeadersOptions { For = x, Proto = single, Host = single, Forwarded = Action(model.ForwardedRfc7239), Via = Action(model.Via) };
    }
}
