using System.Net;
using System.Net.Sockets;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Phases;
using ScriptProxy.Tests.Real;

namespace ScriptProxy.Tests.BadInput;

/// <summary>What clients do wrong.</summary>
public class ClientFailureTests
{
    private const string Logged = """
        HeaderFilter(h => h.Response.Headers["X-Filter"] = "seen");
        Log(l => l.Logger.LogInformation($"logged {l.Request.Path} {l.Response.StatusCode} {l.Error?.GetType().Name}"));

        """;

    [Theory]
    [InlineData("uploading")]
    [InlineData("waiting")]
    [InlineData("downloading")]
    public async Task Client_Resets_ThePeerIsCancelledAndNothingIsLeft(string when)
    {
        var arrived = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            c.RequestAborted.Register(() => cancelled.TrySetResult());
            if (when == "uploading")
            {
                Assert.True(await c.Request.Body.ReadAsync(new byte[100]) > 0);
            }
            else if (when == "downloading")
            {
                await c.Response.Body.WriteAsync(new byte[10]);
                await c.Response.Body.FlushAsync();
            }

            arrived.TrySetResult();
            try
            {
                while (when == "uploading" && await c.Request.Body.ReadAsync(new byte[100]) > 0)
                {
                    // Until the gateway breaks off.
                }
            }
            catch (Exception error) when (error is IOException or Microsoft.AspNetCore.Http.BadHttpRequestException)
            {
                cancelled.TrySetResult();
            }

            await cancelled.Task;
        });
        await using var gateway = await TestGateway.StartAsync(Logged + $"Route(\"/\").To(\"{origin.Address}\");");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync(when == "uploading" ? "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" : "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(5));
        if (when == "downloading")
        {
            await client.ReadHeadAsync();
        }

        client.Reset();
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(5));
        await gateway.Log.WaitForAsync(when == "downloading" ? "logged / 200" : "logged / 499");
        await gateway.Log.WaitForAsync(": 499, the client: ");
        await TestGateway.WaitAsync(() => gateway.Host.Current!.Snapshot.Gate.Leases == 1 && gateway.Host.Current.Upstreams.All(u => u.Peers.All(p => p.InFlight == 0)));
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains("upstream", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n", 414)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n", 431)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n", 431)]
    [InlineData("GARBAGE\r\n\r\n", 400)]
    [InlineData("GET /\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nName : space\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n folded\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400)]
    [InlineData("GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505)]
    [InlineData("GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3 3\r\n\r\nabc", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x3\r\n\r\nabc", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \v3\r\n\r\nabc", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\0\r\n\r\nabc", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\n", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nabc", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9223372036854775808\r\n\r\nabc", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nabc", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400)]
    public async Task Request_Malformed_IsRefusedAndThePeerNotAsked(string request, int status)
    {
        var asked = 0;
        await using var origin = await Origin.StartAsync(c =>
        {
            Interlocked.Increment(ref asked);
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync($"Route(\"/{{**p}}\").To(\"{origin.Address}\");");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync(request
            .Replace("{long}", new string('x', 40_000), StringComparison.Ordinal)
            .Replace("{many}", string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: {i}\r\n")), StringComparison.Ordinal));
        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal(0, asked);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Client.GetAsync("/fine")).StatusCode);
    }

    /// <summary>RFC 9112, 6.1 and 6.3: where length and chunks could be told apart differently by the peer.</summary>
    [Theory]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n", 400)]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n", 400)]
    [InlineData("POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n", 400)]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n", 501)]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n", 501)]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", 501)]
    public async Task Smuggling_AmbiguousFraming_IsRefusedBeforeAnyHandlerAndTheConnectionClosed(string head, int status)
    {
        var asked = 0;
        await using var origin = await Origin.StartAsync(c =>
        {
            Interlocked.Increment(ref asked);
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync(Logged + $"Rewrite(r => r.Respond(299)); Route(\"/{{**p}}\").To(\"{origin.Address}\");");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync($"{head}Host: x\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
        var all = await client.ReadToEndAsync();
        Assert.StartsWith($"HTTP/1.1 {status} ", all, StringComparison.Ordinal);
        Assert.Contains("Connection: close\r\n", all, StringComparison.Ordinal);
        Assert.Equal(1, all.Split("HTTP/1.1 ").Length - 1);
        Assert.Equal(0, asked);
        await gateway.Log.WaitForAsync($"logged / {status} ");
    }

    /// <summary>By hand, since a client library writes the number anew.</summary>
    [Theory]
    [InlineData("3", 200)]
    [InlineData("+3", 400)]
    [InlineData("3 3", 400)]
    [InlineData("0x3", 400)]
    public async Task Http2_ContentLengthThatIsNoNumber_IsRefusedAndThePeerNotAsked(string length, int status)
    {
        var asked = 0;
        await using var origin = await Origin.StartAsync(c =>
        {
            Interlocked.Increment(ref asked);
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync($"Route(\"/{{**p}}\").To(\"{origin.Address}\");");
        using var client = await RawClient.ConnectAsync(gateway.Address);

        // Indexed: POST, http, "/"; literal: :authority x and content-length (RFC 7541, appendix A, 3, 6, 4, 1, 28).
        var head = $"\x83\x86\x84\x01\x01x\x0f\x0d{(char)length.Length}{length}";
        await client.SendAsync($"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{Frame(4, 0, 0, "")}{Frame(1, 4, 1, head)}{Frame(0, 1, 1, "abc")}");
        var answered = 0;
        while (answered == 0)
        {
            var begin = await client.ReadAsync(9);
            var body = await client.ReadAsync((begin[0] << 16) | (begin[1] << 8) | begin[2]);
            answered = (begin[3], body) switch
            {
                ('\x01', ['\x88', ..]) => 200,
                ('\x01', ['\x8c', ..]) => 400,
                ('\x03' or '\x07', _) => 400,
                _ => 0,
            };
        }

        Assert.Equal(status, answered);
        Assert.Equal(status == 200 ? 1 : 0, asked);

        static string Frame(int type, int flags, int stream, string payload) =>
            $"\0\0{(char)payload.Length}{(char)type}{(char)flags}\0\0\0{(char)stream}{payload}";
    }

    [Theory]
    [InlineData("3")]
    [InlineData("\t3 ")]
    [InlineData("0000000000000000000000000003")]
    public async Task ContentLength_OfDigits_IsTaken(string length)
    {
        await using var gateway = await TestGateway.StartAsync("Route(\"/\").Content(async c => c.Text(await c.ReadBodyAsync()));");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\nabc");
        Assert.Equal("abc", (await client.ReadAnswerAsync()).Body);
    }

    [Theory]
    [InlineData("Content-Length: 11\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n")]
    public async Task Body_TooLarge_413PassesFiltersAndLog(string rest)
    {
        var asked = 0;
        await using var origin = await Origin.StartAsync(async c =>
        {
            Interlocked.Increment(ref asked);
            await c.Request.Body.CopyToAsync(Stream.Null);
        });
        await using var gateway = await TestGateway.StartAsync(Logged + $"Limits(l => l.RequestBody = 10); Route(\"/\").To(\"{origin.Address}\");");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: x\r\n" + rest);
        var (head, body) = await client.ReadAnswerAsync();
        Assert.StartsWith("HTTP/1.1 413 ", head, StringComparison.Ordinal);
        Assert.Contains("X-Filter: seen", head, StringComparison.Ordinal);
        Assert.Equal("413 Payload Too Large\n", body);
        await gateway.Log.WaitForAsync("logged / 413 ");
        await gateway.Log.WaitForAsync("413, the client: the request's body is larger than 10 bytes");
        Assert.Equal(rest.StartsWith('C') ? 0 : asked, asked);
    }

    [Theory]
    [InlineData("5\r\nabc")]
    [InlineData("zz\r\nabc\r\n")]
    public async Task Chunks_BrokenOff_400OrCancelledNeverWhole(string chunks)
    {
        var whole = false;
        await using var origin = await Origin.StartAsync(async c =>
        {
            await c.Request.Body.CopyToAsync(Stream.Null);
            whole = true;
        });
        await using var gateway = await TestGateway.StartAsync(Logged + $"Route(\"/\").To(\"{origin.Address}\");");
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
        client.Shutdown();
        string all;
        try
        {
            all = await client.ReadToEndAsync();
        }
        catch (IOException)
        {
            // A reset: no answer either.
            all = "";
        }

        Assert.True(all.Length == 0 || all.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal), all);
        await gateway.Log.WaitForAsync("logged / ");
        Assert.Contains(gateway.Log.All, l => l.Contains(", the client: ", StringComparison.Ordinal));
        Assert.False(whole);
    }

    [Fact]
    public async Task Connections_TooMany_AreClosedAndTheOthersUntouched()
    {
        await using var gateway = await TestGateway.StartAsync("Limits(l => l.Connections = 2); Route(\"/\").Content(c => c.Text(\"x\"));");
        using var one = await RawClient.ConnectAsync(gateway.Address);
        using var two = await RawClient.ConnectAsync(gateway.Address);
        const string Request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        foreach (var client in new[] { one, two })
        {
            await client.SendAsync(Request);
            await client.ReadAnswerAsync();
        }

        using var three = await RawClient.ConnectAsync(gateway.Address);
        var refused = "";
        try
        {
            await three.SendAsync(Request);
            refused = await three.ReadToEndAsync();
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // A reset is a close as well.
        }

        Assert.Equal("", refused);
        foreach (var client in new[] { one, two })
        {
            await client.SendAsync(Request);
            Assert.Equal("x", (await client.ReadAnswerAsync()).Body);
        }
    }

    [Fact]
    public async Task Body_Stalls_408_AndThePeerIsNotBlamed()
    {
        await using var origin = await Origin.StartAsync(async c => await c.Request.Body.CopyToAsync(Stream.Null));
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("u", "{{origin.Address}}").Timeouts(answer: Seconds(30), idle: Seconds(0.3));
            Error(e => e.Respond(e.Response.StatusCode, $"{e.Source}"));
            Route("/").To("u");
            """);
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
        var (head, body) = await client.ReadAnswerAsync();
        Assert.StartsWith("HTTP/1.1 408 ", head, StringComparison.Ordinal);
        Assert.Equal("Client", body);
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains("upstream u:", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("GE")]
    public async Task Connection_ResetBeforeItsFirstRequest_IsNothingToTell(string begun)
    {
        await using var gateway = await TestGateway.StartAsync("Route(\"/\").Content(c => c.Text(\"x\"));");
        for (var i = 0; i < 10; i++)
        {
            using var client = await RawClient.ConnectAsync(gateway.Address);
            if (begun.Length > 0)
            {
                await client.SendAsync(begun);
            }

            client.Stream.Socket.Close(0);
        }

        Assert.Equal("x", await gateway.Client.GetStringAsync("/"));
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains("Unhandled exception", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Headers_AreManyAndSmall_OnlyTheirSizeCounts()
    {
        await using var gateway = await TestGateway.StartAsync("Route(\"/\").Content(c => c.Text($\"{c.Request.Headers.Count}\"));");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        for (var i = 0; i < 500; i++)
        {
            request.Headers.Add($"X-{i}", "1");
        }

        using var answer = await gateway.Client.SendAsync(request);
        Assert.Equal("501", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Headers_TooSlow_408OrClosedAndTheOthersUntouched()
    {
        await using var gateway = await TestGateway.StartAsync("Limits(l => l.HeadersTimeout = Milliseconds(300)); Route(\"/\").Content(c => c.Text(\"x\"));");
        using var slow = await RawClient.ConnectAsync(gateway.Address);
        await slow.SendAsync("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
        Assert.Equal("x", await gateway.Client.GetStringAsync("/"));

        // Long before the 30 s that it is by default.
        var all = await slow.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(15));
        Assert.True(all.Length == 0 || all.StartsWith("HTTP/1.1 408 ", StringComparison.Ordinal), all);
    }

    [Fact]
    public async Task Http2_ClientCancelsItsStream_TheOthersOfTheConnectionGoOn()
    {
        var arrived = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async c =>
        {
            c.RequestAborted.Register(() => cancelled.TrySetResult());
            arrived.TrySetResult();
            await cancelled.Task;
        });
        await using var gateway = await TestGateway.StartAsync(Logged + $"Route(\"/\").To(\"{origin.Address}\"); Route(\"/id\").Content(c => c.Text(c.HttpContext.Connection.Id));");
        using var client = Clients.Http2(gateway);
        var before = await client.GetStringAsync("/id");
        using var stop = new CancellationTokenSource();
        var asked = client.GetAsync("/", stop.Token);
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(5));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(5));
        await gateway.Log.WaitForAsync(": 499, the client: ");
        Assert.Equal(before, await client.GetStringAsync("/id"));
    }
}
