namespace ScriptProxy;

/// <summary>A policy that spreads requests over peers. One instance serves one upstream of one load, from many threads at once.</summary>
public interface ILoadBalancer
{
    /// <summary>
    /// True: it is also asked while no peer is available, with none to choose from, and may still choose a draining one of
    /// <see cref="BalancerContext.AllPeers"/>. False unless implemented.
    /// </summary>
    bool KeepsVisitors => false;

    /// <summary>Chooses a peer. Called on every attempt; must not block and should not allocate.</summary>
    /// <param name="context">The request.</param>
    /// <param name="available">The peers that may be chosen; never empty, unless <see cref="KeepsVisitors"/>.</param>
    /// <returns>One of <paramref name="available"/>, or a draining one of <see cref="BalancerContext.AllPeers"/> for a visitor that belongs to it; null where none suits.</returns>
    Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available);

    /// <summary>Hears how an attempt at one of the upstream's peers ended, whoever chose the peer. Does nothing unless implemented.</summary>
    /// <remarks>Called once for every attempt, after the last byte of its answer. What it throws is logged; the request is not harmed.</remarks>
    /// <param name="context">The request.</param>
    /// <param name="outcome">What became of the attempt.</param>
    void AttemptEnded(BalancerContext context, in AttemptOutcome outcome)
    {
    }
}

/// <summary>How an attempt ended.</summary>
public readonly struct AttemptOutcome
{
    /// <summary>Who was asked.</summary>
    public required Peer Peer { get; init; }

    /// <summary>From the moment the peer was chosen to the headers of its answer; null where none came.</summary>
    public TimeSpan? TimeToHeaders { get; init; }

    /// <summary>From the moment the peer was chosen to the end of its answer, or to the failure.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>
    /// True where the peer took no connection, was not in time, broke off, answered with 500 to 599, or a handler asked for a retry.
    /// False where all went well, and where the client or a script is to blame.
    /// </summary>
    public bool Failed { get; init; }
}
