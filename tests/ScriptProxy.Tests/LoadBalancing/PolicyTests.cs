using System.Net;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.LoadBalancing;

namespace ScriptProxy.Tests.LoadBalancing;

/// <summary>What single policies promise beyond what all do.</summary>
public class PolicyTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData(HashTable.Maglev)]
    [InlineData(HashTable.Ketama)]
    public void Hash_OneKeyForAll_IsBoundedByTheShare(HashTable table)
    {
        var peers = LabRequest.Peers(_time, 1, 1, 1, 1, 4);
        var (policy, request) = (new HashBalancer(_ => 42, table, 1.25), new LabRequest(peers, _time));
        for (var i = 1; i <= 400; i++)
        {
            policy.Pick(request.Balancer, peers)!.State.Enter();
            Assert.All(peers, p => Assert.InRange(p.InFlight, 0, Math.Ceiling(1.25 * i * p.Weight / 8)));
        }

        // It is no more than a bound: not all are equally busy.
        Assert.Contains(peers, p => p.InFlight < 20);
    }

    [Fact]
    public void RoundRobin_AHeavyPeer_IsSpreadOverTheRound()
    {
        var peers = LabRequest.Peers(_time, 5, 1, 1);
        var (policy, request) = (new RoundRobinBalancer(), new LabRequest(peers, _time));
        Assert.Equal("0010200" + "0010200", string.Concat(Enumerable.Range(0, 14).Select(_ => policy.Pick(request.Balancer, peers)!.Index)));
    }

    [Fact]
    public void LeastTime_ASlowPeer_IsLeftAndTriedAgain()
    {
        var peers = LabRequest.Peers(_time, 1, 1);
        var (policy, request) = (new LeastTimeBalancer(), new LabRequest(peers, _time));
        void Answer(Peer peer, double seconds) => policy.AttemptEnded(
            request.Balancer, new AttemptOutcome { Peer = peer, TimeToHeaders = TimeSpan.FromSeconds(seconds), Elapsed = TimeSpan.FromSeconds(seconds) });
        Answer(peers[0], 1);
        Answer(peers[1], 0.01);
        for (var second = 0; second < 40; second++)
        {
            Assert.Same(peers[1], policy.Pick(request.Balancer, peers));
            Answer(peers[1], 0.01);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        // Old news fade: by e in ten seconds, so that a hundredth is left after 46.
        _time.Advance(TimeSpan.FromSeconds(7));
        Answer(peers[1], 0.01);
        Assert.Same(peers[0], policy.Pick(request.Balancer, peers));
        Answer(peers[0], 1);
        Assert.Same(peers[1], policy.Pick(request.Balancer, peers));
    }

    [Fact]
    public void LeastTime_RequestsUnderWay_Count()
    {
        var peers = LabRequest.Peers(_time, 1, 1);
        var (policy, request) = (new LeastTimeBalancer(), new LabRequest(peers, _time));
        foreach (var (peer, seconds) in peers.Zip([0.03, 0.01]))
        {
            policy.AttemptEnded(request.Balancer, new AttemptOutcome { Peer = peer, TimeToHeaders = TimeSpan.FromSeconds(seconds), Elapsed = TimeSpan.FromSeconds(seconds) });
        }

        for (var i = 0; i < 40; i++)
        {
            policy.Pick(request.Balancer, peers)!.State.Enter();
        }

        Assert.InRange(peers[1].InFlight, 29, 31);
    }

    [Fact]
    public void ClientAddress_OfIPv6TheNetwork_OfASocketFileNone()
    {
        var request = new LabRequest(LabRequest.Peers(_time, 1), _time);
        ulong? Of(string address)
        {
            request.From = IPAddress.Parse(address);
            return Keys.ClientAddress(request.Balancer);
        }

        Assert.Equal(Of("2001:db8:1:2::1"), Of("2001:db8:1:2:ffff::9"));
        Assert.NotEqual(Of("2001:db8:1:2::1"), Of("2001:db8:1:3::1"));
        Assert.NotEqual(Of("10.0.0.1"), Of("10.0.0.2"));
        Assert.Null(Of("255.255.255.255"));
    }

    [Fact]
    public void Sticky_OnHttps_IsSecure_AndAnotherSecretOrNameIsAnotherCookie()
    {
        var peers = LabRequest.Peers(_time, 1);
        string Given(string name, string secret, string scheme)
        {
            var request = new LabRequest(peers, _time);
            request.Http.Request.Scheme = scheme;
            new StickyBalancer(name, secret, new FirstBalancer(), lifetime: null).Pick(request.Balancer, peers);
            return request.Http.Response.Headers.SetCookie.ToString();
        }

        var cookie = Given("peer", "a secret of the tests", "https");
        Assert.EndsWith("; path=/; secure; samesite=lax; httponly", cookie, StringComparison.Ordinal);
        Assert.DoesNotContain("secure", Given("peer", "a secret of the tests", "http"), StringComparison.Ordinal);
        var value = cookie.Split('=', ';')[1];
        Assert.DoesNotContain(value, Given("peer", "another secret of the tests", "https"), StringComparison.Ordinal);
        Assert.DoesNotContain(value, Given("node", "a secret of the tests", "https"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Peer_EightThreadsEnter_NeverMoreThanItsMaximum()
    {
        var peer = new Peer(new Uri("http://10.0.0.1"), "peer", 1, [], new PeerState(_time)) { MaxRequests = 3 };
        var (inside, most, entered) = (0, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                if (!peer.TryEnter())
                {
                    continue;
                }

                var now = Interlocked.Increment(ref inside);
                for (var seen = Volatile.Read(ref most); now > seen; seen = Volatile.Read(ref most))
                {
                    Interlocked.CompareExchange(ref most, now, seen);
                }

                Interlocked.Increment(ref entered);
                Interlocked.Decrement(ref inside);
                peer.State.Leave();
            }
        })));
        Assert.InRange(most, 1, 3);
        Assert.True(entered > 0);
        Assert.Equal(0, peer.InFlight);
        Assert.True(peer.TryEnter() && peer.TryEnter() && peer.TryEnter());
        Assert.False(peer.TryEnter());
        Assert.True(peer.IsFull);
    }
}
