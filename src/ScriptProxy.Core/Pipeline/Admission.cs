using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Upstreams;

namespace ScriptProxy.Core.Pipeline;

/// <summary>The way of a request that found no peer, or a full one: it chooses again, and where the upstream has a queue it waits for a place.</summary>
internal static class Admission
{
    // Another request may take the place between the choice and the entry, again and again; a handler may insist on a full peer.
    private const int MostChoices = 4;

    /// <returns>A peer that the request is counted in at.</returns>
    /// <exception cref="GatewayFailedException">There is none, or the queue is full, or it took too long.</exception>
    internal static async ValueTask<Peer> EnterAsync(Exchange exchange, RoutePipeline route, Upstream upstream)
    {
        if (!upstream.HasLimits)
        {
            throw NoPeer(upstream);
        }

        if (upstream.Model.Queue is not var (length, timeout))
        {
            for (var i = 0; i < MostChoices && upstream.Available(exchange.TriedPeers).Length > 0; i++)
            {
                if (await TryAsync(exchange, route, upstream) is { } peer)
                {
                    return peer;
                }
            }

            throw upstream.AnyFull() ? Full(upstream, "") : NoPeer(upstream);
        }

        var waiter = upstream.Line.TryJoin(length) ?? throw Full(upstream, $" and {length} requests wait already");
        try
        {
            return await WaitAsync(exchange, route, upstream, waiter, timeout);
        }
        finally
        {
            upstream.Line.Leave(waiter);

            // A peer that came back has room for more than the one that was woken.
            if (upstream.Line.Count > 0 && upstream.Available().Length > 0)
            {
                upstream.Line.WakeNext();
            }
        }
    }

    private static async ValueTask<Peer> WaitAsync(Exchange exchange, RoutePipeline route, Upstream upstream, WaitingLine.Waiter waiter, TimeSpan timeout)
    {
        var line = upstream.Line;
        var began = exchange.Time.GetTimestamp();
        while (true)
        {
            // It stands in the line before it looks: a place that is freed in between wakes it.
            if (await TryAsync(exchange, route, upstream) is { } peer)
            {
                return peer;
            }

            if (waiter.IsWoken)
            {
                if (upstream.Available(exchange.TriedPeers).Length > 0)
                {
                    // It insists on a peer that is full still; somebody else may want the one that is not.
                    line.WakeAfter(waiter);
                }

                line.Rearm(waiter);
                continue;
            }

            var left = timeout - exchange.Time.GetElapsedTime(began);
            try
            {
                await waiter.Woken.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, exchange.Time, exchange.Http.RequestAborted);
            }
            catch (TimeoutException)
            {
                throw Full(upstream, $", waited {timeout.TotalSeconds} s for one");
            }
        }
    }

    /// <summary>Chooses and enters; null where the choice is full, or none is to be had before one is less full.</summary>
    private static async ValueTask<Peer?> TryAsync(Exchange exchange, RoutePipeline route, Upstream upstream)
    {
        var had = upstream.Available(exchange.TriedPeers).Length;
        if (await Attempts.ChooseAsync(exchange, route, upstream) is { } peer)
        {
            return peer.TryEnter() ? peer : null;
        }

        // The last place may have been freed since: then it is worth another look, unless the policy wants none of what there was.
        return upstream.AnyFull() || (had == 0 && upstream.Available(exchange.TriedPeers).Length > 0) ? null : throw NoPeer(upstream);
    }

    private static GatewayFailedException NoPeer(Upstream upstream) =>
        new($"upstream {upstream.Name}: no peer is available", StatusCodes.Status503ServiceUnavailable);

    private static GatewayFailedException Full(Upstream upstream, string more) =>
        new($"upstream {upstream.Name}: all available peers are full{more}", StatusCodes.Status503ServiceUnavailable);
}
