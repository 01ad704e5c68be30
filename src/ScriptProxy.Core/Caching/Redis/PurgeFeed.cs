using System.Globalization;
using ScriptProxy.Caching;
using ScriptProxy.Core.Redis;
using StackExchange.Redis;

namespace ScriptProxy.Core.Caching.Redis;

/// <summary>
/// Brings the purges of other gateways here as they happen, and this one's to them. After a break what was missed is made up from the log; where that
/// does not reach back, or Redis has lost it, everything goes.
/// </summary>
internal sealed class PurgeFeed : IDisposable
{
    /// <summary>While Redis is away. With more of them, everything is to go once it is back.</summary>
    internal const int MostWaiting = 1000;

    private static readonly TimeSpan NoteEvery = TimeSpan.FromSeconds(1);

    private readonly RedisConnection _connection;
    private readonly RedisCircuit _circuit;
    private readonly TimeProvider _time;
    private readonly Func<CachePurge, ValueTask> _apply;
    private readonly string? _note;
    private readonly string _sender = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Lock _gate = new();
    private readonly Queue<CachePurge> _waiting = new();
    private readonly ITimer _again;
    private PurgePosition? _position;
    private ChannelMessageQueue? _messages;
    private long _noted;
    private bool _synced;
    private int _breaks;

    /// <param name="connection">The way to Redis.</param>
    /// <param name="circuit">Of the cache.</param>
    /// <param name="time">The clock.</param>
    /// <param name="note">A file that keeps the position over a restart; null where nothing is kept that would need it.</param>
    /// <param name="apply">Purges here what another gateway purged.</param>
    internal PurgeFeed(RedisConnection connection, RedisCircuit circuit, TimeProvider time, string? note, Func<CachePurge, ValueTask> apply)
    {
        _connection = connection;
        _circuit = circuit;
        _time = time;
        _note = note;
        _apply = apply;
        _position = ReadNote(note);
        _connection.Broken += OnBroken;
        _connection.Restored += OnRestored;
        _again = time.CreateTimer(_ => OnTimer(), null, RedisCircuit.Pause, RedisCircuit.Pause);
        _ = _connection.MakeAsync();
        Sync();
    }

    /// <summary>Up to where everything is known; null while it is not, and then nothing may be written to Redis or read from it.</summary>
    internal PurgePosition? Position
    {
        get
        {
            lock (_gate)
            {
                return _synced ? _position : null;
            }
        }
    }

    /// <summary>Nothing is missed, and nothing waits to be told.</summary>
    internal bool IsInStep
    {
        get
        {
            lock (_gate)
            {
                return _synced && _waiting.Count == 0;
            }
        }
    }

    /// <summary>Purged here, and Redis does not know it yet.</summary>
    internal bool IsToGo(StoredResponse response)
    {
        lock (_gate)
        {
            return _waiting.Any(p => p.Meets(response));
        }
    }

    /// <summary>Tells the others. Where Redis is away, as soon as it is back.</summary>
    internal async ValueTask TellAsync(CachePurge purge)
    {
        lock (_gate)
        {
            if (_waiting.Count >= MostWaiting)
            {
                _waiting.Clear();
                purge = CachePurge.All;
            }

            _waiting.Enqueue(purge);
        }

        await SyncAsync();
    }

    public void Dispose()
    {
        _connection.Broken -= OnBroken;
        _connection.Restored -= OnRestored;
        _again.Dispose();
        _messages?.Unsubscribe(CommandFlags.FireAndForget);
        if (_position is { } known)
        {
            WriteNote(known);
        }
    }

    /// <summary>Makes up for what was missed, then tells what waits.</summary>
    internal async Task SyncAsync()
    {
        if (_connection.Connected is not { } connected)
        {
            return;
        }

        await _turn.WaitAsync();
        try
        {
            if (!_synced && !await CatchUpAsync(connected))
            {
                return;
            }

            while (Next() is { } purge)
            {
                var (done, position) = await _circuit.AskAsync(() => PurgeMarks.AddAsync(connected.GetDatabase(), purge, _sender));
                if (!done)
                {
                    // Whether it arrived is not known: it is told again, which does no harm.
                    return;
                }

                lock (_gate)
                {
                    _waiting.TryDequeue(out _);
                }

                if (position!.Epoch == _position?.Epoch && position.Number == _position.Number + 1)
                {
                    Move(position);
                }
                else if (!await CatchUpAsync(connected))
                {
                    // Others came in between, or Redis has lost what it knew.
                    return;
                }
            }
        }
        finally
        {
            _turn.Release();
        }

        CachePurge? Next()
        {
            lock (_gate)
            {
                return _waiting.TryPeek(out var next) ? next : null;
            }
        }
    }

    private async Task<bool> CatchUpAsync(IConnectionMultiplexer connected)
    {
        var breaks = Volatile.Read(ref _breaks);

        // Anew each time: after a break the client subscribes by itself, and nobody knows when that is done.
        var (subscribed, messages) = await _circuit.AskAsync(async () =>
        {
            if (_messages is { } before)
            {
                await before.UnsubscribeAsync();
            }

            return await connected.GetSubscriber().SubscribeAsync(PurgeMarks.Channel);
        });
        if (!subscribed)
        {
            return false;
        }

        _messages = messages;
        messages!.OnMessage(message => OnMessageAsync(message.Message.ToString()));

        // Subscribed first: what comes between the two is in both.
        var (done, state) = await _circuit.AskAsync(() => PurgeMarks.StateAsync(connected.GetDatabase()));
        if (!done)
        {
            return false;
        }

        var known = _position;
        var missed = known is not null && known.Epoch == state.Position.Epoch ? state.Last.Where(p => p.Number > known.Number).Reverse().ToList() : null;
        if (missed is not null && known!.Number + missed.Count == state.Position.Number)
        {
            foreach (var (_, purge) in missed.Where(p => p.Purge.Sender != _sender))
            {
                await _apply(purge.ToPurge());
            }
        }
        else
        {
            await _apply(CachePurge.All);
        }

        Move(state.Position, breaks);
        return _synced;
    }

    private async Task OnMessageAsync(string message)
    {
        await _turn.WaitAsync();
        try
        {
            if (PurgeMarks.ReadMessage(message) is not var (position, purge) || _position is not { } known || !_synced || known.Epoch != position.Epoch || position.Number > known.Number + 1)
            {
                lock (_gate)
                {
                    _synced = false;
                }
            }
            else if (position.Number == known.Number + 1)
            {
                if (purge.Sender != _sender)
                {
                    await _apply(purge.ToPurge());
                }

                Move(position);
            }
        }
        finally
        {
            _turn.Release();
        }

        if (!_synced)
        {
            await SyncAsync();
        }
    }

    private void OnBroken(object? sender, EventArgs e)
    {
        lock (_gate)
        {
            _synced = false;
            _breaks++;
        }
    }

    private void OnRestored(object? sender, EventArgs e) => Sync();

    private void Sync() => _ = Task.Run(SyncAsync);

    /// <summary>A question may have failed without the connection breaking.</summary>
    private void OnTimer()
    {
        if (!IsInStep)
        {
            Sync();
        }
    }

    /// <param name="position">Everything up to it was heeded.</param>
    /// <param name="breaks">Given after catching up: how many there had been when that began. What broke since then may have been missed again.</param>
    private void Move(PurgePosition position, int? breaks = null)
    {
        lock (_gate)
        {
            _position = position;
            _synced |= breaks == _breaks;
        }

        if (_note is not null && (_noted == 0 || _time.GetElapsedTime(_noted) >= NoteEvery))
        {
            _noted = _time.GetTimestamp();
            WriteNote(position);
        }
    }

    /// <summary>One that is older than the truth only makes more go than must.</summary>
    private void WriteNote(PurgePosition position)
    {
        if (_note is null)
        {
            return;
        }

        try
        {
            File.WriteAllText(_note + ".new", string.Create(CultureInfo.InvariantCulture, $"{position.Epoch} {position.Number}"));
            File.Move(_note + ".new", _note, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Then a restart empties the folder.
        }
    }

    private static PurgePosition? ReadNote(string? note)
    {
        try
        {
            return note is not null && File.Exists(note) && File.ReadAllText(note).Split(' ') is [var epoch, var number] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
                ? new PurgePosition(epoch, at)
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
