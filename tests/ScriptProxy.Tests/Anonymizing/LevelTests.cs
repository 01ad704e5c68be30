using ScriptProxy.Anonymizing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Anonymizing;

/// <summary>A request with every identifying field through each level, over real sockets: what the peer, the client and the log saw.</summary>
public class LevelTests
{
    private const string Target = "/p%20q?a=1&utm_source=visitor&b=%2F&gclid=visitor&fbclid=visitor";

    private static readonly string[] Answer =
    [
        "Server: peer/1.2", "X-Powered-By: peer", "X-AspNet-Version: 4", "Via: 1.1 peer", "X-Backend-Node: peer", "Server-Timing: db;desc=peer", "X-Request-Id: peer-1", "Alt-Svc: h3=\":443\"", "Accept-CH: DPR",
        "Location: {self}/next?x=1", "Content-Location: //{host}/it", "Link: <{self}/a>; rel=\"next, <\", <https://cdn.example/b>; rel=x", "Refresh: 5; url={self}/r",
        "Set-Cookie: session=1; Domain=127.0.0.1; Path=/; HttpOnly", "Set-Cookie: _ga=2; Path=/", "ETag: \"visitor\"", "X-Custom: kept",
    ];

    private const string Log = """
        Log(l => l.Logger.LogInformation("seen {Ip} {Remote} {Query} {Names} | {Request} | {Response} {Status}", l.ClientIp, l.HttpContext.Connection.RemoteIpAddress, l.Request.QueryString.Value,
            string.Join(',', l.Request.Query.Select(q => q.Key + "=" + q.Value)), string.Join(" ", l.Request.Headers.Select(h => h.Key + ":" + h.Value)),
            string.Join(" ", l.Response.Headers.Select(h => h.Key + ":" + h.Value)), l.Response.StatusCode));
        Trust("127.0.0.1");
        """;

    private static Task<TestGateway> StartAsync(Peer peer, string level) =>
        TestGateway.StartAsync($"Upstream(\"o\", \"{peer.Address}\");\n{Log}\nRoute(\"/{{**path}}\"){level}.To(\"o\");");

    private static async Task<string> SeenAsync(TestGateway gateway)
    {
        await gateway.Log.WaitForAsync("seen ");
        return string.Join('\n', gateway.Log.All.Where(l => l.StartsWith("seen ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Elite_AllFields_NobodyLearnsAnything()
    {
        using var peer = new Peer(Answer);
        await using var gateway = await StartAsync(peer, ".Anonymize(Anonymity.Elite)");
        var (sent, head) = await Visitor.AskWithAllAsync(gateway, peer, Target);

        Assert.Equal(
            """
            GET /p%20q?a=1&b=%2F HTTP/1.1
            Host: peer
            Accept: visitor-Accept
            Accept-Encoding: visitor-Accept-Encoding
            Authorization: visitor-Authorization
            CDN-Loop: visitor-CDN-Loop
            DNT: 1
            Origin: visitor-Origin
            Priority: visitor-Priority
            Sec-Fetch-Some: visitor-Sec-Fetch-Some
            Sec-GPC: 1
            User-Agent: Mozilla/5.0
            X-Custom-Name: kept
            """.ReplaceLineEndings("\n"),
            sent);
        Assert.Equal(
            [
                "Content-Length: 4", "Content-Location: //shop.example/it", "ETag: \"visitor\"", "Link: <http://shop.example/a>; rel=\"next, <\", <https://cdn.example/b>; rel=x",
                "Location: http://shop.example/next?x=1", "Refresh: 5; url=http://shop.example/r", "X-Custom: kept",
            ],
            Visitor.Lines(head));

        var seen = await SeenAsync(gateway);
        Assert.StartsWith("seen 203.0.113.0 203.0.113.0 ?a=*&utm_source=*&b=*&gclid=*&fbclid=* a=*,utm_source=*,b=*,gclid=*,fbclid=* | ", seen, StringComparison.Ordinal);
        Assert.Contains(" Cookie:(redacted) ", seen, StringComparison.Ordinal);
        Assert.Contains(" Authorization:(redacted) ", seen, StringComparison.Ordinal);
        Assert.Contains(" X-Forwarded-For:(redacted)", seen, StringComparison.Ordinal);
        Assert.Contains(" X-Real-IP:(redacted)", seen, StringComparison.Ordinal);
        Assert.DoesNotContain(Visitor.Address, string.Join('\n', gateway.Log.All), StringComparison.Ordinal);
        Assert.DoesNotContain("visitor-session", string.Join('\n', gateway.Log.All), StringComparison.Ordinal);
        Assert.DoesNotContain("q=visitor", seen, StringComparison.Ordinal);
        Assert.EndsWith(" 200", seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Anonymous_AllFields_ThePeerSeesAPseudonymAndWhatAllShare()
    {
        using var peer = new Peer(Answer);
        await using var gateway = await StartAsync(peer, ".Anonymize(Anonymity.Anonymous)");
        var (sent, head) = await Visitor.AskWithAllAsync(gateway, peer, Target);

        var pseudonym = sent.Split('\n').Single(l => l.StartsWith("Forwarded: for=", StringComparison.Ordinal))["Forwarded: for=".Length..];
        Assert.Matches("^_[A-Za-z0-9_-]{16}$", pseudonym);
        Assert.Equal(
            $"""
            GET /p%20q?a=1&b=%2F HTTP/1.1
            Host: peer
            Accept: visitor-Accept
            Accept-Encoding: visitor-Accept-Encoding
            Accept-Language: de
            Authorization: visitor-Authorization
            CDN-Loop: visitor-CDN-Loop
            Cookie: session=visitor-session; _ga=visitor-ga; theme=visitor-theme
            Correlation-Context: visitor-Correlation-Context
            DNT: 1
            Forwarded: for={pseudonym}
            If-Match: visitor-If-Match
            If-Modified-Since: visitor-If-Modified-Since
            If-None-Match: visitor-If-None-Match
            If-Range: visitor-If-Range
            If-Unmodified-Since: visitor-If-Unmodified-Since
            Origin: visitor-Origin
            Priority: visitor-Priority
            Range: bytes=0-3
            Referer: https://from.example:8443/
            Request-Id: visitor-Request-Id
            Save-Data: visitor-Save-Data
            Sec-CH-UA: visitor-Sec-CH-UA
            Sec-CH-UA-Mobile: visitor-Sec-CH-UA-Mobile
            Sec-CH-UA-Platform: visitor-Sec-CH-UA-Platform
            Sec-Fetch-Some: visitor-Sec-Fetch-Some
            Sec-GPC: 1
            User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0
            X-Amzn-Trace-Id: visitor-X-Amzn-Trace-Id
            X-B3-Some: visitor-X-B3-Some
            X-Cloud-Trace-Context: visitor-X-Cloud-Trace-Context
            X-Correlation-Id: visitor-X-Correlation-Id
            X-Custom-Name: kept
            X-Forwarded-Host: shop.example
            X-Forwarded-Port: visitor-X-Forwarded-Port
            X-Forwarded-Prefix: visitor-X-Forwarded-Prefix
            X-Forwarded-Proto: http
            X-Request-Id: visitor-X-Request-Id
            X-Session-Id: visitor-X-Session-Id
            baggage: visitor-baggage
            traceparent: visitor-traceparent
            tracestate: visitor-tracestate
            """.ReplaceLineEndings("\n"),
            sent);
        Assert.Contains("Set-Cookie: session=1; Path=/; HttpOnly", Visitor.Lines(head));
        Assert.Contains("Set-Cookie: _ga=2; Path=/", Visitor.Lines(head));
        Assert.Contains("X-Request-Id: peer-1", Visitor.Lines(head));
        Assert.DoesNotContain("peer/1.2", head, StringComparison.Ordinal);
        Assert.StartsWith("seen 203.0.113.0 203.0.113.0 ?a=*&", await SeenAsync(gateway), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Transparent_AllFields_PassAsTheyCame()
    {
        using var peer = new Peer(Answer);
        await using var gateway = await StartAsync(peer, ".Anonymize(Anonymity.Transparent)");
        var (head, _) = await Visitor.AskAsync(gateway, Target, [.. Visitor.EveryHeader.Take(80), "x-cUSTOM-name: kept"]);
        await Visitor.AskAsync(gateway, Target, Visitor.EveryHeader.Skip(80));

        Assert.StartsWith("GET " + Target + " HTTP/1.1\n", peer.Head, StringComparison.Ordinal);
        var sent = string.Join('\n', peer.Heads) + "\n";
        var theGateways = new[] { "Forwarded", "Proxy-Authorization" };
        Assert.All(
            Visitor.EveryHeader.Where(h => !theGateways.Contains(h.Split(':')[0], StringComparer.Ordinal)),
            header => Assert.Contains(header + "\n", sent, StringComparison.OrdinalIgnoreCase));
        Assert.Contains("\nx-cUSTOM-name: kept\n", sent, StringComparison.Ordinal);
        Assert.Contains($"X-Forwarded-For: {Visitor.Address}, 127.0.0.1", sent, StringComparison.Ordinal);
        Assert.Contains("Server: peer/1.2", Visitor.Lines(head));
        Assert.Contains($"Location: {peer.Address}/next?x=1", Visitor.Lines(head));
        Assert.StartsWith($"seen {Visitor.Address} 127.0.0.1 ?a=1&utm_source=visitor", await SeenAsync(gateway), StringComparison.Ordinal);
        Assert.Empty(gateway.Host.Current!.Model.Routes[0].Last.UpstreamRequest);
        Assert.Empty(gateway.Host.Current.Model.Routes[0].First.HeaderFilter);
        Assert.Empty(gateway.Host.Current.Model.Routes[0].First.Log);
    }

    [Theory]
    [InlineData(AddressForm.Truncated, Visitor.Address, "203.0.113.0", "for=203.0.113.0", "203.0.113.0")]
    [InlineData(AddressForm.Truncated, "2001:db8:aaaa:bbbb:cccc::1", "2001:db8:aaaa::", "for=\"[2001:db8:aaaa::]\"", "2001:db8:aaaa::")]
    [InlineData(AddressForm.Truncated, "::ffff:203.0.113.77", "203.0.113.0", "for=203.0.113.0", "203.0.113.0")]
    [InlineData(AddressForm.Removed, Visitor.Address, null, null, "0.0.0.0")]
    [InlineData(AddressForm.Removed, "2001:db8::1", null, null, "::")]
    public async Task Addresses_ByForm_AreTheSameEverywhere(AddressForm form, string client, string? plain, string? forwarded, string logged)
    {
        using var peer = new Peer("X-A: b");
        await using var gateway = await TestGateway.StartAsync($$"""
            Upstream("o", "{{peer.Address}}").Forwarded(rfc7239: ForwardedMode.Append, via: ForwardedMode.Append);
            {{Log}}
            Route("/{**path}").UpstreamRequest(u => u.Headers["X-Real-IP"] = $"{u.ClientIp}")
                .Anonymize(Anonymity.Anonymous, o => { o.ClientAddress = AddressForm.{{form}}; o.LogAddress = AddressForm.{{form}}; })
                .UpstreamRequest(u => u.Headers["CF-Connecting-IP"] = u.ClientIp.ToString())
                .To("o");
            """);
        await Visitor.AskAsync(gateway, "/", address: client);
        Assert.Equal(
            new[] { plain is null ? null : $"CF-Connecting-IP: {plain}", forwarded is null ? null : $"Forwarded: {forwarded}", plain is null ? null : $"X-Forwarded-For: {plain}", plain is null ? null : $"X-Real-IP: {plain}" }.OfType<string>(),
            Visitor.Lines(peer.Head).Where(l => !l.StartsWith("Host", StringComparison.Ordinal) && !l.StartsWith("DNT", StringComparison.Ordinal) && !l.StartsWith("Sec-", StringComparison.Ordinal) && !l.StartsWith("X-Forwarded-Proto", StringComparison.Ordinal) && !l.StartsWith("X-Forwarded-Host", StringComparison.Ordinal)));
        Assert.StartsWith($"seen {logged} {logged} ", await SeenAsync(gateway), StringComparison.Ordinal);
    }

    [Fact]
    public void EveryHeader_OfBothTables_IsThereOnce()
    {
        Assert.Equal(RequestFields.All.Count, RequestFields.All.DistinctBy(f => f.Name, StringComparer.OrdinalIgnoreCase).Count());
        Assert.Equal(ResponseFields.All.Count, ResponseFields.All.DistinctBy(f => f.Name, StringComparer.OrdinalIgnoreCase).Count());
    }
}
