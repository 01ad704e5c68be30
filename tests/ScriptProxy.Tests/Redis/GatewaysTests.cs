using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Redis;

/// <summary>UseRedis in proxy.csx: whole gateways that share a real Redis.</summary>
public sealed class GatewaysTests : IAsyncLifetime
{
    private readonly List<TestGateway> _gateways = [];
    private RedisServer _redis = null!;
    private Origin _origin = null!;
    private int _asked;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _origin = await Origin.StartAsync(async c =>
        {
            var number = Interlocked.Increment(ref _asked);
            c.Response.Headers.CacheControl = "max-age=600";
            c.Response.Headers["Cache-Tag"] = "all";
            await c.Response.WriteAsync($"{c.Request.Path} {number}");
        });
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in _gateways)
        {
            await gateway.DisposeAsync();
        }

        await _origin.DisposeAsync();
        await _redis.DisposeAsync();
    }

    private async Task<TestGateway> GatewayAsync(string? redis = null, params (string Path, string Text)[] files)
    {
        var gateway = await TestGateway.StartAsync(Proxy(redis), TimeProvider.System, files);
        _gateways.Add(gateway);
        return gateway;
    }

    // UseRedis stands last: order does not matter.
    private string Proxy(string? redis) => $$"""
        Route("/c/{**path}").Cache().To("{{_origin.Address}}");
        Route("/purge").Content(async c => c.Text($"{await Cache.Purge(tag: "all")}"));
        Route("/count").Content(async c => c.Text($"{await Shared("counters", cluster: true).IncrementAsync("visits")}"));
        Route("/raw").Content(async c => { await Redis.StringSetAsync("mine", "1"); return c.Text($"{await Redis.StringGetAsync("mine")}"); });
        UseRedis("{{redis ?? _redis.Address}}");
        """;

    private static async Task<(string Body, string Status)> GetAsync(TestGateway gateway, string path)
    {
        // The key has the host in it, and that is the gateways' common name.
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = "shop.example" } };
        using var answer = await gateway.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadAsStringAsync(), answer.Headers.TryGetValues("Cache-Status", out var status) ? status.Single() : "");
    }

    /// <summary>Asks new URLs of one gateway, and some time later of the other, until that has one of them without asking the origin.</summary>
    private static async Task ShareAsync(TestGateway one, TestGateway other)
    {
        var asked = new Queue<(string Path, string Body)>();
        await TestGateway.WaitAsync(
            () =>
            {
                var path = $"/c/{Guid.NewGuid()}";
                asked.Enqueue((path, GetAsync(one, path).GetAwaiter().GetResult().Body));
                return asked.Count > 20 && asked.Dequeue() is var (known, body) && GetAsync(other, known).GetAwaiter().GetResult().Body == body;
            },
            "an answer shared over Redis");
    }

    [Fact]
    public async Task Cache_WhatOneGatewayFetched_AnotherServes_AndAPurgeGoesThroughBoth()
    {
        var (one, other) = (await GatewayAsync(), await GatewayAsync());
        await ShareAsync(one, other);
        await GetAsync(one, "/c/a");
        var theirs = (await GetAsync(other, "/c/a")).Body;
        Assert.Contains("; hit;", (await GetAsync(other, "/c/a")).Status, StringComparison.Ordinal);
        Assert.NotEqual("0", (await GetAsync(one, "/purge")).Body);
        Assert.Contains("fwd=uri-miss", (await GetAsync(one, "/c/a")).Status, StringComparison.Ordinal);
        await TestGateway.WaitAsync(() => GetAsync(other, "/c/a").GetAwaiter().GetResult().Body != theirs);
    }

    [Fact]
    public async Task CountersAndCommands_AreSharedByAllGateways()
    {
        var (one, other) = (await GatewayAsync(), await GatewayAsync());
        Assert.Equal("1", (await GetAsync(one, "/count")).Body);
        Assert.Equal("2", (await GetAsync(other, "/count")).Body);
        Assert.Equal("1", (await GetAsync(other, "/raw")).Body);
    }

    [Fact]
    public async Task Redis_KilledAndStartedAgainUnderLoad_NoRequestFails_AndWhatWasPurgedMeanwhileIsGone()
    {
        var (one, other) = (await GatewayAsync(), await GatewayAsync());
        await ShareAsync(one, other);
        var before = (await GetAsync(one, "/c/kept")).Body;
        await GetAsync(other, "/c/kept");
        using var stop = new CancellationTokenSource();
        var load = Enumerable.Range(0, 8).Select(async i =>
        {
            var served = 0;
            while (!stop.IsCancellationRequested)
            {
                await GetAsync(i % 2 == 0 ? one : other, $"/c/{Random.Shared.Next(300)}");
                served++;
            }

            return served;
        }).ToList();
        await _redis.KillAsync();
        await one.Log.WaitForAsync("cannot be reached, the gateway serves without it until it is back");
        await GetAsync(one, "/purge");
        Assert.NotEqual(before, (await GetAsync(one, "/c/kept")).Body);
        await _redis.BeginAsync();
        await one.Log.WaitForAsync("is there again");
        await TestGateway.WaitAsync(() => GetAsync(other, "/c/kept").GetAwaiter().GetResult().Body != before);
        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(load), served => Assert.True(served > 0));
        await ShareAsync(one, other);
    }

    [Fact]
    public async Task Redis_NotThereAtTheStart_TheGatewayServesAndSaysSoOnce()
    {
        await _redis.KillAsync();
        var gateway = await GatewayAsync(_redis.Address + ",connectTimeout=300");
        Assert.Contains("fwd=uri-miss", (await GetAsync(gateway, "/c/a")).Status, StringComparison.Ordinal);
        Assert.Contains("; hit;", (await GetAsync(gateway, "/c/a")).Status, StringComparison.Ordinal);
        await gateway.Log.WaitForAsync("cannot be reached");
        using (var answer = await gateway.Client.GetAsync("/count"))
        {
            Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        }

        await _redis.BeginAsync();
        await TestGateway.WaitAsync(() =>
        {
            using var answer = gateway.Client.GetAsync("/count").GetAwaiter().GetResult();
            return answer.IsSuccessStatusCode;
        });
        Assert.Single(gateway.Log.All, l => l.Contains("cannot be reached", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Redis_ThatNeverAnswers_CostsABoundedWaitAndThenNone()
    {
        using var deaf = new TcpListener(IPAddress.Loopback, 0);
        deaf.Start(1000);
        using var stop = new CancellationTokenSource();
        var gateway = await GatewayAsync($"{deaf.LocalEndpoint},connectTimeout=500");
        for (var i = 0; i < 20; i++)
        {
            await GetAsync(gateway, $"/c/{i}").WaitAsync(TimeSpan.FromSeconds(5));
        }
    }

    [Fact]
    public async Task Redis_StallsForAWhile_RequestsGoOn_AndItIsUsedAgain()
    {
        _redis.RequireItself("a Garnet in this process cannot be stopped for a while");
        var (one, other) = (await GatewayAsync(), await GatewayAsync());
        await ShareAsync(one, other);
        await _redis.StallAsync();
        for (var i = 0; i < 20; i++)
        {
            await GetAsync(one, $"/c/{i}").WaitAsync(TimeSpan.FromSeconds(5));
            await GetAsync(one, "/purge").WaitAsync(TimeSpan.FromSeconds(5));
        }

        await one.Log.WaitForAsync("Redis fails or is slow: the cache goes on without it");
        await _redis.ResumeAsync();
        await one.Log.WaitForAsync("the cache uses Redis again");
        await ShareAsync(one, other);
    }

    [Fact]
    public async Task Reload_KeepsTheConnection_AndAnotherServerIsTakenUp()
    {
        await using var second = await RedisServer.StartAsync();
        var gateway = await GatewayAsync();
        Assert.Equal("1", (await GetAsync(gateway, "/count")).Body);
        await gateway.ReloadAsync(() => gateway.Save(Proxy(redis: null) + "\n// again"));
        Assert.Equal("2", (await GetAsync(gateway, "/count")).Body);
        await gateway.ReloadAsync(() => gateway.Save(Proxy(second.Address)));
        Assert.Equal("1", (await GetAsync(gateway, "/count")).Body);
    }

    [Theory]
    [InlineData("UseRedis(\"\");", "configuration")]
    [InlineData("UseRedis(\"localhost:6379,nonsense=1\");", "nonsense")]
    [InlineData("UseRedis(\",,\");", "names no server of Redis")]
    public async Task UseRedis_WhatCannotBeRead_IsToldWithItsLine(string line, string told)
    {
        var error = Assert.Single(await TestGateway.FailAsync("Route(\"/\").Content(c => c.Text(\"\"));\n" + line));
        Assert.Equal(("proxy.csx", 2), (error.File, error.Line));
        Assert.Contains(told, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redis_WithoutUseRedis_SaysWhatToAdd()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Route("/raw").Content(async c => { await Redis.PingAsync(); });
            Route("/count").Content(async c => { await Shared("counters", cluster: true).IncrementAsync("visits"); });
            """);
        foreach (var path in new[] { "/raw", "/count" })
        {
            using var answer = await gateway.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
            await gateway.Log.WaitForAsync($"GET {path}: 500");
        }

        Assert.Equal(2, gateway.Log.All.Count(l => l.Contains("proxy.csx names no Redis: add UseRedis(\"localhost:6379\");", StringComparison.Ordinal)));
    }
}
