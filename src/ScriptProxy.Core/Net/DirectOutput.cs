using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ScriptProxy.Core.Net;

/// <summary>
/// What a connection without TLS sends: straight to its socket when it is flushed, without a pipe between. So what lies in memory already can be sent from
/// there (<see cref="TryLend"/>), and a slow reader holds nothing but what he was lent.
/// </summary>
/// <remarks>For one at a time, as every PipeWriter. A flush has ended when the socket has taken everything.</remarks>
internal sealed class DirectOutput : PipeWriter
{
    private readonly ConnectionContext _connection;
    private readonly Socket _socket;
    private readonly MemoryPool<byte> _pool;
    private readonly PipeWriter _inner;

    // Not yet sent: whole pieces in their order, and after them what was written of the last block.
    private readonly List<ArraySegment<byte>> _pieces = [];
    private readonly List<IMemoryOwner<byte>> _blocks = [];
    private readonly byte[] _mark = new byte[1];
    private ArraySegment<byte> _block;
    private int _begin;
    private int _end;
    private long _unsent;
    private ArraySegment<byte> _lent;
    private Task<FlushResult>? _sending;
    private Task? _completing;
    private bool _over;

    private DirectOutput(ConnectionContext connection, Socket socket, MemoryPool<byte> pool)
    {
        _connection = connection;
        _socket = socket;
        _pool = pool;
        _inner = connection.Transport.Output;
    }

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _unsent;

    /// <param name="options">Of a listener on sockets without TLS: under TLS these bytes would go out as they are.</param>
    internal static void Use(ListenOptions options) => options.Use(next => connection => OnConnectionAsync(connection, next));

    /// <summary>Sends bytes from where they lie, after all that was written before. They must never change again.</summary>
    /// <param name="body">The body of an answer whose head was written. It may lead elsewhere: into a stream of HTTP/2, through a filter.</param>
    /// <param name="bytes">What comes next in it.</param>
    /// <returns>False where the body does not lead straight to here, or pieces have a frame each. Nothing was written then.</returns>
    internal bool TryLend(PipeWriter body, ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty || !MemoryMarshal.TryGetArray(bytes, out _lent))
        {
            return false;
        }

        try
        {
            // Whoever hands on the mark puts nothing before it.
            if (!body.GetMemory().Equals(_mark.AsMemory()))
            {
                return false;
            }

            body.Advance(bytes.Length);
            return true;
        }
        finally
        {
            _lent = default;
        }
    }

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_lent.Array is not null)
        {
            return _mark;
        }

        if (_block.Count - _end < Math.Max(sizeHint, 1))
        {
            CutOff();
            var owner = sizeHint <= _pool.MaxBufferSize ? _pool.Rent(Math.Max(sizeHint, 1)) : MemoryPool<byte>.Shared.Rent(sizeHint);
            _blocks.Add(owner);
            MemoryMarshal.TryGetArray((ReadOnlyMemory<byte>)owner.Memory, out _block);
            (_begin, _end) = (0, 0);
        }

        return _block.AsMemory(_end);
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        if (_lent.Array is not null)
        {
            CutOff();
            _pieces.Add(_lent);
            _lent = default;
        }
        else
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)(_block.Count - _end), nameof(bytes));
            _end += bytes;
        }

        _unsent += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_over)
        {
            Forget();
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: true));
        }

        if (_unsent == 0)
        {
            return default;
        }

        CutOff();
        ValueTask<int> sending;
        try
        {
            sending = _pieces.Count == 1 ? _socket.SendAsync(_pieces[0].AsMemory(), SocketFlags.None, CancellationToken.None) : new ValueTask<int>(_socket.SendAsync(_pieces, SocketFlags.None));
        }
        catch (ObjectDisposedException error)
        {
            return new ValueTask<FlushResult>(Break(error));
        }

        if (!sending.IsCompletedSuccessfully)
        {
            _sending = WaitAsync(sending, cancellationToken).AsTask();
            return new ValueTask<FlushResult>(_sending);
        }

        _ = sending.Result;
        Forget();
        return default;
    }

    /// <remarks>Kestrel's own writers, which stand before this one, see to it.</remarks>
    public override void CancelPendingFlush()
    {
    }

    public override void Complete(Exception? exception = null) => _completing ??= EndAsync(exception);

    public override ValueTask CompleteAsync(Exception? exception = null)
    {
        Complete(exception);
        return new ValueTask(_completing!);
    }

    private static async Task OnConnectionAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (connection.Features.Get<IConnectionSocketFeature>() is not { Socket: var socket } || connection.Features.Get<IMemoryPoolFeature>() is not { MemoryPool: var pool })
        {
            await next(connection);
            return;
        }

        var transport = connection.Transport;
        var output = new DirectOutput(connection, socket, pool);
        connection.Features.Set(output);
        connection.Transport = new Both(transport.Input, output);
        try
        {
            await next(connection);
        }
        finally
        {
            await output.CompleteAsync();
            connection.Transport = transport;
        }
    }

    private async Task EndAsync(Exception? exception)
    {
        // Of an answer that is given up while it is sent: the socket still reads from what it was given.
        await (_sending ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (exception is null)
        {
            await FlushAsync(CancellationToken.None);
        }

        _over = true;
        Forget();

        // Then the transport closes the socket.
        await _inner.CompleteAsync(exception);
    }

    private async ValueTask<FlushResult> WaitAsync(ValueTask<int> sending, CancellationToken stop)
    {
        // What was sent half cannot be taken back: who gives up gives up the connection.
        await using var giving = stop.UnsafeRegister(static output => ((DirectOutput)output!)._connection.Abort(new ConnectionAbortedException("the answer was given up")), this);
        try
        {
            await sending;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            var broken = Break(error);
            stop.ThrowIfCancellationRequested();
            return broken;
        }

        Forget();
        return default;
    }

    private FlushResult Break(Exception error)
    {
        _over = true;
        Forget();
        _connection.Abort(new ConnectionAbortedException(error.Message, error));
        return new FlushResult(isCanceled: false, isCompleted: true);
    }

    /// <summary>What was written of the block becomes a piece.</summary>
    private void CutOff()
    {
        if (_end > _begin)
        {
            _pieces.Add(_block.Slice(_begin, _end - _begin));
            _begin = _end;
        }
    }

    private void Forget()
    {
        foreach (var block in _blocks)
        {
            block.Dispose();
        }

        _blocks.Clear();
        _pieces.Clear();
        (_block, _begin, _end, _unsent) = (default, 0, 0, 0);
    }

    private sealed class Both(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
