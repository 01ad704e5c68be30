using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
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
        proxyRequest.RequestUri = Targets.Make(exchange, destinationPrefix, exchange.Pipeline.StripPrefix);
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

        if (_upstream.Model.Via is ForwardedMode.Set or ForwardedMode.Append or ForwardedMode.Default)
        {
            httpContext.Response.Headers.Append("Via", $"{proxyResponse.Version} scriptproxy");
        }

        return exchange is { Answered: null, Pipeline: { UpstreamResponse: null, HeaderFilter: null } } ? copied : FilterAsync(httpContext);
    }

    private void Forward(HttpContext httpContext, HttpRequestMessage proxyRequest)
    {
        var request = httpContext.Request;
        var remote = httpContext.Connection.RemoteIpAddress;
        var peer = new ForwardedHop(remote, request.Scheme, request.Host.Value ?? "");
        var client = exchange.Snapshot.Trusted.IsEmpty ? peer : peer with { Ip = exchange.ClientIp };
        var options = RequestConfigs.Of(_upstream, exchange.Time).Forwarded(byTrusted: exchange.Snapshot.Trusted.Contains(remote));
        if (_upstream.PointsHome)
        {
            proxyRequest.Headers.TryAddWithoutValidation(Loops.Header, Loops.Name);
        }

        ForwardedHeaders.Apply(proxyRequest.Headers, options, peer, client, request.Protocol);
    }

    /// <summary>A handler changed the status: the peer's words for its own go, and so does its body where the new one has none.</summary>
    private static bool IsBodyOfNewStatus(HttpContext httpContext)
    {
        httpContext.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = null;
        if (!Answers.HasNoBody(httpContext.Response.StatusCode))
        {
            return true;
        }

        httpContext.Response.ContentLength = null;
        return false;
    }

    private async ValueTask<bool> FilterAsync(HttpContext httpContext)
    {
        var peers = httpContext.Response.StatusCode;
        try
        {
            if (exchange.Pipeline.UpstreamResponse is { } handlers)
            {
                var context = exchange.UpstreamResponseContext;
                context.Headers = httpContext.Response.Headers;
                context.StatusCode = httpContext.Response.StatusCode;
                exchange.Freshness = await Phases.FirstAsync(handlers, exchange, context, Freshness.Default);
                if (exchange is { MayRetry: true, Freshness.What: Freshness.Kind.Retry })
                {
                    RetryWanted = true;
                    return false;
                }

                httpContext.Response.StatusCode = context.StatusCode;
            }

            if (exchange.Answered is { } answered)
            {
                await answered(httpContext.Response.StatusCode, httpContext.Response.Headers);
            }

            await exchange.BeginAnswerAsync();
            return httpContext.Response.StatusCode == peers || IsBodyOfNewStatus(httpContext);
        }
        catch (HandlerFailedException error)
        {
            HandlerFailure = error;
            throw;
        }
    }
}
