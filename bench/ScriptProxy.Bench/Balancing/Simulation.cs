using System.Globalization;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.LoadBalancing;

namespace ScriptProxy.Bench.Balancing;

/// <summary>One policy in one scenario: requests arrive, are given to a peer, wait there for a worker, are answered. All in virtual time, by seeded chance.</summary>
internal sealed class Simulation
{
    internal const long Length = 60_000_000;

    private readonly Scenario _scenario;
    private readonly VirtualTime _time = new();
    private readonly Random _chance;
    private readonly PriorityQueue<Event, (long At, long Order)> _events = new();
    private readonly List<Gateway> _gateways = [];
    private readonly Queue<Running>[] _waiting;
    private readonly int[] _working;
    private long _order;

    internal Simulation(Scenario scenario, Func<ILoadBalancer> policy, int seed)
    {
        _scenario = scenario;
        _chance = new Random(seed);
        _waiting = [.. scenario.Peers.Select(_ => new Queue<Running>())];
        _working = new int[scenario.Peers.Count];
        for (var i = 0; i < scenario.Gateways; i++)
        {
            var peers = LabRequest.Peers(_time, [.. scenario.Peers.Select(_ => 1)]);
            _gateways.Add(new Gateway(policy(), new LabRequest(peers, _time), peers));
        }
    }

    /// <summary>What the requests took, in microseconds, of those that were answered.</summary>
    internal List<long> Latencies { get; } = [];

    internal int Failures { get; private set; }

    /// <summary>The most requests that any peer had at a time, waiting ones included.</summary>
    internal int LongestQueue { get; private set; }

    internal void Run()
    {
        Add(_time.Now, new Event(Arrival: true, default));
        while (_events.TryDequeue(out var next, out var when))
        {
            _time.Now = when.At;
            if (next.Arrival)
            {
                Arrive();
            }
            else
            {
                End(next.Request);
            }
        }
    }

    private void Arrive()
    {
        var rate = _scenario.Rate * (Within(_scenario.Herd) ? 3 : 1);
        if (_time.Now < Length)
        {
            Add(_time.Now + Exponential(1_000_000 / rate), new Event(Arrival: true, default));
        }

        var gateway = _gateways[_chance.Next(_gateways.Count)];
        var visitor = _chance.Next(5000);
        gateway.Request.Http.Request.Path = new PathString(string.Create(CultureInfo.InvariantCulture, $"/{visitor}"));
        gateway.Request.From = new System.Net.IPAddress(0x0A000000L + visitor);
        var peer = gateway.Policy.Pick(gateway.Request.Balancer, gateway.Peers) ?? throw new BenchException("a policy chose nobody");
        peer.TryEnter();
        var request = new Running(gateway, peer, _time.Now, Failed: Within(_scenario.Peers[peer.Index].Fails));
        if (request.Failed)
        {
            // Refused by the kernel or a broken program: quicker than any answer.
            Add(_time.Now + 500, new Event(Arrival: false, request));
            return;
        }

        if (_working[peer.Index] < _scenario.Peers[peer.Index].Workers)
        {
            Begin(request);
        }
        else
        {
            _waiting[peer.Index].Enqueue(request);
        }

        LongestQueue = Math.Max(LongestQueue, _working[peer.Index] + _waiting[peer.Index].Count);
    }

    private void Begin(Running request)
    {
        var peer = _scenario.Peers[request.Peer.Index];
        _working[request.Peer.Index]++;
        Add(_time.Now + Exponential(peer.Service * (Within(peer.Slow) ? 10 : 1)), new Event(Arrival: false, request));
    }

    private void End(Running request)
    {
        var took = _time.Now - request.Began;
        var (gateway, peer) = (request.Gateway, request.Peer);
        peer.State.Leave();
        gateway.Policy.AttemptEnded(gateway.Request.Balancer, new AttemptOutcome
        {
            Peer = peer,
            TimeToHeaders = TimeSpan.FromMicroseconds(took),
            Elapsed = TimeSpan.FromMicroseconds(took),
            Failed = request.Failed,
        });
        if (request.Failed)
        {
            Failures++;
            return;
        }

        Latencies.Add(took);
        _working[peer.Index]--;
        if (_waiting[peer.Index].TryDequeue(out var next))
        {
            Begin(next);
        }
    }

    private bool Within((long From, long To) span) => _time.Now >= span.From && _time.Now < span.To;

    private long Exponential(double mean) => 1 + (long)(-mean * Math.Log(1 - _chance.NextDouble()));

    private void Add(long at, Event what) => _events.Enqueue(what, (at, _order++));

    private sealed record Gateway(ILoadBalancer Policy, LabRequest Request, Peer[] Peers);

    private readonly record struct Running(Gateway Gateway, Peer Peer, long Began, bool Failed);

    private readonly record struct Event(bool Arrival, Running Request);
}
