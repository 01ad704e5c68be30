using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using ScriptProxy.Core.Bodies;
using ScriptProxy.Core.Http1;
using ScriptProxy.Core.Pipeline;

namespace ScriptProxy.Core.Forwarding;

/// <content>The way back.</content>
internal sealed partial class Http1Trip
{
    /// <summary>Sends the answer to the client, as handlers leave it.</summary>
    /// <returns>False where a handler wants another attempt instead. The connection is good for another exchange where it is still <see cref="_connection"/>.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> AnswerAsync(PeerConnection connection)
    {
        var head = connection.Head;
        _exchange.HeadersReceived = _exchange.Time.GetTimestamp();
        _exchange.UpstreamStatus = head.Status;
        var end = head.EndOf(_method);
        connection.Deadline.Expect(Timeout.InfiniteTimeSpan);
        CopyHead(head);
        UpstreamAnswer.AddVia(_exchange, _upstream.Model.Via, head.Version);
        var fate = await UpstreamAnswer.FilterAsync(_exchange);
        if (fate != UpstreamAnswer.Fate.Send || (head.Status == StatusCodes.Status205ResetContent && end != BodyEnd.None))
        {
            // The rest of it is not worth waiting for.
            await BreakOffAsync();
            return fate != UpstreamAnswer.Fate.Retry;
        }

        if (end != BodyEnd.None)
        {
            await CopyBodyAsync(connection, end);
        }

        if (_upload is not null)
        {
            await EndUploadAsync(head);
        }

        if (!connection.Deadline.Clear() || !head.KeepsConnection || end == BodyEnd.Close || _upload is { IsWhole: false })
        {
            await BreakOffAsync();
        }

        return true;
    }

    private void CopyHead(ResponseHead head)
    {
        var response = Context.Response;
        response.StatusCode = head.Status;
        if (head.Reason is { } reason)
        {
            Context.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = reason;
        }

        var headers = response.Headers;
        StringValues connection = default;
        var isEmpty = headers.Count == 0 && !head.SaysTwice;
        foreach (var (name, value) in head.Fields)
        {
            if (!OutgoingHead.IsOfOneHop(name))
            {
                // Beside what handlers have set before, and what it said before.
                headers[name] = !isEmpty && headers.TryGetValue(name, out var before) ? StringValues.Concat(before, value) : value;
            }
            else if (name.Equals("Connection", StringComparison.OrdinalIgnoreCase))
            {
                connection = StringValues.Concat(connection, value);
            }
        }

        // The length of a body that does not come is none; a 304 may tell that of the answer it stands for (RFC 9110, 8.6).
        if (head.ContentLength is { } length && (!Answers.HasNoBody(head.Status) || (length > 0 && head.Status == StatusCodes.Status304NotModified)))
        {
            headers.ContentLength = length;
        }

        foreach (var line in connection)
        {
            HopByHop.RemoveNamed(headers, line);
        }
    }

    /// <remarks>What has arrived goes on at once; a whole short body is left to the server, which sends it together with the head.</remarks>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask CopyBodyAsync(PeerConnection connection, BodyEnd end)
    {
        var writer = Context.Response.BodyWriter;
        var left = end == BodyEnd.Length ? connection.Head.ContentLength!.Value : long.MaxValue;
        if (end == BodyEnd.Chunks)
        {
            _chunks.Begin();
        }

        while (true)
        {
            var written = end == BodyEnd.Chunks ? WriteChunks(connection, writer) : WritePlain(connection, writer, ref left);
            if (left == 0 || (end == BodyEnd.Chunks && _chunks.IsOver))
            {
                if (written && !IsSentAtTheEnd())
                {
                    await FlushAsync(writer, connection);
                }

                break;
            }

            if (written)
            {
                await FlushAsync(writer, connection);
            }

            connection.Deadline.Expect(_upstream.Model.IdleTimeout);
            if (!connection.Received(await connection.ReceiveAsync(end switch { BodyEnd.Chunks => _chunks.Left, BodyEnd.Length => left, _ => 0 })))
            {
                if (end == BodyEnd.Close)
                {
                    break;
                }

                throw new PeerFaultException(end == BodyEnd.Length
                    ? $"it closed the connection {left} bytes before the end of its answer"
                    : "it closed the connection before the last chunk of its answer");
            }
        }

        if (end == BodyEnd.Chunks && _chunks.Trailers.Count > 0)
        {
            CopyTrailers();
        }
    }

    /// <summary>The server sends by itself what was written before it began, and only that; a stream that a handler put in its place sends nothing by itself.</summary>
    private bool IsSentAtTheEnd() =>
        !Context.Response.HasStarted
        && Context.Features.Get<IHttpResponseBodyFeature>() is var body
        && (body is ResponseBody || ReferenceEquals(body, Context.Features.Get<IHttpResponseFeature>()));

    private static bool WritePlain(PeerConnection connection, PipeWriter writer, ref long left)
    {
        var bytes = connection.Buffered;
        if (bytes.Length > left)
        {
            bytes = bytes[..(int)left];
        }

        if (bytes.IsEmpty)
        {
            return false;
        }

        writer.Write(bytes);
        connection.Take(bytes.Length);
        left -= bytes.Length;
        return true;
    }

    private bool WriteChunks(PeerConnection connection, PipeWriter writer)
    {
        var written = false;
        while (true)
        {
            var count = _chunks.Next(connection.Buffered, out var framing);
            connection.Take(framing);
            if (count == 0)
            {
                return written;
            }

            writer.Write(connection.Buffered[..count]);
            connection.Take(count);
            _chunks.Took(count);
            written = true;
        }
    }

    private ValueTask FlushAsync(PipeWriter writer, PeerConnection connection)
    {
        _clientWaits = true;
        connection.Deadline.Expect(_upstream.Model.IdleTimeout);
        var pending = writer.FlushAsync(CancellationToken.None);
        if (!pending.IsCompletedSuccessfully)
        {
            return AwaitAsync(pending);
        }

        Flushed(pending.Result);
        return default;

        async ValueTask AwaitAsync(ValueTask<FlushResult> pending) => Flushed(await pending);
    }

    private void Flushed(FlushResult result)
    {
        _clientWaits = false;
        if (result.IsCompleted && Context.RequestAborted.IsCancellationRequested)
        {
            throw new OperationCanceledException("the client left", Context.RequestAborted);
        }
    }

    private void CopyTrailers()
    {
        if (Context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers is not { IsReadOnly: false } trailers)
        {
            return;
        }

        foreach (var (name, value) in _chunks.Trailers)
        {
            if (OutgoingHead.MayTrail(name))
            {
                trailers.Append(name, value);
            }
        }
    }

    /// <summary>
    /// The answer is whole and the body is not: a peer that means to go on with the connection may still want the rest, and the client is not to wait
    /// for that. One that closes it, or has refused, does not read on.
    /// </summary>
    private async ValueTask EndUploadAsync(ResponseHead head)
    {
        if (!_uploading.IsCompleted)
        {
            if (head.KeepsConnection && head.Status < 400)
            {
                await Context.Response.CompleteAsync();
            }
            else
            {
                _upload!.Stop();
            }
        }

        await _uploading;
    }
}
