using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Caching.Engine;

/// <summary>An answer to POST that says of itself what it is and for how long: it answers GET for the same URL from then on (RFC 9110, 9.3.3).</summary>
internal sealed class PostAnswer
{
    private readonly CacheHub _hub;
    private readonly StoredResponse _stored;
    private readonly GrowingBody _body = new();
    private readonly TeeStream _tee;
    private readonly Stream _client;
    private readonly long? _length;
    private readonly string _key;

    private PostAnswer(CacheContext context, CacheHub hub, RouteRules rules, StoredResponse stored, long? length)
    {
        _hub = hub;
        _stored = stored;
        _length = length;
        _key = Keys.Of(context, stored.Url);
        _body.Expect(length);
        _client = context.Response.Body;
        _tee = new TeeStream(_client, _body, rules.MaxObject);
        context.Response.Body = _tee;
    }

    /// <returns>Null where it is an answer like any other.</returns>
    internal static PostAnswer? TryBegin(CacheContext context, CacheHub hub, RouteRules rules, DateTimeOffset asked, int status, IHeaderDictionary headers)
    {
        var url = Keys.Url(context.Request);
        if (status != StatusCodes.Status200OK || headers.ContentLocation is not [{ } location] || Keys.SameOrigin(context.Request, location) != url || headers.ContentLength > rules.MaxObject)
        {
            return null;
        }

        var received = hub.Time.GetUtcNow();
        var judgement = StoreRule.Judge(
            new Answer { Status = status, Headers = headers, Request = context.Request.Headers, Requested = asked, Received = received },
            rules.Policy);
        return judgement is { MayStore: true, Reason: "max-age" or "s-maxage" or "expires" }
            ? new PostAnswer(context, hub, rules, Flight.Make(judgement, url, context.Request.Headers, status, headers, received), headers.ContentLength)
            : null;
    }

    /// <summary>The client has it: what it did to others was forgotten before, and this is newer.</summary>
    internal async ValueTask StoreAsync(CacheContext context)
    {
        context.Response.Body = _client;
        if (!_tee.IsTooLarge && (_length is null || _length == _body.Length))
        {
            await _hub.Store.StoreAsync(_key, _stored with { Body = _body.Whole() }, _hub.Store.Purges, CancellationToken.None);
        }
    }

    /// <summary>Writes to the client, and keeps a copy.</summary>
    private sealed class TeeStream(Stream client, GrowingBody copy, long most) : Stream
    {
        internal bool IsTooLarge { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            IsTooLarge |= copy.Length + buffer.Length > most;
            for (var rest = IsTooLarge ? default : buffer; !rest.IsEmpty;)
            {
                var room = copy.Room();
                var piece = rest[..Math.Min(rest.Length, room.Length)];
                piece.CopyTo(room);
                copy.Advance(piece.Length);
                rest = rest[piece.Length..];
            }

            return client.WriteAsync(buffer, cancellationToken);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task FlushAsync(CancellationToken cancellationToken) => client.FlushAsync(cancellationToken);

        public override void Flush() => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
