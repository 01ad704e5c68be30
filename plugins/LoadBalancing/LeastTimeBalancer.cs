namespace ScriptProxy.LoadBalancing;

/// <summary>least-time: the peer that will answer first, by what it took lately (peak EWMA) times the requests under way, for its weight.</summary>
/// <remarks>
/// A slow answer counts at once and in full, a quick one little by little: a peer in trouble is left soon and returned to slowly. What is
/// known of a peer that is not asked fades, so that it is tried again. A failure counts as a slow answer, or one that fails fast would draw all.
/// </remarks>
internal sealed class LeastTimeBalancer : ILoadBalancer
{
    private const double Memory = 10;
    private const double LeastKnown = 1e-9;
    private const double FailureAtLeast = 0.2;
    private const double FailureAtMost = 60;

    private readonly Lock _lock = new();
    private Estimate[] _estimates = [];
    private uint _turn;

    public Peer? Pick(BalancerContext context, ReadOnlySpan<Peer> available)
    {
        var now = context.Time.GetTimestamp();
        var quickest = Quickest(context.Time, now, available);
        Peer? best = null;
        var bestScore = double.PositiveInfinity;
        var start = (int)(Interlocked.Increment(ref _turn) % (uint)Math.Max(1, available.Length));
        for (var i = 0; i < available.Length; i++)
        {
            var peer = available[(start + i) % available.Length];
            if (peer.EffectiveWeight is not (> 0 and var weight))
            {
                continue;
            }

            // Of whom nothing is known the best is hoped: else nothing would ever be known.
            var seconds = Known(context.Time, now, peer) is >= LeastKnown and var known ? known : quickest;
            var score = seconds * (peer.InFlight + 1) / weight;
            if (score < bestScore)
            {
                (best, bestScore) = (peer, score);
            }
        }

        return best;
    }

    public void AttemptEnded(BalancerContext context, in AttemptOutcome outcome)
    {
        var time = context.Time;
        var estimate = EstimateOf(outcome.Peer);
        lock (estimate)
        {
            var now = time.GetTimestamp();
            var fade = estimate.At == 0 ? 0 : Math.Exp(-time.GetElapsedTime(estimate.At, now).TotalSeconds / Memory);
            var known = estimate.Seconds * fade;
            var elapsed = outcome.Elapsed.TotalSeconds;
            estimate.Seconds = outcome switch
            {
                { Failed: true } => Math.Min(FailureAtMost, Math.Max(FailureAtLeast, 2 * Math.Max(known, elapsed))),

                // The client gave up: it took at least that long.
                { TimeToHeaders: null } => Math.Max(known, elapsed),
                { TimeToHeaders: { TotalSeconds: var took } } => took > known ? took : known + (took * (1 - fade)),
            };
            Volatile.Write(ref estimate.At, now);
        }
    }

    private double Quickest(TimeProvider time, long now, ReadOnlySpan<Peer> available)
    {
        var quickest = double.PositiveInfinity;
        foreach (var peer in available)
        {
            if (Known(time, now, peer) is >= LeastKnown and var known && known < quickest)
            {
                quickest = known;
            }
        }

        return double.IsPositiveInfinity(quickest) ? 1 : quickest;
    }

    /// <summary>In seconds; 0 where nothing is known, or it was too long ago.</summary>
    private double Known(TimeProvider time, long now, Peer peer)
    {
        var estimates = Volatile.Read(ref _estimates);
        if (peer.Index >= estimates.Length)
        {
            return 0;
        }

        // Read without the lock: seconds of one answer beside the time of another are a good estimate too.
        var estimate = estimates[peer.Index];
        var at = Volatile.Read(ref estimate.At);
        return at == 0 ? 0 : estimate.Seconds * Math.Exp(-time.GetElapsedTime(at, now).TotalSeconds / Memory);
    }

    private Estimate EstimateOf(Peer peer)
    {
        var estimates = Volatile.Read(ref _estimates);
        if (peer.Index < estimates.Length)
        {
            return estimates[peer.Index];
        }

        lock (_lock)
        {
            if (peer.Index >= _estimates.Length)
            {
                Estimate[] grown = [.. _estimates, .. Enumerable.Range(0, peer.Index + 1 - _estimates.Length).Select(_ => new Estimate())];
                Volatile.Write(ref _estimates, grown);
            }

            return _estimates[peer.Index];
        }
    }

    private sealed class Estimate
    {
        internal double Seconds;
        internal long At;
    }
}
