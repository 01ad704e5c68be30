namespace ScriptProxy.LoadBalancing;

/// <summary>Smooth weighted turns: over any stretch each peer comes by its weight, and a heavy one is spread over the round.</summary>
internal sealed class Turns
{
    private readonly Lock _lock = new();
    private double[] _credit = [];

    /// <summary>Every peer gets its weight as credit; the one with the most pays for all.</summary>
    /// <param name="among">Who may have the turn.</param>
    /// <param name="mostLoad">Peers with more requests under way by weight are passed over; none unless given.</param>
    internal Peer? Next(ReadOnlySpan<Peer> among, double mostLoad = double.PositiveInfinity)
    {
        lock (_lock)
        {
            Peer? next = null;
            var total = 0.0;
            foreach (var peer in among)
            {
                var weight = peer.EffectiveWeight;
                if (weight <= 0 || peer.InFlight / weight > mostLoad)
                {
                    continue;
                }

                if (peer.Index >= _credit.Length)
                {
                    Array.Resize(ref _credit, peer.Index + 1);
                }

                total += weight;
                _credit[peer.Index] += weight;
                next = next is null || _credit[peer.Index] > _credit[next.Index] ? peer : next;
            }

            if (next is not null)
            {
                _credit[next.Index] -= total;
            }

            return next;
        }
    }
}
