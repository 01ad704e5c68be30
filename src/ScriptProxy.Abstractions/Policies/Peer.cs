namespace ScriptProxy;

/// <summary>A server of an upstream. Its health and its counts survive reloads; weight, tags and limits are those of the load that it belongs to.</summary>
public sealed class Peer
{
    // The return to service that it has warmed up from; 0 is the beginning, which needs none.
    private long _warmSince;

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

    /// <summary>Its place among the upstream's peers as written, from 0: so a policy can keep what it knows of each in an array.</summary>
    public int Index { get; internal init; }

    /// <summary>Its share among its fellows; 1 unless given, 0 to 65535; 0 takes no requests of weighted policies.</summary>
    public int Weight { get; }

    /// <summary>The weight to reckon with now: less than <see cref="Weight"/>, but not less than a hundredth of it, while a peer that came back starts slowly.</summary>
    public double EffectiveWeight => Volatile.Read(ref _warmSince) == State.BackSince ? Weight : Warming();

    /// <summary>What it was tagged with.</summary>
    public IReadOnlyList<string> Tags { get; }

    /// <summary>Where it stands, for PreferZone; null unless given.</summary>
    public string? Zone { get; internal init; }

    /// <summary>It takes requests only while no ordinary peer is available (nginx's backup).</summary>
    public bool IsBackup { get; internal init; }

    /// <summary>The most requests under way to it at a time; 0, unless given, for no limit (max_conns).</summary>
    public int MaxRequests { get; internal init; }

    /// <summary>Requests under way to it, from all routes.</summary>
    public int InFlight => State.InFlight;

    /// <summary>It has as many requests under way as it may have.</summary>
    public bool IsFull => MaxRequests > 0 && InFlight >= MaxRequests;

    /// <summary>False where a health check failed or <see cref="Down"/> was called.</summary>
    public bool IsAvailable => State.IsAvailable;

    /// <summary>It gets no new visitors, those who belong to it may still come: <see cref="Drain"/> was called.</summary>
    public bool IsDraining => State.Draining;

    internal PeerState State { get; }

    internal string Prefix { get; }

    /// <summary>How long it takes to full weight after it came back; zero for at once.</summary>
    internal TimeSpan SlowStart { get; init; }

    /// <summary>It takes new visitors, as far as it is not full.</summary>
    internal bool IsInService => State.IsInService;

    /// <summary>Takes it out of service: no new requests; those under way go on (set_peer_down). Holds over reloads until <see cref="Up"/>.</summary>
    /// <param name="why">Shown in the log and in the admin state.</param>
    public void Down(string why) => State.DownReason = why ?? "";

    /// <summary>Lets it run empty: no new requests but those of visitors that stick to it (nginx's drain). Holds over reloads until <see cref="Up"/>.</summary>
    public void Drain() => State.Draining = true;

    /// <summary>Takes it into service again, after <see cref="Down"/> and after <see cref="Drain"/>.</summary>
    public void Up() => State.Up();

    /// <inheritdoc />
    public override string ToString() => Name;

    /// <summary>Counts a request in, unless the peer is full.</summary>
    internal bool TryEnter() => State.TryEnter(MaxRequests);

    private double Warming()
    {
        var since = State.BackSince;
        var share = SlowStart == TimeSpan.Zero ? 1 : State.Time.GetElapsedTime(since) / SlowStart;
        if (share < 1)
        {
            return Weight * Math.Max(share, 0.01);
        }

        Volatile.Write(ref _warmSince, since);
        return Weight;
    }
}
