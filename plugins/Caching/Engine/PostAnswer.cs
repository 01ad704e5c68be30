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
    private long _purges;

    private PostAnswer(CacheContext context, CacheHub hub, RouteRules rules, StoredResponse stored, long? length)
    {
        _hub = hub;
        _stored = stored;
        _length = length;
        _key = Keys.Of(context, stored.Url);
        _body.Expect(length);
        _client = context.Response.Body;
        _purges = hub.Store.Purges;
        _tee = new TeeStream(_client, _body, hub, rules.MaxObject);
        context.Response.Body = _tee;
    }

    /// <returns>Null where it is an answer like any other.</returns>
    internal static PostAnswer? TryBegin(CacheContext context, CacheHub hub, RouteRules rules, DateTimeOffset asked, int status, IHeaderDictionary headers)
    {
        var url = Keys.Url(context.Request);
        if (status != StatusCodes.Status200OK || headers.ContentLocation is not [{ } location] || Keys.SameOrigin(context.Request, location) != url
            || headers.ContentLength > rules.MaxObject || hub.IsFull(headers.ContentLength ?? 0))
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

    /// <summary>What it did to others is forgotten: it is newer than that, and older than what is purged from now on.</summary>
    internal void Begin() => _purges = _hub.Store.Purges;

    /// <summary>The client has it.</summary>
    internal async ValueTask StoreAsync()
    {
        if (!_tee.IsTooLarge && (_length is null || _length == _body.Length))
        {
            await _hub.StoreAsync(_key, _stored with { Body = _body.Whole() }, _purges);
        }
    }

    /// <summary>Whatever came of it.</summary>
    internal void End(CacheContext context)
    {
        context.Response.Body = _client;
        _hub.Hold(-_tee.Held);
    }

    /// <summary>Writes to the client, and keeps a copy.</summary>
    private sealed class TeeStream(Stream client, GrowingBody copy, CacheHub hub, long most) : Stream
    {
        internal bool IsTooLarge { get; private set; }

        internal long Held { get; private set; }

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
            IsTooLarge |= copy.Length + buffer.Length > most || hub.IsFull(buffer.Length);
            for (var rest = IsTooLarge ? default : buffer; !rest.IsEmpty;)
            {
                var room = copy.Room();
                var piece = rest[..Math.Min(rest.Length, room.Length)];
                piece.CopyTo(room);
                copy.Advance(piece.Length);
                Held += hub.Hold(piece.Length);
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
