using System.Net;
using System.Text;
using ScriptProxy.Testing.Memory;
using ScriptProxy.Testing.Recording;

namespace ScriptProxy.Testing;

/// <summary>A client of a gateway, at an address of its own. Each request has its own connection; it follows no redirects and keeps no cookies.</summary>
public sealed class TestClient
{
    private readonly MemoryTransport _transport;
    private readonly Func<IReadOnlyList<TestListener>> _listeners;
    private readonly IPEndPoint _from;
    private readonly TimeSpan _patience;

    internal TestClient(MemoryTransport transport, Func<IReadOnlyList<TestListener>> listeners, IPAddress from, TimeSpan patience)
    {
        _transport = transport;
        _listeners = listeners;
        _from = new IPEndPoint(from, 40000);
        _patience = patience;
    }

    /// <summary>A GET.</summary>
    /// <param name="target">A path, for the first listener; or a whole URL, whose port, or else whose scheme, chooses the listener.</param>
    /// <param name="headers">Sent along.</param>
    public Task<TestResponse> Get(string target, params (string Name, string Value)[] headers) => Send("GET", target, body: null, headers);

    /// <summary>A POST of text.</summary>
    /// <param name="target">As for <see cref="Get"/>.</param>
    /// <param name="body">Sent as UTF-8, as text/plain unless the headers say otherwise.</param>
    /// <param name="headers">Sent along.</param>
    public Task<TestResponse> Post(string target, string body, params (string Name, string Value)[] headers) => Send("POST", target, body, headers);

    /// <summary>Any method.</summary>
    /// <param name="method">GET, PURGE ...</param>
    /// <param name="target">As for <see cref="Get"/>.</param>
    /// <param name="body">Sent as UTF-8; null for none.</param>
    /// <param name="headers">Sent along.</param>
    public async Task<TestResponse> Send(string method, string target, string? body = null, params (string Name, string Value)[] headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        using var request = new HttpRequestMessage(new HttpMethod(method), target);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8);
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value) && request.Content is { } content)
            {
                content.Headers.Remove(name);
                content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return await Send(request);
    }

    /// <summary>Any request, also of HTTP/2: set its Version.</summary>
    /// <param name="request">Its address is a path or a whole URL.</param>
    /// <returns>When the body has come and Log has run.</returns>
    /// <exception cref="TimeoutException">It takes too long in real time: perhaps it waits for <see cref="TestGateway.Advance"/>.</exception>
    public async Task<TestResponse> Send(HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var tag = new RequestTag();
        using var handler = Handler(tag);
        using var client = new HttpMessageInvoker(handler, disposeHandler: false);
        using var limit = new CancellationTokenSource(_patience, TimeProvider.System);
        request.RequestUri = Locate(request.RequestUri);
        try
        {
            var answer = await AnswerAsync(client, request, tag, limit.Token);
            await (tag.Record?.Ended ?? Task.CompletedTask).WaitAsync(limit.Token);
            return answer;
        }
        catch (OperationCanceledException late) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException(
                $"{request.Method} {request.RequestUri}: no whole answer within {_patience.TotalSeconds} s of real time. The gateway's clock stands still until Advance moves it: begin the request, advance, then await it.",
                late);
        }
    }

    /// <summary>Begins a request whose answer streams. Dispose of the answer.</summary>
    /// <param name="request">Its address is a path or a whole URL.</param>
    /// <returns>When the headers have come; the body can be read as it comes.</returns>
    public async Task<HttpResponseMessage> Open(HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.RequestUri = Locate(request.RequestUri);
        var client = new HttpMessageInvoker(Handler(new RequestTag()));
        using var limit = new CancellationTokenSource(_patience, TimeProvider.System);
        try
        {
            var response = await client.SendAsync(request, limit.Token);
            response.Content = new OwningContent(response.Content, client);
            return response;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>For a client of your own that keeps connections: an HttpClient, a gRPC channel, ClientWebSocket.ConnectAsync. Takes whole URLs.</summary>
    public SocketsHttpHandler CreateHandler() => Handler(tag: null);

    private static async Task<TestResponse> AnswerAsync(HttpMessageInvoker client, HttpRequestMessage request, RequestTag tag, CancellationToken stop)
    {
        HttpResponseMessage response;
        try
        {
            response = await client.SendAsync(request, stop);
        }
        catch (HttpRequestException) when (tag.Record is not null)
        {
            return TestResponse.None(tag.Record);
        }

        using (response)
        {
            using var body = new MemoryStream();
            var whole = true;
            try
            {
                await using var stream = await response.Content.ReadAsStreamAsync(stop);
                await stream.CopyToAsync(body, stop);
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                whole = false;
            }

            return TestResponse.Of(response, body.ToArray(), whole, tag.Record);
        }
    }

    private SocketsHttpHandler Handler(RequestTag? tag)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            ConnectTimeout = Timeout.InfiniteTimeSpan,
            RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
            ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
            ConnectCallback = (context, _) => new ValueTask<Stream>(Connect(context.InitialRequestMessage.RequestUri!, tag)),
        };
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        return handler;
    }

    private Stream Connect(Uri to, RequestTag? tag)
    {
        var listener = Choose(to);
        return _transport.Connect(listener.At, _from, features =>
        {
            if (tag is not null)
            {
                features.Set(tag);
            }
        });
    }

    private Uri Locate(Uri? written)
    {
        var target = written?.OriginalString ?? "/";
        if (!target.StartsWith('/'))
        {
            return written is { IsAbsoluteUri: true } ? written : throw new ArgumentException($"'{target}' is neither a path that starts with '/' nor a URL", nameof(written));
        }

        var first = _listeners()[0];
        return new Uri($"{first.Scheme}://{first.Host}:{first.Port}{target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
    }

    private TestListener Choose(Uri to)
    {
        var listeners = _listeners();
        var scheme = to.Scheme switch { "ws" => "http", "wss" => "https", var other => other };
        return listeners.FirstOrDefault(l => l.Port == to.Port && l.Scheme == scheme)
            ?? listeners.FirstOrDefault(l => to.IsDefaultPort && l.Scheme == scheme)
            ?? throw new IOException($"nobody listens at {scheme}, port {to.Port}; there are: {string.Join(", ", listeners)}");
    }

    /// <summary>Ends the connection with the answer.</summary>
    private sealed class OwningContent : HttpContent
    {
        private readonly HttpContent _inner;
        private readonly HttpMessageInvoker _client;

        internal OwningContent(HttpContent inner, HttpMessageInvoker client)
        {
            _inner = inner;
            _client = client;
            foreach (var (name, values) in inner.Headers.NonValidated)
            {
                Headers.TryAddWithoutValidation(name, values);
            }
        }

        protected override Task<Stream> CreateContentReadStreamAsync() => _inner.ReadAsStreamAsync();

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => _inner.CopyToAsync(stream, context);

        protected override bool TryComputeLength(out long length)
        {
            length = _inner.Headers.ContentLength ?? 0;
            return _inner.Headers.ContentLength is not null;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _inner.Dispose();
                _client.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}

/// <summary>An open listener: how a client addresses it, and where it is in memory.</summary>
internal sealed record TestListener(string Scheme, string Host, int Port, EndPoint At)
{
    public override string ToString() => $"{Scheme}://{Host}:{Port}";
}
