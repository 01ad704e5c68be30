using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ScriptProxy.Runtime;

namespace ScriptProxy.Tests.LoadBalancing;

/// <summary>A request without a gateway, for a balancer to choose by. Also compiled into the simulation of bench/.</summary>
internal sealed class LabRequest : ExchangeState
{
    private readonly TimeProvider _time;

    internal LabRequest(IReadOnlyList<Peer> peers, TimeProvider time)
    {
        AllPeers = peers;
        _time = time;
        Http = new DefaultHttpContext();
        Attempts = 1;
        Balancer = new BalancerContext(this);
    }

    internal BalancerContext Balancer { get; }

    internal IPAddress From { get; set; } = IPAddress.Loopback;

    internal override IPAddress ClientIp => From;

    internal override string RequestId => "lab";

    internal override ILogger Logger => NullLogger.Instance;

    internal override TimeProvider Time => _time;

    internal override TimeSpan Elapsed => TimeSpan.Zero;

    internal override TimeSpan UpstreamElapsed => TimeSpan.Zero;

    internal override long BytesSent => 0;

    internal override IReadOnlyList<Peer> AvailablePeers => AllPeers;

    internal override IReadOnlyList<Peer> AllPeers { get; }

    internal static Peer[] Peers(TimeProvider time, params int[] weights) =>
        [.. weights.Select((weight, i) => new Peer(new Uri($"http://10.0.0.{i + 1}:8080"), $"peer {i}", weight, [], new PeerState(time)) { Index = i })];

    internal override Peer? Pick(string policy, IReadOnlyList<Peer> among) => throw new NotSupportedException();

    internal override ValueTask PassAsync() => throw new NotSupportedException();

    internal override ScriptProxy.Caching.CacheFetch Fetch(string method, IHeaderDictionary headers) => throw new NotSupportedException();

    internal override ValueTask BeginAnswerAsync() => throw new NotSupportedException();

    internal override ValueTask WriteAsync(ScriptProxy.Caching.StoredBody body, long first, long count) => throw new NotSupportedException();

    internal override ValueTask<SubrequestResult> SubrequestAsync(SubrequestOptions options) => throw new NotSupportedException();

    internal override ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync(long max) => throw new NotSupportedException();

    internal override void ReplaceBody(Stream body, long? length) => throw new NotSupportedException();

    internal override void ReplaceAnswer(string text, string contentType) => throw new NotSupportedException();

    internal override void HideClient(IPAddress address) => throw new NotSupportedException();

    internal override string? SerializeJson(object? value) => throw new NotSupportedException();

    internal override T? DeserializeJson<T>(ReadOnlySpan<byte> json)
        where T : default => throw new NotSupportedException();
}
