using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using ScriptProxy.Core.Bodies;
using ScriptProxy.Core.Http1;

namespace ScriptProxy.Core.Forwarding;

/// <summary>Sends a request with a body, each piece as it comes. It may go on while the answer is read, and end unfinished where the peer has answered without waiting for it.</summary>
internal sealed class Upload
{
    private const int Piece = 32 * 1024;

    // Room in front of a piece for its size in hexadecimal and a line's end.
    private const int Prefix = 10;

    private static readonly TimeSpan PatienceForContinue = TimeSpan.FromSeconds(1);

    // Never disposed: whoever breaks the exchange off may come late, and nothing hangs on it.
    private readonly CancellationTokenSource _stop = new();
    private readonly HttpContext _context;
    private readonly PeerConnection _connection;
    private readonly long? _length;
    private readonly TaskCompletionSource<bool>? _continue;
    private volatile bool _answered;

    /// <param name="context">Whose body it is.</param>
    /// <param name="connection">To the peer; its deadline is told of each step.</param>
    /// <param name="length">Null for chunks.</param>
    /// <param name="expects">The client waits for a word of the peer before it sends (100-continue).</param>
    internal Upload(HttpContext context, PeerConnection connection, long? length, bool expects)
    {
        _context = context;
        _connection = connection;
        _length = length;
        _continue = expects ? new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously) : null;
    }

    /// <summary>It has begun to read the client's body: it cannot be sent a second time, unless it is kept.</summary>
    internal bool HasBegun { get; private set; }

    /// <summary>It waits for the client, not for the peer.</summary>
    internal bool IsReading { get; private set; }

    /// <summary>All of it is out.</summary>
    internal bool IsWhole { get; private set; }

    /// <summary>What the client's side failed with; null while it did not.</summary>
    internal Exception? ClientFailure { get; private set; }

    /// <summary>What the peer's side failed with: its answer may lie there all the same.</summary>
    internal Exception? PeerFailure { get; private set; }

    /// <summary>The peer wants the body.</summary>
    internal void Continue() => _continue?.TrySetResult(true);

    /// <summary>The head of the answer is there: a body that the peer did not wait for is not begun any more.</summary>
    internal void Answered()
    {
        _answered = true;
        _continue?.TrySetResult(false);
    }

    /// <summary>Ends it where it is.</summary>
    internal void Stop() => _stop.Cancel();

    /// <param name="head">Request line and header; sent with the first piece where that is there already.</param>
    /// <param name="idle">How long the client, or the peer, may pause.</param>
    /// <param name="answer">How long the answer may take from the end on.</param>
    /// <param name="ownReason">Called where the client's side failed: nobody is to wait for an answer.</param>
    /// <returns>Never failed: see the properties.</returns>
    internal async Task RunAsync(PooledBuffer head, TimeSpan idle, TimeSpan answer, Action ownReason)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Prefix + Piece + 2);
        try
        {
            if (_continue is not null)
            {
                await _connection.SendAsync(head.Memory);
                head.Clear();
                if (!await IsWantedAsync())
                {
                    return;
                }
            }

            HasBegun = true;
            for (long sent = 0; ;)
            {
                _connection.Deadline.Expect(idle);
                IsReading = true;
                var pending = _context.Request.Body.ReadAsync(buffer.AsMemory(Prefix, Piece), _stop.Token);
                if (!pending.IsCompleted && head.Count > 0)
                {
                    IsReading = false;
                    await _connection.SendAsync(head.Memory);
                    head.Clear();
                    IsReading = true;
                }

                var read = await pending;
                sent += read;
                if (_length is { } length && (sent > length || (read == 0 && sent < length)))
                {
                    throw new RequestBodyLengthException(sent > length);
                }

                IsReading = false;
                _connection.Deadline.Expect(idle);
                await SendAsync(head, buffer, read);
                if (read == 0 || sent == _length)
                {
                    break;
                }
            }

            IsWhole = true;
            if (!_answered)
            {
                _connection.Deadline.Expect(answer);
            }
        }
        catch (Exception error) when (IsReading)
        {
            ClientFailure = error;
            if (!_stop.IsCancellationRequested)
            {
                ownReason();
            }
        }
        catch (Exception error)
        {
            PeerFailure = error;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask SendAsync(PooledBuffer head, byte[] buffer, int read)
    {
        ReadOnlyMemory<byte> piece = buffer.AsMemory(Prefix, read);
        if (_length is null)
        {
            piece = read == 0 ? LastChunk() : Chunk(buffer, read);
        }

        if (head.Count > 0)
        {
            head.Append(piece.Span);
            piece = head.Memory;
        }

        await _connection.SendAsync(piece);
        head.Clear();
    }

    private static ReadOnlyMemory<byte> Chunk(byte[] buffer, int read)
    {
        Span<byte> size = stackalloc byte[Prefix];
        read.TryFormat(size, out var digits, "X", CultureInfo.InvariantCulture);
        size[digits] = (byte)'\r';
        size[digits + 1] = (byte)'\n';
        var from = Prefix - digits - 2;
        size[..(digits + 2)].CopyTo(buffer.AsSpan(from));
        buffer[Prefix + read] = (byte)'\r';
        buffer[Prefix + read + 1] = (byte)'\n';
        return buffer.AsMemory(from, digits + 2 + read + 2);
    }

    private ReadOnlyMemory<byte> LastChunk()
    {
        if (_context.Features.Get<IHttpRequestTrailersFeature>() is not { Available: true, Trailers: { Count: > 0 } trailers })
        {
            return "0\r\n\r\n"u8.ToArray();
        }

        var last = new PooledBuffer();
        try
        {
            last.Append("0\r\n"u8);
            OutgoingHead.WriteTrailers(last, trailers);
            last.Append("\r\n"u8);
            return last.Memory.ToArray();
        }
        finally
        {
            last.Release();
        }
    }

    /// <summary>Peers that do not know the expectation say nothing: after a moment the body is sent all the same (RFC 9110, 10.1.1).</summary>
    private async ValueTask<bool> IsWantedAsync()
    {
        var pause = Task.Delay(PatienceForContinue, _connection.Home.Pool.Time, _stop.Token);
        return await Task.WhenAny(_continue!.Task, pause) == pause ? !pause.IsCanceled : await _continue.Task;
    }
}

/// <summary>A body that is not as long as its Content-Length: a handler has read of it, or put another in its place.</summary>
internal sealed class RequestBodyLengthException(bool longer)
    : Exception(longer ? "the request's body is longer than its Content-Length" : "the request's body is shorter than its Content-Length");
