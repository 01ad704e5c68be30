namespace ScriptProxy.Caching.Engine;

/// <summary>A body while it comes: written by one, read by many, each at its own pace and from the same memory.</summary>
internal sealed class GrowingBody
{
    private const int First = 4 * 1024;
    private const int Largest = 64 * 1024;

    /// <summary>What is held for the readers of a body that is too large to be stored.</summary>
    private const int Window = 1024 * 1024;

    /// <summary>How long the others wait for one who takes nothing of what is passed on.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly List<byte[]> _buffers = [];
    private readonly Dictionary<object, long> _readers = [];
    private readonly HashSet<object> _late = [];
    private long? _expected;
    private TaskCompletionSource? _changed;
    private TaskCompletionSource? _room;
    private long _length;
    private long _dropped;
    private int _inLast;
    private bool _ended;
    private bool _passing;
    private Exception? _error;

    /// <param name="length">As declared; null where it was not.</param>
    internal void Expect(long? length) => _expected = length;

    internal long Length => Volatile.Read(ref _length);

    /// <summary>What is still to come, where that is known.</summary>
    internal long? Remaining => _expected - Length;

    /// <summary>Room for what comes next.</summary>
    internal Memory<byte> Room()
    {
        lock (_gate)
        {
            if (_buffers.Count == 0 || _inLast == _buffers[^1].Length)
            {
                var size = _expected is { } all ? Math.Clamp(all - _length, 1, Largest) : Math.Min(Largest, First << (2 * Math.Min(_buffers.Count, 4)));
                _buffers.Add(GC.AllocateUninitializedArray<byte>((int)size));
                _inLast = 0;
            }

            return _buffers[^1].AsMemory(_inLast);
        }
    }

    internal void Advance(int bytes)
    {
        lock (_gate)
        {
            _inLast += bytes;
            _length += bytes;
            Wake();
        }
    }

    internal void End(Exception? error = null)
    {
        lock (_gate)
        {
            _ended = true;
            _error = error;
            Wake();
        }
    }

    /// <summary>From now on what all readers have seen is let go.</summary>
    internal void PassOn()
    {
        lock (_gate)
        {
            _passing = true;
            Drop();
        }
    }

    /// <summary>Waits until the readers of a body that is passed on have kept up. One who holds up others that have is given up in the end.</summary>
    internal async ValueTask KeepUpAsync(TimeProvider time)
    {
        while (Room(out var room))
        {
            try
            {
                await room.WaitAsync(Patience, time);
            }
            catch (TimeoutException)
            {
                GiveUp();
            }
        }

        bool Room(out Task room)
        {
            lock (_gate)
            {
                var wait = _passing && _readers.Count > 0 && _length - _dropped >= Window;
                room = wait ? (_room ??= New()).Task : Task.CompletedTask;
                return wait;
            }
        }
    }

    private void GiveUp()
    {
        lock (_gate)
        {
            foreach (var (reader, at) in _readers.ToList())
            {
                if (at - _dropped < Largest && _readers.Values.Any(other => other == _length))
                {
                    _readers.Remove(reader);
                    _late.Add(reader);
                }
            }

            Drop();
            Wake();
        }
    }

    /// <summary>The whole of it, to be stored; the last buffer without what was left over in it.</summary>
    internal StoredBody Whole()
    {
        if (_length == 0)
        {
            return StoredBody.Empty;
        }

        // The last one may have been made for what did not come.
        var segments = new ReadOnlyMemory<byte>[_inLast == 0 ? _buffers.Count - 1 : _buffers.Count];
        for (var i = 0; i < segments.Length; i++)
        {
            // A reader may be at the old one: it keeps that.
            segments[i] = i == _buffers.Count - 1 && _inLast < _buffers[i].Length ? _buffers[i].AsSpan(0, _inLast).ToArray() : _buffers[i];
        }

        return StoredBody.InMemory(segments);
    }

    /// <summary>To be called before anything was let go: from now on all is kept until this reader has seen it.</summary>
    internal void Enter(object reader)
    {
        lock (_gate)
        {
            _readers[reader] = 0;
        }
    }

    internal void Leave(object reader)
    {
        lock (_gate)
        {
            _readers.Remove(reader);
            _late.Remove(reader);
            Drop();
        }
    }

    /// <summary>What there is from here on; empty at the end of the body.</summary>
    /// <exception cref="Exception">What the body broke off with.</exception>
    internal async ValueTask<ReadOnlyMemory<byte>> ReadAsync(object reader, long from, CancellationToken stop)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_late.Contains(reader))
                {
                    throw new IOException("the client is too slow for an answer that others wait for and that is not stored");
                }

                _readers[reader] = from;
                Drop();
                if (from < _length)
                {
                    return Piece(from);
                }

                if (_error is { } error)
                {
                    System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
                }

                if (_ended)
                {
                    return default;
                }

                changed = (_changed ??= New()).Task;
            }

            await changed.WaitAsync(stop);
        }
    }

    private ReadOnlyMemory<byte> Piece(long from)
    {
        var at = from - _dropped;
        for (var i = 0; i < _buffers.Count; i++)
        {
            var filled = i == _buffers.Count - 1 ? _inLast : _buffers[i].Length;
            if (at < filled)
            {
                return _buffers[i].AsMemory((int)at, filled - (int)at);
            }

            at -= filled;
        }

        return default;
    }

    private void Drop()
    {
        if (!_passing)
        {
            return;
        }

        var slowest = _readers.Count == 0 ? _length : _readers.Values.Min();
        while (_buffers.Count > 1 && slowest - _dropped >= _buffers[0].Length)
        {
            _dropped += _buffers[0].Length;
            _buffers.RemoveAt(0);
        }

        if (_length - _dropped < Window)
        {
            _room?.TrySetResult();
            _room = null;
        }
    }

    private void Wake()
    {
        _changed?.TrySetResult();
        _changed = null;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
