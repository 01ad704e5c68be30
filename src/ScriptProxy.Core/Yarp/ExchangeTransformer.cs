using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Bodies;
using ScriptProxy.Core.Net;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Upstreams;
using Yarp.ReverseProxy.Forwarder;

namespace ScriptProxy.Core.Yarp;

/// <summary>Hooks the phases on both sides of the peer into YARP's forwarding. One per exchange, used again with it.</summary>
internal sealed class ExchangeTransformer(Exchange exchange) : HttpTransformer
{
    private OutgoingHeaders? _outgoing;
    private Upstream _upstream = null!;

    /// <summary>What a handler threw: YARP takes it for a failure of the peer.</summary>
    internal Exception? HandlerFailure { get; private set; }

    internal bool RetryWanted { get; private set; }

    internal void Begin(Upstream upstream)
    {
        _upstream = upstream;
        HandlerFailure = null;
        RetryWanted = false;
    }

    /// <summary>An idle connection keeps this object; it must not keep a generation that was replaced.</summary>
    internal void End() => _upstream = null!;

    public override ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        // Complete when it returns.
        var copied = base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.RequestUri = Targets.Make(destinationPrefix, Targets.Make(exchange, exchange.Pipeline.StripPrefix));
        proxyRequest.Headers.Host = _upstream.Model.KeepHost ? httpContext.Request.Host.Value : _upstream.Model.Host;
        Forward(httpContext, proxyRequest);
        if (exchange.Pipeline.BodyFilter is not null)
        {
            BodyHeaders.AdjustRequest(proxyRequest.Headers);
        }

        return exchange.Pipeline.UpstreamRequest is { } handlers ? ChangeAsync(proxyRequest, handlers) : copied;
    }

    private async ValueTask ChangeAsync(HttpRequestMessage proxyRequest, PhaseHandler<UpstreamRequestContext, Runtime.Nothing>[] handlers)
    {
        _outgoing ??= new OutgoingHeaders();
        _outgoing.Attach(proxyRequest);
        var context = exchange.UpstreamRequestContext;
        context.Headers = _outgoing;
        context.Method = proxyRequest.Method.Method;
        context.Address = proxyRequest.RequestUri!;
        try
        {
            await Phases.AllAsync(handlers, exchange, context);
            proxyRequest.RequestUri = context.Address;
            if (context.Method != proxyRequest.Method.Method)
            {
                proxyRequest.Method = new HttpMethod(context.Method);
            }
        }
        catch (HandlerFailedException error)
        {
            HandlerFailure = error;
            throw;
        }
    }

    public override ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null)
        {
            return new ValueTask<bool>(false);
        }

        exchange.HeadersReceived = exchange.Time.GetTimestamp();
        exchange.UpstreamStatus = (int)proxyResponse.StatusCode;
        var copied = base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        if (proxyResponse.Headers.NonValidated.TryGetValues("Connection", out var connection))
        {
            foreach (var line in connection)
            {
                HopByHop.RemoveNamed(httpContext.Response.Headers, line);
            }
        }

        UpstreamAnswer.AddVia(exchange, _upstream.Model.Via, proxyResponse.Version.ToString());
        var fate = UpstreamAnswer.FilterAsync(exchange);
        return fate is { IsCompletedSuccessfully: true, Result: UpstreamAnswer.Fate.Send } ? copied : FollowAsync(fate);
    }

    private void Forward(HttpContext httpContext, HttpRequestMessage proxyRequest)
    {
        var (peer, client, options) = Hops.Of(exchange, _upstream);
        if (_upstream.PointsHome)
        {
            proxyRequest.Headers.TryAddWithoutValidation(Loops.Header, Loops.Name);
        }

        ForwardedHeaders.Apply(proxyRequest.Headers, options, peer, client, httpContext.Request.Protocol);
    }

    private async ValueTask<bool> FollowAsync(ValueTask<UpstreamAnswer.Fate> fate)
    {
        try
        {
            var decided = await fate;
            RetryWanted = decided == UpstreamAnswer.Fate.Retry;
            return decided == UpstreamAnswer.Fate.Send;
        }
        catch (HandlerFailedException error)
        {
            HandlerFailure = error;
            throw;
        }
    }
}
