using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using ScriptProxy.Core.Bodies;
using ScriptProxy.Core.Http1;
using ScriptProxy.Core.Net;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Upstreams;

namespace ScriptProxy.Core.Forwarding;

/// <summary>
/// One attempt at one peer: the request's head, its body, the answer's head, handlers, the answer's body. One per exchange, used again with it.
/// </summary>
/// <remarks>
/// Whatever breaks off an exchange closes its connection, and what waits there fails: so no step needs a token, and the reason is asked for afterwards.
/// </remarks>
internal sealed partial class Http1Trip
{
    private readonly Exchange _exchange;
    private readonly OutgoingHead _head = new();
    private readonly PooledBuffer _out = new();
    private readonly ChunkedBody _chunks = new();
    private Upstream _upstream = null!;
    private PeerConnection? _connection;
    private Upload? _upload;
    private Task _uploading = Task.CompletedTask;
    private Action<PeerConnection>? _passed;
    private bool _isLate;
    private bool _clientIsLate;
    private string _method = "";
    private bool _clientWaits;

    internal Http1Trip(Exchange exchange) => _exchange = exchange;

    private HttpContext Context => _exchange.Http;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<ForwardOutcome> RunAsync(Upstream upstream, Peer peer)
    {
        _upstream = upstream;
        CancellationTokenRegistration aborted = default;
        try
        {
            var request = await PrepareAsync(peer);
            var gone = Context.RequestAborted;
            aborted = gone.UnsafeRegister(static trip => ((Http1Trip)trip!).Break(), this);
            var connections = upstream.Connections!.To(request.Address);
            for (var fresh = false; ; fresh = true)
            {
                var connection = (fresh ? null : connections.TryTake()) ?? await connections.ConnectAsync(gone);

                connection.Passed = _passed ??= Pass;

                // Set before the token is looked at, as who cancels it sets the token before it looks for a connection.
                Interlocked.Exchange(ref _connection, connection);
                gone.ThrowIfCancellationRequested();
                try
                {
                    await AskAsync(connection, request);

                    // Here and not in a method of its own: while the peer is waited for, every method in between would be kept on the heap.
                    while (!HasAnswer(connection))
                    {
                        connection.Received(await connection.ReceiveAsync());
                    }

                    break;
                }
                catch (Exception error) when (IsStale(connection, error) && CanAskAgain(connection))
                {
                    connection.Dispose();
                    _exchange.RewindBody();
                }
            }

            var retry = !await AnswerAsync(_connection!);

            // Waits for a callback that runs right now: after this the connection may be another exchange's.
            await aborted.DisposeAsync();
            if (_connection is { } good)
            {
                _connection = null;
                good.Home.Return(good);
            }

            return retry ? new ForwardOutcome(ForwardFailure.Retry, 0, null) : ForwardOutcome.Done;
        }
        catch (Exception error)
        {
            await BreakOffAsync();
            return Outcome(error);
        }
        finally
        {
            await aborted.DisposeAsync();
            End();
        }
    }

    /// <summary>The client left.</summary>
    private void Break()
    {
        Volatile.Read(ref _connection)?.Close();
        _upload?.Stop();
    }

    /// <summary>Time is over.</summary>
    private void Pass(PeerConnection connection)
    {
        if (!ReferenceEquals(Volatile.Read(ref _connection), connection))
        {
            // That of an exchange before.
            return;
        }

        _clientIsLate = _upload is { IsReading: true };
        _upload?.Stop();
        if (_clientWaits)
        {
            // The client takes nothing of what waits for it: there is nobody to tell.
            Context.Abort();
        }
    }

    private ValueTask<Asked> PrepareAsync(Peer peer)
    {
        var request = Context.Request;
        var model = _upstream.Model;
        _method = request.Method;
        var target = Targets.Make(_exchange, _exchange.Pipeline.StripPrefix);
        _head.CopyFrom(request.Headers);
        var host = model.KeepHost ? request.Host.Value : model.Host;
        _head["Host"] = string.IsNullOrEmpty(host) ? StringValues.Empty : host;
        if (_upstream.PointsHome)
        {
            _head[Loops.Header] = StringValues.Concat(_head[Loops.Header], Loops.Name);
        }

        var (hop, client, options) = Hops.Of(_exchange, _upstream);
        ForwardedHeaders.Apply(_head, options, hop, client, request.Protocol);
        if (_exchange.Pipeline.BodyFilter is not null)
        {
            BodyHeaders.AdjustRequest(_head);
        }

        return _exchange.Pipeline.UpstreamRequest is { } handlers
            ? ChangeAsync(peer, target, handlers)
            : new ValueTask<Asked>(new Asked(_upstream.AddressOf(peer), host, target));
    }

    private async ValueTask<Asked> ChangeAsync(Peer peer, string target, PhaseHandler<UpstreamRequestContext, Runtime.Nothing>[] handlers)
    {
        var context = _exchange.UpstreamRequestContext;
        var address = Targets.Make(peer.Prefix, target);
        context.Headers = _head;
        context.Method = _method;
        context.Address = address;
        await Phases.AllAsync(handlers, _exchange, context);
        _method = context.Method;
        var host = _head["Host"];
        return ReferenceEquals(context.Address, address)
            ? new Asked(_upstream.AddressOf(peer), host, target)
            : new Asked(new UpstreamAddress(context.Address), host, context.Address.PathAndQuery, wholePath: true);
    }

    /// <summary>Sends the request, or begins to where it has a body.</summary>
    private ValueTask AskAsync(PeerConnection connection, in Asked asked)
    {
        var request = Context.Request;
        var hasBody = HasBody();
        long? length = hasBody ? _head.ContentLength : 0;
        if (!hasBody)
        {
            // The length of a body that does not come would keep the peer waiting.
            _head.Remove("Content-Length");
            if (request.ContentLength == 0 || HttpMethods.IsPost(_method) || HttpMethods.IsPut(_method) || HttpMethods.IsPatch(_method))
            {
                _head.SetLength(0);
            }
        }

        _out.Clear();
        _head.Write(_out, _method, asked.Host, asked.BasePath, asked.Target, chunked: length is null, WantsTrailers());
        var answer = _exchange.Pipeline.Timeout ?? _upstream.Model.AnswerTimeout;
        connection.Head.Begin();
        if (hasBody)
        {
            _upload = new Upload(Context, connection, length, expects: IsExpected(request));
            _uploading = _upload.RunAsync(_out, _upstream.Model.IdleTimeout, answer, connection.Close);
            return default;
        }

        connection.Deadline.Expect(answer);
        return connection.SendAsync(_out.Memory);
    }

    /// <summary>Takes the head of the answer off what was received, and what comes before it.</summary>
    /// <returns>False where more must be received.</returns>
    private bool HasAnswer(PeerConnection connection)
    {
        var head = connection.Head;
        while (head.Read(connection.Buffered) is > 0 and var length)
        {
            connection.Take(length);
            switch (head.Status)
            {
                case StatusCodes.Status101SwitchingProtocols:
                    throw new PeerFaultException("it switched protocols, and nobody asked it to");
                case >= 200:
                    _upload?.Answered();
                    return true;
                case StatusCodes.Status100Continue:
                    _upload?.Continue();
                    break;
            }
        }

        return !connection.IsAtEnd
            ? false
            : throw new PeerFaultException(connection.HasRead ? "it closed the connection in the middle of its answer's head" : "it closed the connection without an answer");
    }

    /// <summary>A connection that was kept broke off before a byte of the answer: the peer may have closed it while nobody used it.</summary>
    private static bool IsStale(PeerConnection connection, Exception error) =>
        connection is { WasUsed: true, HasRead: false } && error is IOException or SocketException or ObjectDisposedException;

    /// <summary>The peer had closed the connection before it saw the request, as far as one can tell; asked twice the request must be the same as asked once (RFC 9110, 9.2.2).</summary>
    private bool CanAskAgain(PeerConnection connection) =>
        _method is "GET" or "HEAD" or "OPTIONS" or "TRACE" or "PUT" or "DELETE"
        && !connection.Deadline.HasPassed
        && !Context.RequestAborted.IsCancellationRequested
        && (_upload is null or { HasBegun: false } || _exchange.CanSendBodyAgain)
        && _uploading.IsCompleted;

    private bool HasBody() => Context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true };

    private static bool IsExpected(HttpRequest request) =>
        request.Headers.Expect is [{ } expected] && expected.Equals("100-continue", StringComparison.OrdinalIgnoreCase);

    /// <summary>Over HTTP/2 a client says by itself that it takes trailers; over 1.1 the word is for one hop, and there is no way to pass them.</summary>
    private bool WantsTrailers()
    {
        var request = Context.Request;
        if (request.Headers.TE.Count == 0 || HttpProtocol.IsHttp11(request.Protocol) || HttpProtocol.IsHttp10(request.Protocol))
        {
            return false;
        }

        return request.Headers.TE.Any(te => te?.Contains("trailers", StringComparison.OrdinalIgnoreCase) == true);
    }

    /// <summary>Nothing of this exchange is to go on behind its back.</summary>
    private async ValueTask BreakOffAsync()
    {
        _isLate |= _connection is { Deadline.HasPassed: true };
        _connection?.Dispose();
        _connection = null;
        _upload?.Stop();
        await _uploading;
    }

    private void End()
    {
        _upload = null;
        _uploading = Task.CompletedTask;
        _connection = null;
        _clientWaits = _isLate = _clientIsLate = false;

        // An idle client's connection keeps this object; it must not keep a generation that was replaced.
        _upstream = null!;
        _out.Release();
    }

    /// <summary>What is asked for, and of whom.</summary>
    private readonly struct Asked(UpstreamAddress at, string? host, string target, bool wholePath = false)
    {
        internal PeerAddress Address { get; } = at.For(host);

        internal string Host { get; } = string.IsNullOrEmpty(host) ? at.Authority : host;

        internal string BasePath { get; } = wholePath ? "" : at.BasePath;

        internal string Target { get; } = target;
    }
}
