using System.Buffers;
using System.Net.Sockets;

namespace ScriptProxy.Core.Http1;

/// <summary>A connection to a peer, with one exchange at a time. What was read and not yet taken lies in its buffer, which it has only while an exchange is under way.</summary>
internal sealed class PeerConnection : IDisposable
{
    /// <summary>The most that the head of an answer may have, in bytes; of its trailers too.</summary>
    internal const int MostHead = 64 * 1024;

    private const int Small = 8 * 1024;
    private const int Large = 64 * 1024;

    private readonly Socket _socket;
    private readonly Stream? _tls;
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private ValueTask<int> _early;
    private bool _isReadingEarly;
    private int _closed;
    private bool _wasFull;
    private Deadline? _deadline;

    internal PeerConnection(PeerConnections home, Socket socket, Stream? tls, long made)
    {
        Home = home;
        Made = made;
        _socket = socket;
        _tls = tls;
    }

    internal PeerConnections Home { get; }

    /// <summary>Time stamps of its making and of the end of its last exchange.</summary>
    internal long Made { get; }

    internal long IdleSince { get; set; }

    /// <summary>It has served an exchange before.</summary>
    internal bool WasUsed { get; set; }

    /// <summary>The answers' head; with what it remembers of the last one, so that the same words are not made again.</summary>
    internal ResponseHead Head { get; } = new();

    /// <summary>For what the exchange waits for; when it passes the connection is closed, and whose exchange it was is told.</summary>
    internal Deadline Deadline => _deadline ??= new Deadline(Home.Pool.Time, Pass);

    /// <summary>Told when the deadline has passed.</summary>
    internal Action<PeerConnection>? Passed { get; set; }

    internal Span<byte> Buffered => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Bytes of the answer have arrived.</summary>
    internal bool HasRead { get; private set; }

    /// <summary>The peer sends nothing more.</summary>
    internal bool IsAtEnd { get; private set; }

    internal void Take(int bytes) => _start += bytes;

    /// <summary>
    /// Begins to read before anything is sent. The read would have to be tried anyway, and so it tells of a connection that the peer has closed
    /// while nobody used it, or where it speaks unasked.
    /// </summary>
    /// <returns>False where the connection is not to be used.</returns>
    internal bool TryBegin()
    {
        HasRead = IsAtEnd = _wasFull = false;
        _buffer = ArrayPool<byte>.Shared.Rent(Small);
        _start = _end = 0;
        try
        {
            _early = ReceiveAsync(_buffer);
        }
        catch (Exception error) when (error is SocketException or IOException or ObjectDisposedException)
        {
            return false;
        }

        if (_early.IsCompleted)
        {
            // To be looked at once, whatever it is; a failed one too.
            _ = _early.AsTask().ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return false;
        }

        _isReadingEarly = true;
        return true;
    }

    /// <summary>The exchange is over and its answer was read to the end.</summary>
    /// <returns>False where something lies here that nobody asked for: then the connection must not be used again.</returns>
    internal bool TryEnd()
    {
        Passed = null;
        if (_isReadingEarly || _start != _end || Volatile.Read(ref _closed) != 0)
        {
            return false;
        }

        var buffer = _buffer;
        _buffer = [];
        ArrayPool<byte>.Shared.Return(buffer);
        return true;
    }

    internal async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_tls is not null)
        {
            await _tls.WriteAsync(bytes);
            return;
        }

        while (bytes.Length > 0)
        {
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None, CancellationToken.None)..];
        }
    }

    /// <summary>Reads what there is behind what lies in the buffer; the count is to be handed to <see cref="Received"/> before anything else is done here.</summary>
    /// <param name="wanted">How much is still to come, where that is known: for a long body it makes room.</param>
    /// <exception cref="PeerFaultException">More than <see cref="MostHead"/> lies here, and nobody could take it.</exception>
    internal ValueTask<int> ReceiveAsync(long wanted = 0)
    {
        if (_isReadingEarly)
        {
            return _early;
        }

        MakeRoom(wanted);
        return ReceiveAsync(_buffer.AsMemory(_end));
    }

    /// <param name="read">0 at the end of the stream.</param>
    /// <returns>False at the end.</returns>
    internal bool Received(int read)
    {
        _isReadingEarly = false;
        IsAtEnd = read == 0;
        HasRead |= read > 0;
        _end += read;

        // There is more than fits: the next read may be a larger one.
        _wasFull = _end == _buffer.Length;
        return read > 0;
    }

    /// <summary>Nothing waits for it any longer; reads and writes under way fail.</summary>
    internal void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            // Nobody flushes what TLS has not sent; a socket closed with a peer's bytes unread resets.
            _socket.Dispose();
        }
    }

    /// <summary>The peer has closed it, or says something unasked: it is of no use.</summary>
    internal bool IsDead()
    {
        try
        {
            return Volatile.Read(ref _closed) != 0 || _socket.Poll(0, SelectMode.SelectRead);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }

    /// <remarks>The buffer is left to the collector: a read that was under way may still write into it.</remarks>
    public void Dispose()
    {
        Close();
        _deadline?.Dispose();
        _tls?.Dispose();
        _buffer = [];
        _start = _end = 0;
    }

    private void Pass()
    {
        // Told first: what waits here fails at once when it is closed, and asks why.
        Passed?.Invoke(this);
        Close();
    }

    private ValueTask<int> ReceiveAsync(Memory<byte> into) =>
        _tls is null ? _socket.ReceiveAsync(into, SocketFlags.None, CancellationToken.None) : _tls.ReadAsync(into, CancellationToken.None);

    private void MakeRoom(long wanted)
    {
        if (_start == _end)
        {
            _start = _end = 0;
            if (_buffer.Length < Large && (_wasFull || wanted > _buffer.Length))
            {
                Replace(Large);
            }

            return;
        }

        if (_end < _buffer.Length)
        {
            return;
        }

        if (_start > 0)
        {
            Buffered.CopyTo(_buffer);
            _end -= _start;
            _start = 0;
            return;
        }

        if (_buffer.Length >= MostHead)
        {
            throw new PeerFaultException($"the head of its answer, or a line of its body's framing, is longer than {MostHead} bytes");
        }

        Replace(2 * _buffer.Length);
    }

    private void Replace(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(size);
        Buffered.CopyTo(larger);
        _end -= _start;
        _start = 0;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
