using ScriptProxy.Core.Net;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Upstreams;

/// <summary>What an upstream is told of the client, by who sent the request.</summary>
internal sealed class ForwardedChoices(UpstreamModel model)
{
    private readonly ForwardedHeadersOptions _fromStrangers = Options(model, ForwardedAction.Set);
    private readonly ForwardedHeadersOptions _fromTrusted = Options(model, ForwardedAction.Append);

    internal ForwardedHeadersOptions Of(bool byTrusted) => byTrusted ? _fromTrusted : _fromStrangers;

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
