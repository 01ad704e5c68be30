using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Caching;
using ScriptProxy.Caching.Engine;
using ScriptProxy.Runtime;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Caching;

/// <summary>A fetch and the store that it ends in, where that is slow or fails.</summary>
public class FlightTests
{
    /// <summary>For what would otherwise wait for ever.</summary>
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(20);

    private readonly FakeTimeProvider _time = new();
    private readonly LogLines _log = new();

    private CacheHub Hub(IHttpCacheStore store) => new(store, _time, _log.CreateLogger(""), 1_000_000);

    private static Flight Board(CacheHub hub, object passenger, StoredResponse? stored = null, int status = 200)
    {
        var flight = new Flight(hub, new RouteRules { MaxObject = 1000 }, new Question("k", "http://a/", new HeaderDictionary(), stored, StandIn.Never, null), "k");
        Assert.True(hub.Flights.TryAdd("k", flight));
        Assert.True(flight.TryBoard(passenger));
        flight.Start(new Answered(status), unattended: false);
        return flight;
    }

    private static async Task<string> ReadAsync(Flight flight, object passenger)
    {
        var text = new StringBuilder();
        ReadOnlyMemory<byte> piece;
        while (!(piece = await flight.Body.ReadAsync(passenger, text.Length, CancellationToken.None).AsTask().WaitAsync(AtMost)).IsEmpty)
        {
            text.Append(Encoding.ASCII.GetString(piece.Span));
        }

        return text.ToString();
    }

    [Fact]
    public async Task Store_IsSlow_ClientsHaveTheirAnswer_LateOnesFindIt_AndItIsCounted()
    {
        var store = new Store();
        var hub = Hub(store);
        var flight = Board(hub, this);
        Assert.Equal(Landing.Shared, await flight.Landed.WaitAsync(AtMost));
        Assert.Equal("body", await ReadAsync(flight, this));
        await store.Asked.Task.WaitAsync(AtMost);
        Assert.True(hub.Flights["k"].TryBoard("late"));
        Assert.Equal("body", await ReadAsync(flight, "late"));
        Assert.True(hub.IsFull(1_000_000 - 3));
        store.Answer.SetResult(true);
        await TestGateway.WaitAsync(() => hub.Flights.IsEmpty && !hub.IsFull(1_000_000));
    }

    [Fact]
    public async Task Store_IsSlow_WhatIsConfirmedIsServedMeanwhile()
    {
        var store = new Store();
        var hub = Hub(store);
        var stored = StoreContract.Response("http://a/");
        var flight = Board(hub, this, stored, status: 304);
        Assert.Equal(Landing.Confirmed, await flight.Landed.WaitAsync(AtMost));
        Assert.Same(stored.Body, flight.Stored!.Body);
        await store.Asked.Task.WaitAsync(AtMost);
        store.Answer.SetResult(true);
        await TestGateway.WaitAsync(() => hub.Flights.IsEmpty);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(304)]
    public async Task Store_Fails_NoClientHearsOfIt(int status)
    {
        var store = new Store();
        store.Answer.SetException(new InvalidOperationException("no store today"));
        var hub = Hub(store);
        var flight = Board(hub, this, status == 304 ? StoreContract.Response("http://a/") : null, status);
        Assert.Equal(status == 304 ? Landing.Confirmed : Landing.Shared, await flight.Landed.WaitAsync(AtMost));
        Assert.Equal(status == 304 ? "" : "body", status == 304 ? "" : await ReadAsync(flight, this));
        await _log.WaitForAsync("no store today");
        await TestGateway.WaitAsync(() => hub.Flights.IsEmpty);
        Assert.Empty(await hub.FindAsync("k", CancellationToken.None));
    }

    [Fact]
    public async Task Withdrawn_WhoWaitsIsTold_AndNobodyBoardsItAnyMore()
    {
        var hub = Hub(new Store());
        var flight = new Flight(hub, new RouteRules(), new Question("k", "http://a/", new HeaderDictionary(), null, StandIn.Never, null), "k");
        Assert.True(hub.Flights.TryAdd("k", flight));
        Assert.True(flight.TryBoard(this) && flight.TryBoard("waits"));
        flight.Withdraw();
        Assert.Equal(Landing.Withdrawn, await flight.Landed.WaitAsync(AtMost));
        Assert.Empty(hub.Flights);
        Assert.False(flight.TryBoard("late"));
        flight.Leave("waits", served: false);
        flight.Leave(this, served: false);
    }

    [Fact]
    public void StoredLately_TellsWhoLookedBefore()
    {
        var lately = new StoredLately();
        var before = lately.Now;
        Assert.False(lately.IsNewer("k", before));
        lately.Note("k");
        Assert.True(lately.IsNewer("k", before));
        Assert.False(lately.IsNewer("k", lately.Now));
        Parallel.For(0, 10_000, i => lately.Note($"{i % 50}"));
        lately.Note("other");
        Assert.True(lately.IsNewer("other", lately.Now - 1));
        Assert.Equal(10_002, lately.Now);
    }

    private sealed class Store : IHttpCacheStore
    {
        internal TaskCompletionSource Asked { get; } = new();

        internal TaskCompletionSource<bool> Answer { get; } = new();

        public long Purges => 0;

        public ValueTask<IReadOnlyList<StoredResponse>> FindAsync(string key, CancellationToken stop) => throw new InvalidOperationException("nor to find");

        public async ValueTask<bool> StoreAsync(string key, StoredResponse response, long purges, CancellationToken stop)
        {
            Asked.TrySetResult();
            return await Answer.Task;
        }

        public ValueTask<long> PurgeAsync(CachePurge purge, CancellationToken stop) => default;
    }

    private sealed class Answered(int status) : CacheFetch
    {
        public override Task Started => Task.CompletedTask;

        public override int StatusCode => status;

        public override IHeaderDictionary Headers { get; } = new HeaderDictionary { ["Cache-Control"] = "max-age=60" };

        public override Freshness? Freshness => null;

        public override Stream Body { get; } = new MemoryStream("body"u8.ToArray());

        internal override void ReportTo(ExchangeState exchange)
        {
            // No client is told who answered.
        }

        public override ValueTask DisposeAsync() => default;
    }
}
