using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.LoadBalancing;

namespace ScriptProxy.Tests.LoadBalancing;

/// <summary>What every balancer promises.</summary>
public class ContractTests
{
    private const string Ring = "hash on a ring";
    private const string Bounded = "hash with a bound";
    private const string Sticky = "sticky";

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public static TheoryData<string> Every => [.. Policies.All.Keys, Ring, Bounded, Sticky];

    /// <summary>Those that spread by weight: all but first.</summary>
    public static TheoryData<string> Weighted => [.. Policies.All.Keys.Where(n => n != "first"), Ring, Bounded, Sticky];

    public static TheoryData<string> Consistent => ["hash", "ip-hash", Ring, Bounded];

    private static ILoadBalancer Create(string name) => name switch
    {
        "random" => new RandomBalancer(new Chance(7)),
        "power-of-two" => new PowerOfTwoBalancer(new Chance(7)),
        Ring => new HashBalancer(Keys.Target, HashTable.Ketama),
        Bounded => new HashBalancer(Keys.Target, HashTable.Maglev, 1.25),
        Sticky => new StickyBalancer("peer", "a secret of the tests", new RoundRobinBalancer(), lifetime: null),
        _ => Policies.All[name](),
    };

    /// <summary>Another visitor each: another path, another address.</summary>
    private static void Become(LabRequest request, int visitor)
    {
        request.Http.Request.Path = new PathString(string.Create(CultureInfo.InvariantCulture, $"/{visitor}"));
        request.From = new System.Net.IPAddress((long)(uint)((uint)visitor * 2654435761U));
        request.Http.Response.Headers.Clear();
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void Pick_SomeAreAvailable_IsOneOfThem(string name)
    {
        var peers = LabRequest.Peers(_time, 1, 2, 3, 4, 5, 6, 7, 8);
        var policy = Create(name);
        var request = new LabRequest(peers, _time);
        for (var visitor = 0; visitor < 20_000; visitor++)
        {
            // Each subset but the empty one, and the states of the peers to match.
            var set = (visitor % 255) + 1;
            var available = peers.Where(p => (set >> p.Index & 1) != 0).ToArray();
            foreach (var peer in peers)
            {
                peer.State.Unhealthy = !available.Contains(peer);
            }

            Become(request, visitor);
            Assert.Contains(policy.Pick(request.Balancer, available), available);
        }
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void Pick_WeightZero_IsNotChosen(string name)
    {
        var peers = LabRequest.Peers(_time, 0, 1, 0, 2);
        var (policy, request) = (Create(name), new LabRequest(peers, _time));
        for (var visitor = 0; visitor < 1000; visitor++)
        {
            Become(request, visitor);
            Assert.NotEqual(0, policy.Pick(request.Balancer, peers)!.Weight);
        }

        Become(request, 0);
        Assert.Null(policy.Pick(request.Balancer, [peers[0], peers[2]]));
    }

    /// <summary>Many requests under way, each as long as the others: what is asked ends in the order in which it began.</summary>
    [Theory]
    [MemberData(nameof(Weighted))]
    public void Pick_UnderLoad_KeepsWeightsWithinTwoPercent(string name)
    {
        const int picks = 400_000;
        const int total = 10;
        var peers = LabRequest.Peers(_time, 1, 2, 3, 4);
        var (policy, request) = (Create(name), new LabRequest(peers, _time));
        var underWay = new Queue<Peer>();
        var counts = new int[peers.Length];
        for (var i = 0; i < picks; i++)
        {
            Become(request, i);
            var peer = policy.Pick(request.Balancer, peers)!;
            Assert.True(peer.TryEnter());
            counts[peer.Index]++;
            underWay.Enqueue(peer);
            _time.Advance(TimeSpan.FromMicroseconds(100));
            if (underWay.Count > 60 * total)
            {
                var done = underWay.Dequeue();
                done.State.Leave();
                policy.AttemptEnded(request.Balancer, new AttemptOutcome { Peer = done, TimeToHeaders = TimeSpan.FromMilliseconds(60), Elapsed = TimeSpan.FromMilliseconds(60) });
            }
        }

        Assert.All(peers, p => Assert.InRange(counts[p.Index] / (double)picks, p.Weight / (double)total * 0.98, p.Weight / (double)total * 1.02));
    }

    [Theory]
    [InlineData("round-robin")]
    [InlineData("random")]
    [InlineData("power-of-two")]
    [InlineData("least-requests")]
    [InlineData("hash")]
    [InlineData("ip-hash")]
    [InlineData(Ring)]
    public void Pick_OneAtATime_KeepsWeightsWithinTwoPercent(string name)
    {
        const int picks = 400_000;
        var peers = LabRequest.Peers(_time, 1, 5);
        var (policy, request) = (Create(name), new LabRequest(peers, _time));
        var heavy = 0;
        for (var i = 0; i < picks; i++)
        {
            Become(request, i);
            heavy += policy.Pick(request.Balancer, peers)!.Index;
        }

        Assert.InRange(heavy / (double)picks, 5 / 6.0 * 0.98, 5 / 6.0 * 1.02);
        Assert.InRange((picks - heavy) / (double)picks, 1 / 6.0 * 0.98, 1 / 6.0 * 1.02);
    }

    [Theory]
    [MemberData(nameof(Consistent))]
    public void Hash_APeerLeaves_OnlyItsKeysMove_AndComeBackWithIt(string name)
    {
        const int keys = 50_000;
        var peers = LabRequest.Peers(_time, [.. Enumerable.Repeat(1, 10)]);
        var (policy, request) = (Create(name), new LabRequest(peers, _time));
        int[] Places(Peer[] available) => [.. Enumerable.Range(0, keys).Select(k =>
        {
            Become(request, k);
            return policy.Pick(request.Balancer, available)!.Index;
        })];

        var before = Places(peers);
        var without = Places([.. peers.Where(p => p.Index != 3)]);
        Assert.All(before.Zip(without).Where(p => p.First != 3), p => Assert.Equal(p.First, p.Second));
        var moved = before.Zip(without).Count(p => p.First != p.Second);
        Assert.InRange(moved / (double)keys, 0.095, 0.105);

        // The keys of the one that left are shared by all the others.
        Assert.Equal(9, before.Zip(without).Where(p => p.First == 3).Select(p => p.Second).Distinct().Count());
        Assert.Equal(before, Places(peers));

        // Another gateway, or the next load, finds the same.
        policy = Create(name);
        Assert.Equal(before, Places(peers));

        // One alone has them all, and with two away those of the third stay.
        Assert.All(Places([peers[7]]), p => Assert.Equal(7, p));
        var fewer = Places([.. peers.Where(p => p.Index is 1 or 7)]);
        Assert.All(before.Zip(fewer).Where(p => p.First is 1 or 7), p => Assert.Equal(p.First, p.Second));
    }

    [Theory]
    [MemberData(nameof(Consistent))]
    public void Hash_APeerIsAddedByAReload_AboutItsShareMoves(string name)
    {
        const int keys = 50_000;
        var eleven = LabRequest.Peers(_time, [.. Enumerable.Repeat(1, 11)]);
        int[] Places(Peer[] peers)
        {
            var (policy, request) = (Create(name), new LabRequest(peers, _time));
            return [.. Enumerable.Range(0, keys).Select(k =>
            {
                Become(request, k);
                return policy.Pick(request.Balancer, peers)!.Index;
            })];
        }

        var moved = Places(eleven[..10]).Zip(Places(eleven)).Count(p => p.First != p.Second) / (double)keys;

        // Maglev's table moves a little more than the ring does.
        Assert.InRange(moved, 0.085, name == Ring ? 0.095 : 0.15);
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void Pick_Repeated_AllocatesNothing(string name)
    {
        var peers = LabRequest.Peers(_time, 1, 2, 3, 4);
        var (policy, request) = (Create(name), new LabRequest(peers, _time));
        if (policy is StickyBalancer)
        {
            policy.Pick(request.Balancer, peers);
            request.Http.Request.Headers.Cookie = request.Http.Response.Headers.SetCookie[0]!.Split(';')[0];
        }

        var some = peers[1..];
        var outcome = new AttemptOutcome { Peer = peers[3], TimeToHeaders = TimeSpan.FromMilliseconds(1), Elapsed = TimeSpan.FromMilliseconds(1) };
        for (var i = 0; i < 100; i++)
        {
            policy.Pick(request.Balancer, peers);
            policy.AttemptEnded(request.Balancer, outcome);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            policy.Pick(request.Balancer, peers);
            policy.Pick(request.Balancer, policy is StickyBalancer ? peers : some);
            policy.AttemptEnded(request.Balancer, outcome);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [MemberData(nameof(Every))]
    public async Task Pick_EightThreads_IsCorrect(string name)
    {
        const int picks = 20_000;
        var peers = LabRequest.Peers(TimeProvider.System, 1, 2, 3, 4);
        var policy = Create(name);
        var counts = new int[peers.Length];
        using var together = new Barrier(8);
        var threads = Enumerable.Range(0, 8).Select(thread => Task.Factory.StartNew(
            () =>
            {
                var request = new LabRequest(peers, TimeProvider.System);
                together.SignalAndWait();
                for (var i = 0; i < picks; i++)
                {
                    var available = i % 3 == 0 ? peers : peers[(i % 3)..];
                    Become(request, (thread * picks) + i);
                    var peer = policy.Pick(request.Balancer, available);
                    Assert.Contains(peer, available);
                    Assert.True(peer!.TryEnter());
                    Interlocked.Increment(ref counts[peer.Index]);
                    peer.State.Leave();
                    policy.AttemptEnded(request.Balancer, new AttemptOutcome { Peer = peer, TimeToHeaders = TimeSpan.FromMilliseconds(1) });
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default));
        await Task.WhenAll(threads);
        Assert.Equal(8 * picks, counts.Sum());
        Assert.All(peers, p => Assert.Equal(0, p.InFlight));
    }

    [Fact]
    public async Task RoundRobin_EightThreads_GivesEachExactlyItsTurns()
    {
        var peers = LabRequest.Peers(_time, 1, 2, 3, 4);
        var policy = Create("round-robin");
        var counts = new int[peers.Length];
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            var request = new LabRequest(peers, _time);
            for (var i = 0; i < 10_000; i++)
            {
                Interlocked.Increment(ref counts[policy.Pick(request.Balancer, peers)!.Index]);
            }
        })));
        Assert.Equal([8000, 16000, 24000, 32000], counts);
    }
}
