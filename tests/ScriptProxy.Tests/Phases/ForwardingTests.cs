using System.Net;
using System.Net.Sockets;
using System.Text;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

/// <summary>Headers and targets on their way to the peer and back, byte for byte.</summary>
public class ForwardingTests
{
    /// <summary>Sends bytes to the gateway and gives the head that the origin got, and the answer.</summary>
    private static async Task<(string Got, string Answer)> RawAsync(string route, string request, string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", string more = "")
    {
        var got = "";
        using var origin = new RawOrigin(async (stream, stop) =>
        {
            got = await RawOrigin.ReadHeadAsync(stream);
            await stream.WriteAsync(Encoding.Latin1.GetBytes(answer), stop);
        });
        await using var gateway = await TestGateway.StartAsync($"""{more}Upstream("o", "{origin.Address}"){route};""");
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(gateway.Address).Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request.Replace("PORT", new Uri(gateway.Address).Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)));
        using var held = new MemoryStream();
        await stream.CopyToAsync(held);
        return (got.Replace(new Uri(origin.Address).Authority, "ORIGIN", StringComparison.Ordinal), Encoding.Latin1.GetString(held.ToArray()));
    }

    private static string Get(string target, string headers = "") => $"GET {target} HTTP/1.1\r\nHost: client.example\r\nConnection: close\r\n{headers}\r\n";

    private static string Line(string head, string name) =>
        string.Join(" & ", head.Split("\r\n").Where(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(l => l[(name.Length + 1)..].Trim()));

    [Theory]
    [InlineData("/a%2Fb?x=%7E+y")]
    [InlineData("/%C3%A4/%E2%82%AC?q=%C3%A4")]
    [InlineData("//double//slashes/")]
    [InlineData("/a;b=c,d/e@f:g!$&'()*+")]
    [InlineData("/%41%7e?")]
    [InlineData("/a?b=/../c&d=%2e%2E")]
    [InlineData("/a+b%20c?d+e%20f")]
    [InlineData("/?")]
    [InlineData("/a%25b")]
    public async Task Target_Untouched_IsPassedByteForByte(string target)
    {
        var (got, answer) = await RawAsync("; Route(\"/{**path}\").To(\"o\")", Get(target));
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Equal($"GET {target} HTTP/1.1", got.Split("\r\n")[0]);
    }

    [Theory]
    [InlineData("/a/../b", "/b")]
    [InlineData("/a/./b", "/a/b")]
    [InlineData("/a/%2e%2e/b", "/b")]
    [InlineData("/a/%2E./b", "/b")]
    [InlineData("/a/.%2e", "/")]
    [InlineData("/a/b#c?d", "/a/b%23c?d")]
    [InlineData("/a?b#c", "/a?b%23c")]
    [InlineData("/.x/%252e%252e/y", "/.x/%252e%252e/y")]
    [InlineData("/.well-known/x%20y", "/.well-known/x%20y")]
    [InlineData("/.well-known/a%2Fb?x=%7E", "/.well-known/a%2Fb?x=%7E")]
    public async Task Target_WithDotSegments_IsWhatWasMatched(string target, string expected)
    {
        var (got, _) = await RawAsync("; Route(\"/{**path}\").To(\"o\")", Get(target));
        Assert.Equal($"GET {expected} HTTP/1.1", got.Split("\r\n")[0]);
    }

    [Theory]
    [InlineData("r.Request.Path = \"/new path/ä\"", "/new%20path/%C3%A4?q=%7E")]
    [InlineData("r.Request.Path = \"/100%\"", "/100%25?q=%7E")]
    [InlineData("r.Request.QueryString = new QueryString(\"?n=1\")", "/old%2Fpath?n=1")]
    [InlineData("r.Request.QueryString = QueryString.Empty", "/old%2Fpath")]
    [InlineData("r.Request.QueryString = QueryString.Create(\"ä b\", \"c&d\")", "/old%2Fpath?%C3%A4%20b=c%26d")]
    [InlineData("r.Request.Method = \"PUT\"", "/old%2Fpath?q=%7E")]
    public async Task Target_Rewritten_IsEncodedRightly(string change, string expected)
    {
        var (got, _) = await RawAsync($"; Route(\"/{{**path}}\").Rewrite(r => {{ {change}; }}).To(\"o\")", Get("/old%2Fpath?q=%7E"));
        Assert.EndsWith($" {expected} HTTP/1.1", got.Split("\r\n")[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/shop/a%2Fb?x", "/a%2Fb?x")]
    [InlineData("/shop", "/")]
    [InlineData("/shop?x=1", "/?x=1")]
    [InlineData("/shop/", "/")]
    [InlineData("/sh%6Fp/a", "/a")]
    [InlineData("/shopping/a", "/shopping/a")]
    [InlineData("/other%2Fx", "/other%2Fx")]
    [InlineData("/shop//a", "//a")]
    public async Task StripPrefix_TakesOffWholeSegments(string target, string expected)
    {
        var (got, _) = await RawAsync("; Route(\"/{**path}\").StripPrefix(\"/shop\").To(\"o\")", Get(target));
        Assert.Equal($"GET {expected} HTTP/1.1", got.Split("\r\n")[0]);
    }

    [Theory]
    [InlineData("GET /old HTTP/1.1", "GET / HTTP/1.1")]
    [InlineData("GET /old?a=b HTTP/1.1", "GET /?a=b HTTP/1.1")]
    [InlineData("GET /old/x HTTP/1.1", "GET /x HTTP/1.1")]
    public async Task Target_WhosePathAHandlerEmptied_IsTheRoot(string line, string expected)
    {
        var (got, answer) = await RawAsync(
            "; Route(\"/{**path}\").Rewrite(r => { if (r.Request.Path.StartsWithSegments(\"/old\", out var rest)) r.Request.Path = rest; }).To(\"o\")",
            $"{line}\r\nHost: x\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Equal(expected, got.Split("\r\n")[0]);
    }

    [Fact]
    public async Task Target_AWholeUrl_ItsHostCounts()
    {
        var (got, answer) = await RawAsync("; Route(\"/{**path}\", host: \"shop.example\").To(\"o\")", Get("http://shop.example/a?b"));
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Equal("GET /a?b HTTP/1.1", got.Split("\r\n")[0]);
        Assert.Equal("shop.example", Line(got, "X-Forwarded-Host"));
    }

    [Theory]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: x", "HTTP/1.1 200 ")]
    [InlineData("CONNECT x:443 HTTP/1.1\r\nHost: x:443", "HTTP/1.1 501 ")]
    [InlineData("CONNECT /x HTTP/1.1\r\nHost: x", "HTTP/1.1 501 ")]
    public async Task Target_NotForAPeer_IsAnsweredByTheGateway(string request, string expected)
    {
        var (got, answer) = await RawAsync("; Route(\"/{**path}\").To(\"o\")", $"{request}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith(expected, answer, StringComparison.Ordinal);
        Assert.Equal("", got);
    }

    [Fact]
    public async Task UpstreamRequest_CopiesAllHeaders_TheBodysFramingStays()
    {
        var (got, answer) = await RawAsync(
            "; Route(\"/\").UpstreamRequest(u => { u.Headers.ContentLength = 9; u.Headers.TransferEncoding = \"gzip\"; u.Headers[\"Content-Length\"] = \"1\"; u.Headers[\"X-A\"] = \"b\"; }).To(\"o\")",
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc");
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Equal("3", Line(got, "Content-Length"));
        Assert.Equal("", Line(got, "Transfer-Encoding"));
        Assert.Equal("b", Line(got, "X-A"));
    }

    [Fact]
    public async Task UpstreamRequest_HeadersAsACollection_CanBeCountedCopiedAndCleared()
    {
        var (got, _) = await RawAsync(
            """; Route("/").UpstreamRequest(u => { var all = u.Headers.ToList(); var n = u.Headers.Count; u.Headers.Clear(); foreach (var h in all) u.Headers.Add(h); u.Headers["X-Counted"] = $"{all.Count} {n} {u.Headers.Count}"; }).To("o")""",
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\nContent-Type: text/plain\r\nX-A: b\r\n\r\nabc");
        Assert.Equal("6 6 6", Line(got, "X-Counted"));
        Assert.Equal("3", Line(got, "Content-Length"));
        Assert.Equal("text/plain", Line(got, "Content-Type"));
        Assert.Equal("b", Line(got, "X-A"));
    }

    [Theory]
    [InlineData("HeaderFilter(h => h.Response.StatusCode = 204).To(\"o\")", "HTTP/1.1 204 No Content")]
    [InlineData("HeaderFilter(h => h.Response.StatusCode = 304).BodyFilter(b => b.ReplaceText(\"o\", \"p\")).To(\"o\")", "HTTP/1.1 304 Not Modified")]
    [InlineData("UpstreamResponse(u => { u.StatusCode = 204; return u.Default; }).To(\"o\")", "HTTP/1.1 204 No Content")]
    [InlineData("HeaderFilter(h => h.Response.StatusCode = 204).Content(c => c.Text(\"body\"))", "HTTP/1.1 204 No Content")]
    public async Task Status_ChangedToOneWithoutABody_TheBodyIsDropped(string route, string expected)
    {
        var (_, answer) = await RawAsync("; Route(\"/\")." + route, Get("/"), "HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok");
        Assert.StartsWith(expected + "\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
        Assert.Equal("", Line(answer, "Content-Length"));
        Assert.Equal("", Line(answer, "Transfer-Encoding"));
    }

    [Fact]
    public async Task Status_Changed_ThePeersReasonGoesToo()
    {
        var (_, answer) = await RawAsync(
            "; Route(\"/\").UpstreamResponse(u => { u.StatusCode = 200; return u.Default; }).To(\"o\")", Get("/"), "HTTP/1.1 503 Not Now\r\nContent-Length: 2\r\n\r\nok");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirect_ToAnUnencodedUrl_IsEncoded()
    {
        var (_, answer) = await RawAsync("; Route(\"/\").Content(c => c.Redirect(\"/caf\\u00e9?x=1 2&y=%7E#top\"))", Get("/"));
        Assert.Equal("/caf%C3%A9?x=1%202&y=%7E#top", Line(answer, "Location"));
    }

    /// <summary>As Latin-1 here: a byte a letter.</summary>
    [Fact]
    public async Task Header_BeyondAscii_IsPassedByteForByte()
    {
        var (got, answer) = await RawAsync(
            "; Route(\"/{**path}\").HeaderFilter(h => h.Response.Headers[\"X-Own\"] = \"caf\\u00e9\").To(\"o\")",
            Get("/", "X-Name: J\u00c3\u00b6rg\r\n"),
            "HTTP/1.1 200 OK\r\nX-Utf8: J\u00c3\u00b6rg\r\nX-Latin: J\u00f6rg\r\nContent-Length: 2\r\n\r\nok");
        Assert.Equal("J\u00c3\u00b6rg", Line(got, "X-Name"));
        Assert.Equal("J\u00c3\u00b6rg", Line(answer, "X-Utf8"));
        Assert.Equal("J\u00f6rg", Line(answer, "X-Latin"));
        Assert.Equal("caf\u00e9", Line(answer, "X-Own"));
    }

    [Fact]
    public async Task PeerWithAPath_IsPutBefore()
    {
        var got = "";
        await using var origin = await Origin.StartAsync(c =>
        {
            got = c.Request.Path + c.Request.QueryString;
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync($$"""Upstream("o", "{{origin.Address}}/base/"); Route("/{**path}").To("o");""");
        await gateway.Client.GetAsync("/x/y?z=1");
        Assert.Equal("/base/x/y?z=1", got);
    }

    [Fact]
    public async Task HopByHop_IsDroppedBothWays()
    {
        var (got, answer) = await RawAsync(
            "; Route(\"/{**path}\").To(\"o\")",
            "GET / HTTP/1.1\r\nHost: client.example\r\nConnection: close, X-Mine, Keep-Alive\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers, deflate\r\n"
            + "Upgrade: h2c\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic x\r\nX-Kept: 1\r\nAccept: a\r\nAccept: b\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Theirs, close\r\nX-Theirs: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nProxy-Connection: close\r\n"
            + "Upgrade: h2c\r\nX-Kept: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nServer: peer\r\n\r\nok");
        foreach (var name in new[] { "X-Mine", "Keep-Alive", "Upgrade", "Proxy-Connection", "Connection" })
        {
            Assert.Equal("", Line(got, name));
        }

        Assert.DoesNotContain("deflate", Line(got, "TE"), StringComparison.Ordinal);
        Assert.Equal("1", Line(got, "X-Kept"));
        Assert.Equal("a, b", Line(got, "Accept").Replace(" & ", ", ", StringComparison.Ordinal));
        foreach (var name in new[] { "X-Theirs", "Keep-Alive", "Proxy-Connection", "Upgrade" })
        {
            Assert.Equal("", Line(answer, name));
        }

        Assert.Equal("2", Line(answer, "X-Kept"));
        Assert.Equal("a=1 & b=2", Line(answer, "Set-Cookie"));
        Assert.Equal("peer", Line(answer, "Server"));
        Assert.EndsWith("\r\n\r\nok", answer, StringComparison.Ordinal);
    }

    /// <remarks>Where the option and the names stand on two lines, Kestrel still keeps nothing but the option.</remarks>
    [Theory]
    [InlineData("close, X-User")]
    [InlineData("x-user,CLOSE")]
    [InlineData("keep-alive, X-User", true)]
    [InlineData("Keep-Alive,,X-User,TE", true)]
    [InlineData("close, X-Else\r\nConnection: X-User, X-Third")]
    public async Task ConnectionNamesAHeader_BesideOneOption_ItGoesNoFurther(string connection, bool keepsAlive = false)
    {
        var (got, answer) = await RawAsync("; Route(\"/\").To(\"o\")", Raw(connection));
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.Equal("", Line(got, "X-User"));
        Assert.Equal("1", Line(got, "X-Kept"));
        Assert.Equal("", Line(got, "Connection"));
        Assert.Equal("close", keepsAlive ? Line(answer, "Connection") : "close");

        static string Raw(string connection) => $"GET / HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\nX-User: 1\r\nX-Kept: 1\r\n\r\n";
    }

    [Theory]
    [InlineData("close, keep-alive, X-User, Host, Content-Length")]
    [InlineData("close,keep-alive,x-user")]
    [InlineData("X-User, keep-alive\r\nConnection: close")]
    public async Task ConnectionNamesAHeader_WhatAHandlerAddsStays(string connection)
    {
        var (got, _) = await RawAsync(
            "; Route(\"/\").Access(r => r.Request.Headers[\"X-User\"] = \"checked\" + r.Request.Headers[\"X-User\"]).To(\"o\")",
            $"GET / HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\nX-User: forged\r\n\r\n");
        Assert.Equal("checked", Line(got, "X-User"));
    }

    [Theory]
    [InlineData("UpstreamRequest(u => u.Headers[\"X-A\"] = u.Request.Query[\"q\"].ToString())")]
    [InlineData("UpstreamRequest(u => u.Headers.Append(\"X-A\", u.Request.Query[\"q\"].ToString()))")]
    [InlineData("UpstreamRequest(u => u.Headers.Add(\"X-A\", u.Request.Query[\"q\"].ToString()))")]
    [InlineData("UpstreamRequest(u => u.Headers[u.Request.Query[\"q\"].ToString()] = \"1\")")]
    [InlineData("UpstreamRequest(u => u.Headers.Host = u.Request.Query[\"q\"].ToString())")]
    [InlineData("UpstreamRequest(u => u.Headers.ContentType = u.Request.Query[\"q\"].ToString())")]
    [InlineData("UpstreamRequest(u => u.Headers.ETag = u.Request.Query[\"q\"].ToString() + \"\\0\")")]
    [InlineData("UpstreamRequest(u => u.Method = u.Request.Query[\"q\"].ToString())")]
    [InlineData("UpstreamRequest(u => u.Address = new Uri(u.Address + \"&\" + u.Request.Query[\"q\"]))")]
    [InlineData("Rewrite(r => r.Request.Headers[\"X-A\"] = r.Request.Query[\"q\"].ToString())")]
    [InlineData("Rewrite(r => r.Request.Host = new HostString(r.Request.Query[\"q\"].ToString()))")]
    [InlineData("Rewrite(r => r.Request.Method = r.Request.Query[\"q\"].ToString())")]
    [InlineData("Rewrite(r => r.Request.Path = \"/\" + r.Request.Query[\"q\"])")]
    [InlineData("Rewrite(r => r.Request.QueryString = new QueryString(\"?\" + r.Request.Query[\"q\"]))")]
    [InlineData("Access(async r => { await r.Subrequest(\"/sub\", headers: new() { [\"X-A\"] = r.Request.Query[\"q\"].ToString() }); return r.Respond(204); })")]
    public async Task Injection_LineBreaksThatAHandlerTakesFromTheClient_NeverBecomeAHeaderOfTheirOwn(string handler)
    {
        var (got, answer) = await RawAsync($"; Route(\"/\").{handler}.To(\"o\"); Route(\"/sub\").To(\"o\")", Get("/?q=a%0d%0aX-B:%20b"));
        Assert.Equal("", Line(got, "X-B"));
        Assert.StartsWith("HTTP/1.1 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UpstreamRequest_HeaderWithLineBreak_FailsTheHandler()
    {
        await using var gateway = await TestGateway.StartAsync("""Route("/").UpstreamRequest(u => u.Headers["X-A"] = "a\r\nX-B: b").To("http://127.0.0.1:1");""");
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        await gateway.Log.WaitForAsync("the UpstreamRequest handler at proxy.csx:1 failed: ArgumentException: the header X-A must not hold line breaks or zeros");
    }

    [Theory]
    [InlineData("", "ORIGIN")]
    [InlineData(".KeepHost()", "client.example")]
    [InlineData(".Host(\"told.example:81\")", "told.example:81")]
    public async Task Host_IsReplacedKeptOrSet(string setting, string expected)
    {
        var (got, _) = await RawAsync($"{setting}; Route(\"/\").To(\"o\")", Get("/"));
        Assert.Equal(expected, Line(got, "Host"));
    }

    [Theory]
    [InlineData("", "127.0.0.1", "http", "client.example", "", "")]
    [InlineData(".Forwarded()", "127.0.0.1", "http", "client.example", "", "1.0 old")]
    [InlineData(".Forwarded(ForwardedMode.Set, ForwardedMode.Set, ForwardedMode.Set)", "127.0.0.1", "http", "client.example", "for=127.0.0.1;proto=http;host=client.example", "1.1 scriptproxy")]
    [InlineData(".Forwarded(ForwardedMode.Append, ForwardedMode.Append, ForwardedMode.Append)", "6.6.6.6, 127.0.0.1", "http", "client.example", "for=6.6.6.6, for=127.0.0.1;proto=http;host=client.example", "1.0 old, 1.1 scriptproxy")]
    [InlineData(".Forwarded(ForwardedMode.Remove, ForwardedMode.Remove, ForwardedMode.Remove)", "", "", "", "", "")]
    [InlineData(".Forwarded(ForwardedMode.Pass, ForwardedMode.Pass, ForwardedMode.Pass)", "6.6.6.6", "gopher", "evil.example", "for=6.6.6.6", "1.0 old")]
    public async Task Forwarded_EveryMode_FromAStranger(string setting, string xFor, string proto, string host, string forwarded, string via)
    {
        var (got, answer) = await RawAsync(
            $"{setting}; Route(\"/\").To(\"o\")",
            Get("/", "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: gopher\r\nX-Forwarded-Host: evil.example\r\nForwarded: for=6.6.6.6\r\nVia: 1.0 old\r\n"));
        Assert.Equal(xFor, Line(got, "X-Forwarded-For"));
        Assert.Equal(proto, Line(got, "X-Forwarded-Proto"));
        Assert.Equal(host, Line(got, "X-Forwarded-Host"));
        Assert.Equal(forwarded, Line(got, "Forwarded"));
        Assert.Equal(setting.Length == 0 ? "1.0 old" : via, Line(got, "Via"));
        Assert.Equal(setting.Contains("ForwardedMode.Set", StringComparison.Ordinal) || setting.Contains("Append", StringComparison.Ordinal) ? "1.1 scriptproxy" : "", Line(answer, "Via"));
    }

    [Fact]
    public async Task Trust_AChain_TellsClientSchemeAndHost()
    {
        const string Show = "Route(\"/show\").Content(c => c.Text($\"{c.ClientIp} {c.Request.Scheme} {c.Request.Host} {c.HttpContext.Connection.RemoteIpAddress} {c.RequestId}\"));";
        var chain = "X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.1.2.3\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\nX-Request-Id: given-1\r\n";
        var (_, believed) = await RawAsync(";", Get("/show", chain), more: "Trust(\"127.0.0.1\"); Trust(\"10.0.0.0/8\");" + Show);
        Assert.EndsWith("203.0.113.7 https shop.example 127.0.0.1 given-1", believed, StringComparison.Ordinal);
        var (_, stranger) = await RawAsync(";", Get("/show", chain), more: "Trust(\"10.0.0.0/8\");" + Show);
        Assert.Contains("127.0.0.1 http client.example 127.0.0.1 ", stranger, StringComparison.Ordinal);
        Assert.DoesNotContain("given-1", stranger, StringComparison.Ordinal);
        var (_, nobody) = await RawAsync(";", Get("/show", chain), more: Show);
        Assert.Contains("127.0.0.1 http client.example 127.0.0.1 ", nobody, StringComparison.Ordinal);

        var (got, _) = await RawAsync("; Route(\"/\").To(\"o\")", Get("/", chain), more: "Trust(\"127.0.0.1\"); Trust(\"10.0.0.0/8\");");
        Assert.Equal("6.6.6.6, 203.0.113.7, 10.1.2.3, 127.0.0.1", Line(got, "X-Forwarded-For"));
        Assert.Equal("https", Line(got, "X-Forwarded-Proto"));
        Assert.Equal("shop.example", Line(got, "X-Forwarded-Host"));
    }

    [Theory]
    [InlineData("Bearer abc", "abc")]
    [InlineData("bearer  abc ", "abc")]
    [InlineData("Basic abc", "-")]
    [InlineData("Bearer", "-")]
    [InlineData("Bearer ", "-")]
    [InlineData("", "-")]
    public async Task BearerToken_IsTheTokenOrNull(string header, string expected)
    {
        var (_, answer) = await RawAsync(
            ";", Get("/", header.Length == 0 ? "" : $"Authorization: {header}\r\n"), more: "Route(\"/\").Content(c => c.Text(c.BearerToken ?? \"-\"));");
        Assert.EndsWith("\r\n\r\n" + expected, answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RequestId_IsUniqueAndOneForTheWholeRequest()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Access(r => r.Response.Headers["X-Id"] = r.RequestId);
            Route("/").HeaderFilter(h => h.Response.Headers["X-Same"] = (h.RequestId == h.Response.Headers["X-Id"]).ToString()).Content(c => c.Text(c.RequestId));
            """);
        using var answer = await gateway.Client.GetAsync("/");
        var id = await answer.Content.ReadAsStringAsync();
        Assert.Equal(id, answer.Headers.GetValues("X-Id").Single());
        Assert.Equal("True", answer.Headers.GetValues("X-Same").Single());
        Assert.NotEqual(id, await gateway.Client.GetStringAsync("/"));
    }
}
