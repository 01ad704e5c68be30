using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Core.Pipeline;

/// <content>The request's body and target.</content>
internal sealed partial class Exchange
{
    /// <summary>What to tell who reads a body that is to be sent on.</summary>
    internal const string KeepsBody = "what is read from Request.Body the peer does not get; ReadBodyAsync keeps it";

    private string? _path;
    private string? _query;
    private byte[]? _body;
    private MemoryStream? _held;
    private FilteredRequestStream? _filteredBody;
    private LimitedBody? _limitedBody;

    /// <summary>The body is in memory, or there is none: another attempt can send it again.</summary>
    internal bool CanSendBodyAgain => _body is not null || Http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false };

    /// <summary>What a filter of the request's body failed with; null while none did.</summary>
    internal Exception? RequestBodyFailure => _filteredBody?.Failure;

    /// <summary>No handler changed the path, so that the client's own writing of it can be sent on.</summary>
    internal bool PathUntouched => ReferenceEquals(Http.Request.Path.Value, _path);

    /// <inheritdoc cref="PathUntouched" />
    internal bool QueryUntouched => ReferenceEquals(Http.Request.QueryString.Value, _query);

    /// <summary>Puts the body that was read before the stream's beginning again.</summary>
    internal void RewindBody()
    {
        if (_body is not null)
        {
            Http.Request.Body = _held = new MemoryStream(_body, writable: false);
        }
    }

    /// <summary>A handler may have read the body that ReadBodyAsync left in Request.Body once more.</summary>
    internal void RewindReadBody()
    {
        if (_held is not null && ReferenceEquals(Http.Request.Body, _held) && (!_held.CanRead || _held.Position > 0))
        {
            RewindBody();
        }
    }

    /// <summary>
    /// Of a body without a declared length nobody would miss what a handler has taken from the stream: the peer would get the rest, or nothing, and believe it whole.
    /// </summary>
    /// <exception cref="ForwardFailedException">A handler read from Request.Body.</exception>
    internal void ThrowIfBodyIsBegun()
    {
        if (_limitedBody is { IsBegun: true } && ReferenceEquals(Http.Request.Body, _limitedBody))
        {
            var error = new InvalidOperationException("the request's body was read before: " + KeepsBody);
            throw new ForwardFailedException(new ForwardOutcome(ForwardFailure.Script, StatusCodes.Status500InternalServerError, error), error.Message);
        }
    }

    /// <summary>Runs RequestBodyFilter and puts its plan in front of the body.</summary>
    internal async ValueTask FilterRequestBodyAsync(PhaseHandler<RequestBodyFilterContext, Runtime.Nothing>[] filters)
    {
        if (Http.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true })
        {
            return;
        }

        var plan = new BodyPlan();
        RequestBodyFilterContext.Operators = new PlanOperators(plan);
        await Phases.AllAsync(filters, this, RequestBodyFilterContext);
        if (plan.IsEmpty)
        {
            return;
        }

        BodyCodings codings;
        try
        {
            codings = BodyHeaders.AdjustRequestBody(Http.Request);
        }
        catch (BodyNotFilterableException error)
        {
            throw new BadHttpRequestException(error.Message, StatusCodes.Status415UnsupportedMediaType, error);
        }

        _filteredBody = new FilteredRequestStream(Http.Request.Body, plan, codings, Http.Request.ContentType, Http.RequestAborted);
        Http.Response.RegisterForDispose(_filteredBody);
        Http.Request.Body = _filteredBody;
        _body = null;
    }

    internal override async ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync(long max)
    {
        if (_body is not null)
        {
            return _body.Length <= max ? _body : throw LimitedBody.TooLarge(max);
        }

        if (Http.Request.ContentLength > max)
        {
            throw LimitedBody.TooLarge(max);
        }

        using var held = new MemoryStream((int)Math.Min(Http.Request.ContentLength ?? 0, 1 << 20));
        var chunk = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            int read;
            while ((read = await Http.Request.Body.ReadAsync(chunk, Http.RequestAborted)) > 0)
            {
                if (held.Length + read > max)
                {
                    throw LimitedBody.TooLarge(max);
                }

                held.Write(chunk, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }

        _body = held.ToArray();
        RewindBody();
        return _body;
    }

    internal override void ReplaceBody(Stream body, long? length)
    {
        _body = null;
        if (body is MemoryStream memory && length is { } whole)
        {
            _body = new byte[whole];
            memory.ReadExactly(_body);
            body = _held = new MemoryStream(_body, writable: false);
        }

        Http.Request.Body = body;
        Http.Request.Headers.Remove("Transfer-Encoding");
        Http.Request.Headers.ContentLength = length;
        Http.Request.Headers.Remove("Content-MD5");
        Http.Request.Headers.Remove("Content-Digest");
        Http.Features.Set<IHttpRequestBodyDetectionFeature>(length == 0 ? BodyDetection.None : BodyDetection.Some);
    }

    /// <summary>A declared length over the limit is refused before anybody is asked; what is not declared is counted while it streams.</summary>
    private void LimitBody(long max)
    {
        if ((_body?.Length ?? Http.Request.ContentLength) > max)
        {
            throw LimitedBody.TooLarge(max);
        }

        WatchBody();
        _limitedBody?.Max = max;
    }

    /// <summary>To be called before handlers see the request: counts what is read of a body without a declared length.</summary>
    internal void WatchBody()
    {
        var request = Http.Request;
        if (_limitedBody is null && _body is null && request.ContentLength is null
            && !HttpMethods.IsConnect(request.Method) && Http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            request.Body = _limitedBody = new LimitedBody(request.Body);
        }
    }

    private void ClearRequest()
    {
        _path = _query = null;
        _body = null;
        _held = null;
        _filteredBody = null;
        _limitedBody = null;
        UntouchedTarget = null;
    }

    private sealed class BodyDetection(bool some) : IHttpRequestBodyDetectionFeature
    {
        internal static BodyDetection Some { get; } = new(some: true);

        internal static BodyDetection None { get; } = new(some: false);

        public bool CanHaveBody => some;
    }
}
