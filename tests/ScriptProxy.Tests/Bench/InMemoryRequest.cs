using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using ScriptProxy.Core.Pipeline;

namespace ScriptProxy.Tests.Bench;

/// <summary>What a server hands to the gateway, without a socket, and used again for every request: it allocates nothing by itself.</summary>
internal sealed class InMemoryRequest : FeatureCollection,
    IHostContextContainer<Exchange>, IHttpRequestFeature, IHttpResponseFeature, IHttpResponseBodyFeature, IHttpRequestLifetimeFeature,
    IHttpRequestBodyDetectionFeature, IHttpRequestIdentifierFeature, IHttpConnectionFeature, IEndpointFeature, IRouteValuesFeature
{
    private readonly HeaderDictionary _requestHeaders = new() { ["Host"] = "localhost", ["X-Token"] = "t1" };
    private readonly HeaderDictionary _responseHeaders = new() { ["X-Served-By"] = "origin", ["Content-Type"] = "text/plain" };
    private readonly List<(Func<object, Task> Call, object State)> _onStarting = [];
    private readonly Sink _sink = new();
    private RouteValueDictionary _routeValues = [];

    internal InMemoryRequest() => Reset("/");

    Exchange? IHostContextContainer<Exchange>.HostContext { get; set; }

    string IHttpRequestFeature.Protocol { get; set; } = "HTTP/1.1";

    string IHttpRequestFeature.Scheme { get; set; } = "http";

    string IHttpRequestFeature.Method { get; set; } = "GET";

    string IHttpRequestFeature.PathBase { get; set; } = "";

    string IHttpRequestFeature.Path { get; set; } = "/";

    string IHttpRequestFeature.QueryString { get; set; } = "";

    string IHttpRequestFeature.RawTarget { get; set; } = "/";

    IHeaderDictionary IHttpRequestFeature.Headers { get => _requestHeaders; set => throw new NotSupportedException(); }

    Stream IHttpRequestFeature.Body { get; set; } = Stream.Null;

    bool IHttpRequestBodyDetectionFeature.CanHaveBody => false;

    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    string? IHttpResponseFeature.ReasonPhrase { get; set; }

    IHeaderDictionary IHttpResponseFeature.Headers { get => _responseHeaders; set => throw new NotSupportedException(); }

    Stream IHttpResponseFeature.Body { get => Stream.Null; set => throw new NotSupportedException(); }

    public bool HasStarted { get; private set; }

    internal long BytesWritten => _sink.Total;

    Stream IHttpResponseBodyFeature.Stream => Stream.Null;

    PipeWriter IHttpResponseBodyFeature.Writer => _sink;

    CancellationToken IHttpRequestLifetimeFeature.RequestAborted { get; set; }

    string IHttpRequestIdentifierFeature.TraceIdentifier { get; set; } = "in-memory";

    string IHttpConnectionFeature.ConnectionId { get; set; } = "in-memory";

    IPAddress? IHttpConnectionFeature.RemoteIpAddress { get; set; } = IPAddress.Loopback;

    IPAddress? IHttpConnectionFeature.LocalIpAddress { get; set; } = IPAddress.Loopback;

    int IHttpConnectionFeature.RemotePort { get; set; }

    int IHttpConnectionFeature.LocalPort { get; set; }

    Endpoint? IEndpointFeature.Endpoint { get; set; }

    RouteValueDictionary IRouteValuesFeature.RouteValues { get => _routeValues; set => _routeValues = value; }

    /// <summary>The next request.</summary>
    internal void Reset(string path)
    {
        ((IHttpRequestFeature)this).Path = path;
        ((IHttpRequestFeature)this).RawTarget = path;
        _responseHeaders.Clear();
        _onStarting.Clear();
        _sink.Reset();
        _routeValues.Clear();
        ((IEndpointFeature)this).Endpoint = null;
        StatusCode = StatusCodes.Status200OK;
        HasStarted = false;
        Set<IHttpRequestFeature>(this);
        Set<IHttpResponseFeature>(this);
        Set<IHttpResponseBodyFeature>(this);
        Set<IHttpRequestLifetimeFeature>(this);
        Set<IHttpRequestBodyDetectionFeature>(this);
        Set<IHttpRequestIdentifierFeature>(this);
        Set<IHttpConnectionFeature>(this);
        Set<IEndpointFeature>(this);
        Set<IRouteValuesFeature>(this);
    }

    void IHttpResponseFeature.OnStarting(Func<object, Task> callback, object state) => _onStarting.Add((callback, state));

    void IHttpResponseFeature.OnCompleted(Func<object, Task> callback, object state)
    {
        // Nothing that is driven here asks for it.
    }

    void IHttpResponseBodyFeature.DisableBuffering()
    {
        // Nothing is buffered.
    }

    /// <summary>What a server does before the first byte.</summary>
    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (!HasStarted)
        {
            for (var i = _onStarting.Count - 1; i >= 0; i--)
            {
                Assert.True(_onStarting[i].Call(_onStarting[i].State).IsCompletedSuccessfully);
            }

            HasStarted = true;
        }

        return Task.CompletedTask;
    }

    Task IHttpResponseBodyFeature.SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken) => throw new NotSupportedException();

    Task IHttpResponseBodyFeature.CompleteAsync() => StartAsync();

    void IHttpRequestLifetimeFeature.Abort() => throw new NotSupportedException();

    /// <summary>Takes what is written and forgets it.</summary>
    private sealed class Sink : PipeWriter
    {
        private readonly byte[] _room = new byte[256 * 1024];
        private long _unflushed;

        internal long Total { get; private set; }

        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => _unflushed;

        public override void Advance(int bytes)
        {
            _unflushed += bytes;
            Total += bytes;
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => _room;

        public override Span<byte> GetSpan(int sizeHint = 0) => _room;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            _unflushed = 0;
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: false));
        }

        public override void CancelPendingFlush()
        {
            // No flush is ever pending.
        }

        public override void Complete(Exception? exception = null)
        {
            // The next request writes again.
        }

        internal void Reset() => _unflushed = Total = 0;
    }
}
