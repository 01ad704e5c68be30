
namespace ScriptProxy;

/// <summary>A server of an upstream. Its health and its counts survive reloads; weight and tags are those of the load that it belongs to.</summary>
public sealed class Peer
{
    internal Peer(Uri address, string name, int weight, IReadOnlyList<string> tags, PeerState state)
    {
        Address = address;
        Name = name;
        Weight = weight;
        Tags = tags;
        State = state;
        Prefix = address.GetLeftPart(UriPartial.Path);
    }

    /// <summary>Scheme, host and port, and the path that all requests are put below.</summary>
    public Uri Address { get; }

    /// <summary>Host and port, unless named otherwise.</summary>
    public string Name { get; }

    /// <summary>Its share among its fellows; 1 unless given, 0 to 65535; 0 takes no requests of weighted policies.</summary>
    public int Weight { get; }

    /// <summary>What it was tagged with.</summary>
    public IReadOnlyList<string> Tags { get; }

    /// <summary>Requests under way to it, from all routes.</summary>
    public int InFlight => State.InFlight;

    /// <summary>False where a health check failed or <see cref="Down"/> was called.</summary>
    public bool IsAvailable => State.IsAvailable;

    internal PeerState State { get; }

    internal string Prefix { get; }

    /// <summary>Takes it out of service: no new requests; those under way go on (set_peer_down). Holds over reloads until <see cref="Up"/>.</summary>
    /// <param name="why">Shown in the log and in the admin state.</param>
    public void Down(string why) => State.DownReason = why ?? "";

    /// <summary>Takes it into service again.</summary>
    public void Up() => State.DownReason = null;

    /// <inheritdoc />
    public override string ToString() => Name;
}

/// <summary>What is known of a server, whatever load talks to it.</summary>
internal sealed class PeerState
{
    private int _inFlight;
    private volatile string? _downReason;
    private volatile bool _unhealthy;

    internal int InFlight => Volatile.Read(ref _inFlight);

    internal bool IsAvailable => !_unhealthy && _downReason is null;

    internal string? DownReason
    {
        get => _downReason;
        set => _downReason = value;
    }

    internal bool Unhealthy
    {
        get => _unhealthy;
        set => _unhealthy = value;
    }

    internal void Enter() => Interlocked.Increment(ref _inFlight);

    internal void Leave() => Interlocked.Decrement(ref _inFlight);
}
