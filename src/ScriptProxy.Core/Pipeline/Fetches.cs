using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using ScriptProxy.Caching;
using ScriptProxy.Core.Bodies;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Pipeline;

/// <summary>What a cache asks of the upstream by itself: an exchange of its own, on the generation of the request that began it, which may outlive that request.</summary>
internal static class Fetches
{
    internal static CacheFetch Start(Exchange parent, string method, IHeaderDictionary headers)
    {
        var pipeline = parent.Pipeline.ForFetches;
        if (parent.Pipeline.BodyFilter is not null)
        {
            BodyHeaders.AdjustRequest(headers);
        }

        var response = new SubrequestResponse(CancellationToken.None);
        var child = parent.Spawn(Features(parent, method, headers, response), isFetch: true);
        child.Enter(pipeline);
        child.ForwardTo = parent.ForwardTo;
        child.Http.Request.RouteValues = new RouteValueDictionary(parent.Http.Request.RouteValues);
        parent.CopyStateTo(child);

        var fetch = new Fetch(response);
        response.OnStarting(
            static state =>
            {
                var (fetch, child) = ((Fetch, Exchange))state;
                fetch.Note(child);
                return Task.CompletedTask;
            },
            (fetch, child));

        // Whoever began it may be gone long before it ends: nothing of that request's context is to flow into it.
        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(() => RunAsync(child, fetch, response), CancellationToken.None);
        }

        return fetch;
    }

    internal static ValueTask PassAsync(Exchange exchange) => Attempts.RunAsync(exchange, exchange.Pipeline, exchange.ForwardTo!);

    private static async Task RunAsync(Exchange child, Fetch fetch, SubrequestResponse response)
    {
        try
        {
            child.Scope.Activate();
            await Attempts.RunAsync(child, child.Pipeline, child.ForwardTo!);
            response.RequestAborted.ThrowIfCancellationRequested();
            await response.CompleteAsync();
        }
        catch (Exception error)
        {
            if (!response.HasStarted)
            {
                fetch.Note(child);
            }

            response.Fail(error);
        }
        finally
        {
            child.Finish();
            response.Dispose();
        }
    }

    private static FeatureCollection Features(Exchange parent, string method, IHeaderDictionary headers, SubrequestResponse response)
    {
        var request = parent.Http.Request;
        var connection = parent.Http.Connection;
        var features = new FeatureCollection(16);
        if (headers.Host.Count == 0)
        {
            headers.Host = request.Host.Value;
        }

        features.Set<IHttpRequestFeature>(new HttpRequestFeature
        {
            Method = method,
            Protocol = request.Protocol,
            Scheme = request.Scheme,
            Path = request.Path.Value ?? "",
            QueryString = request.QueryString.Value ?? "",

            // What the client wrote goes on as it is, unless a handler has changed it.
            RawTarget = parent is { PathUntouched: true, QueryUntouched: true } ? parent.UntouchedTarget ?? "" : "",
            Headers = headers,
            Body = Stream.Null,
        });
        features.Set<IHttpRequestBodyDetectionFeature>(NoBody.Instance);
        features.Set<IHttpResponseFeature>(response);
        features.Set<IHttpResponseBodyFeature>(response);
        features.Set<IHttpRequestLifetimeFeature>(response);
        features.Set<IHttpRequestIdentifierFeature>(new HttpRequestIdentifierFeature { TraceIdentifier = parent.Http.TraceIdentifier });

        // A copy: the connection may be another client's by the time it is read.
        features.Set<IHttpConnectionFeature>(new HttpConnectionFeature
        {
            ConnectionId = connection.Id,
            LocalIpAddress = connection.LocalIpAddress,
            LocalPort = connection.LocalPort,
            RemoteIpAddress = connection.RemoteIpAddress,
            RemotePort = connection.RemotePort,
        });
        return features;
    }

    private sealed class NoBody : IHttpRequestBodyDetectionFeature
    {
        internal static NoBody Instance { get; } = new();

        public bool CanHaveBody => false;
    }

    private sealed class Fetch : CacheFetch
    {
        private readonly SubrequestResponse _response;
        private readonly Stream _body;
        private Peer? _peer;
        private int _attempts;
        private (long Started, long Received) _times;
        private IReadOnlyList<(object Key, object Box)> _state = [];
        private Freshness? _freshness;

        internal Fetch(SubrequestResponse response)
        {
            _response = response;
            _body = response.Reader.AsStream();

            // A fetch that nobody waits for any more may fail unseen.
            _ = response.Started.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }

        public override Task Started => _response.Started;

        public override int StatusCode => _response.StatusCode;

        public override IHeaderDictionary Headers => _response.Headers;

        public override Freshness? Freshness => _freshness;

        public override Stream Body => _body;

        public override ValueTask DisposeAsync() => _body.DisposeAsync();

        internal void Note(Exchange child)
        {
            _peer = child.Peer;
            _attempts = child.Attempts;
            _times = (child.AttemptStarted, child.HeadersReceived);
            _freshness = child.Freshness;
            _state = child.StateSoFar();
        }

        internal override void ReportTo(ExchangeState exchange)
        {
            exchange.Peer = _peer;
            exchange.Attempts += _attempts;
            exchange.Merge(_state);
            if (exchange is Exchange own)
            {
                (own.AttemptStarted, own.HeadersReceived) = _times;
            }
        }
    }
}
