using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace ScriptProxy.Testing.Memory;

/// <summary>The server's end of a connection in memory.</summary>
internal sealed class MemoryConnection : DefaultConnectionContext
{
    private static long _lastId;

    private readonly Pipe _toServer;
    private readonly Pipe _toClient;
    private readonly CancellationTokenSource _closed = new();
    private volatile Exception? _fault;

    private MemoryConnection(Pipe toServer, Pipe toClient)
        : base($"memory-{Interlocked.Increment(ref _lastId):x}", new Duplex(toServer.Reader, toClient.Writer), new Duplex(toClient.Reader, toServer.Writer))
    {
        _toServer = toServer;
        _toClient = toClient;

        // Instead of the base's, which must not be cancelled once it is disposed of: either end may be the first to close.
        ConnectionClosed = _closed.Token;
        Features.Set<IMemoryPoolFeature>(BlockPool.Instance);
    }

    internal static (MemoryConnection Server, Stream Client) Create(EndPoint local, EndPoint remote)
    {
        // With limits like a socket's buffers: a reader that is slow holds up its writer.
        var options = new PipeOptions(BlockPool.Instance, useSynchronizationContext: false);
        var connection = new MemoryConnection(new Pipe(options), new Pipe(options)) { LocalEndPoint = local, RemoteEndPoint = remote };
        return (connection, new ConnectionStream(connection));
    }

    /// <summary>The server resets the connection.</summary>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        _fault ??= new IOException("the connection was reset", abortReason);
        Complete(_toServer.Writer, _fault);
        _toClient.Reader.CancelPendingRead();
        Closed();
    }

    /// <summary>The server is through with it: what was written can still be read.</summary>
    public override async ValueTask DisposeAsync()
    {
        Complete(_toClient.Writer, error: null);
        await _toServer.Reader.CompleteAsync();
        Closed();
        await base.DisposeAsync();
    }

    /// <summary>The client closes it.</summary>
    private void Leave()
    {
        _fault ??= new IOException("the connection is closed");
        Complete(_toServer.Writer, error: null);
        _toClient.Reader.CancelPendingRead();
        _toClient.Reader.Complete();
        Closed();
    }

    /// <remarks>On the pool: who closes it must not run what others do then.</remarks>
    private void Closed() => ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);

    /// <remarks>Its owner may be writing at this moment.</remarks>
    private static void Complete(PipeWriter writer, Exception? error)
    {
        try
        {
            writer.Complete(error);
        }
        catch (InvalidOperationException)
        {
            // It has been completed already.
        }
    }

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }

    /// <summary>The client's end.</summary>
    private sealed class ConnectionStream(MemoryConnection connection) : Stream
    {
        private readonly PipeReader _input = connection._toClient.Reader;
        private readonly PipeWriter _output = connection._toServer.Writer;
        private int _disposed;

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                while (true)
                {
                    var read = await _input.ReadAsync(cancellationToken);
                    if (read.Buffer.IsEmpty && connection._fault is { } fault)
                    {
                        throw new IOException(fault.Message, fault);
                    }

                    // A reader asks for nothing to learn when there is something.
                    if (!read.Buffer.IsEmpty || read.IsCompleted)
                    {
                        var piece = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, buffer.Length));
                        var at = buffer;
                        foreach (var part in piece)
                        {
                            part.CopyTo(at);
                            at = at[part.Length..];
                        }

                        _input.AdvanceTo(piece.End);
                        return (int)piece.Length;
                    }

                    _input.AdvanceTo(read.Buffer.Start);
                }
            }
            catch (InvalidOperationException error)
            {
                throw new IOException("the connection is closed", error);
            }
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                if ((await _output.WriteAsync(buffer, cancellationToken)).IsCompleted)
                {
                    throw new IOException("the connection was reset");
                }
            }
            catch (InvalidOperationException error)
            {
                throw new IOException("the connection is closed", error);
            }
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        // What is written has gone out.
        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
            // What is written has gone out.
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("a connection is read asynchronously");

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("a connection is written asynchronously");

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                connection.Leave();
            }

            base.Dispose(disposing);
        }
    }
}
