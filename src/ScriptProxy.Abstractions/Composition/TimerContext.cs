using Microsoft.Extensions.Logging;

namespace ScriptProxy;

/// <summary>What a run of Every or After gets.</summary>
public sealed class TimerContext
{
    internal TimerContext(ILogger logger, TimeProvider time, CancellationToken stopping)
    {
        Logger = logger;
        Time = time;
        Stopping = stopping;
    }

    /// <summary>Cancelled when the load that the timer belongs to retires.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>Logs under the category ScriptProxy.Scripts.</summary>
    public ILogger Logger { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }
}

/// <summary>The servers of an address, in all upstreams that name it; to be taken out of service by hand.</summary>
public sealed class PeerHandle
{
    private readonly Action<Action<PeerState>> _change;

    internal PeerHandle(Action<Action<PeerState>> change) => _change = change;

    /// <summary>No new requests; those under way go on (set_peer_down). Holds over reloads until <see cref="Up"/>.</summary>
    /// <param name="why">Shown in the log and in the admin state.</param>
    public void Down(string why) => _change(state => state.DownReason = why ?? "");

    /// <summary>No new requests but those of visitors that stick to it (nginx's drain). Holds over reloads until <see cref="Up"/>.</summary>
    public void Drain() => _change(static state => state.Draining = true);

    /// <summary>Back into service, after <see cref="Down"/> and after <see cref="Drain"/>.</summary>
    public void Up() => _change(static state => state.Up());
}
