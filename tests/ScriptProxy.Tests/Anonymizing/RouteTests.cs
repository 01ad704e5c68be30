using ScriptProxy.Anonymizing;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Plugins;
using ScriptProxy.Tests.Program;
using ScriptProxy.Tests.Real;

namespace ScriptProxy.Tests.Anonymizing;

/// <summary>Where Anonymize is said, with what, and beside which other handlers.</summary>
public class RouteTests
{
    private const string Visible = "X-Real-IP: ";

    private static Task<TestGateway> StartAsync(Peer peer, string proxy, params (string Name, string Text)[] files) =>
        TestGateway.StartAsync($"Upstream(\"o\", \"{peer.Address}\");\nTrust(\"127.0.0.1\");\n" + proxy, files);

    [Fact]
    public void Plugin_References_AreAbstractionsAndTheFrameworkOnly() => Assert.All(
        typeof(Policy).Assembly.GetReferencedAssemblies(),
        a => Assert.Matches(@"^(System(\.|$)|Microsoft\.(AspNetCore|Extensions)\.|ScriptProxy\.Abstractions$)", a.Name!));

    [Fact]
    public async Task Plugin_ItselfInTheFolder_IsSwappedAndUnloaded()
    {
        using var peer = new Peer("Content-Type: text/plain");
        await using var gateway = await TestGateway.StartAsync(
            $"Trust(\"127.0.0.1\");\nAnonymize(r => Anonymity.Anonymous, o => o.RewriteBodies = true);\nLog(l => {{ }});\nRoute(\"/{{**path}}\").To(\"{peer.Address}\");",
            TimeProvider.System,
            folder => folder.Drop("Anonymity", File.ReadAllBytes(typeof(Policy).Assembly.Location)));
        Assert.False(gateway.Host.Plugins.Single(p => p.Name == "Anonymity").IsShipped);
        await Visitor.AskAsync(gateway, "/");
        await gateway.ReloadAsync(() => File.SetLastWriteTimeUtc(gateway.Folder.PluginPath("Anonymity", "Anonymity.dll"), new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc)));
        await Visitor.AskAsync(gateway, "/");
        Assert.Single(peer.Heads.Distinct(StringComparer.Ordinal));
        await TestGateway.WaitAsync(() => gateway.Host.Alive == 1, "the first generation's plugin is unloaded");
    }

    [Fact]
    public async Task Level_OfTheGatewayOfARouteOrByScript_TheNearestHolds()
    {
        using var peer = new Peer("Server: peer");
        await using var gateway = await StartAsync(peer, """
            Route("/plain/{**path}").Anonymize(Anonymity.Transparent).To("o");
            Route("/chosen/{**path}").Anonymize(r => r.Request.Headers["Sec-GPC"] == "1" ? Anonymity.Elite : Anonymity.Transparent).To("o");
            Route("/{**path}").To("o");
            UpstreamRequest(u => u.Headers["X-Real-IP"] = u.ClientIp.ToString());
            Log(l => l.Logger.LogInformation("seen {Path} {Ip}", l.Request.Path, l.ClientIp));
            Anonymize(Anonymity.Elite);
            """);
        foreach (var (path, signal, hidden) in new[] { ("/", "", true), ("/plain/", "", false), ("/chosen/a", "Sec-GPC: 1", true), ("/chosen/b", "Sec-GPC: 0", false) })
        {
            var (head, _) = await Visitor.AskAsync(gateway, path, signal.Length == 0 ? [] : [signal]);
            Assert.Equal(hidden, !peer.Head.Contains(Visible + Visitor.Address, StringComparison.Ordinal));
            Assert.Equal(hidden, !peer.Head.Contains("X-Forwarded-For", StringComparison.Ordinal));
            Assert.Equal(hidden, !head.Contains("Server: peer", StringComparison.Ordinal));
            await gateway.Log.WaitForAsync($"seen {path} {(hidden ? "203.0.113.0" : Visitor.Address)}");
        }
    }

    [Fact]
    public async Task Gateway_RequestsWithoutARoute_AreHiddenFromTheLogToo()
    {
        using var peer = new Peer("X-A: b");
        await using var gateway = await StartAsync(peer, """
            Anonymize(Anonymity.Elite);
            Log(l => l.Logger.LogInformation("seen {Path} {Ip} {Status}", l.Request.Path, l.ClientIp, l.Response.StatusCode));
            Rewrite(r => r.Request.Path == "/early" ? r.Respond(403) : r.Next);
            Route("/only").To("o");
            """);
        await Visitor.AskAsync(gateway, "/none");
        await gateway.Log.WaitForAsync("seen /none 203.0.113.0 404");
        await Visitor.AskAsync(gateway, "/early");
        await gateway.Log.WaitForAsync("seen /early 203.0.113.0 403");
    }

    [Fact]
    public async Task Handlers_OfScripts_SeeTheTruthAndHaveTheLastWordToClients()
    {
        using var peer = new Peer("Server: peer", "X-Served-By: peer");
        await using var gateway = await StartAsync(peer, """
            Route("/{**path}")
                .HeaderFilter(h => { h.Response.Headers["X-Served-By"] = "the edge"; h.Response.Headers["X-Client"] = h.ClientIp.ToString(); })
                .Anonymize(Anonymity.Elite, new AnonymityOptions { KeepHeaders = ["x-forwarded-proto"], RemoveHeaders = ["X-Internal-*"], SendSignals = false })
                .Access(r => r.Request.Headers["X-Internal-Token"] = "visitor")
                .To("o");
            """);
        var (head, _) = await Visitor.AskAsync(gateway, "/", ["DNT: 1"]);
        Assert.Equal("GET / HTTP/1.1\nHost: peer\nDNT: 1\nUser-Agent: Mozilla/5.0\nX-Forwarded-Proto: http", peer.Head);
        Assert.Equal(["Content-Length: 4", $"X-Client: {Visitor.Address}", "X-Served-By: the edge"], Visitor.Lines(head));
    }

    [Fact]
    public async Task Options_OfAppSettings_AreTheStartingPoint()
    {
        using var peer = new Peer("Set-Cookie: session=1", "Set-Cookie: other=1");
        await using var gateway = await StartAsync(
            peer,
            "Route(\"/a/{**path}\").Anonymize(Anonymity.Elite).To(\"o\");\nRoute(\"/b/{**path}\").Anonymize(Anonymity.Elite, o => o.Cookies!.Add(\"oth*\")).To(\"o\");",
            ("appsettings.json", """{ "Plugins": { "Anonymity": { "Cookies": [ "session" ], "UserAgent": "gateway", "AcceptLanguage": "fr" } } }"""));
        var (head, _) = await Visitor.AskAsync(gateway, "/a/", ["Cookie: other=2; session=3", "User-Agent: x", "Accept-Language: de"]);
        Assert.Equal("GET /a/ HTTP/1.1\nHost: peer\nAccept-Language: fr\nCookie: session=3\nDNT: 1\nSec-GPC: 1\nUser-Agent: gateway", peer.Head);
        Assert.Equal(["Content-Length: 4", "Set-Cookie: session=1"], Visitor.Lines(head));
        (head, _) = await Visitor.AskAsync(gateway, "/b/", ["Cookie: other=2; session=3"]);
        Assert.Contains("\nCookie: other=2; session=3\n", peer.Head, StringComparison.Ordinal);
        Assert.Equal(2, Visitor.Lines(head).Count(l => l.StartsWith("Set-Cookie", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("o => o.PseudonymPeriod = Seconds(1)", "PseudonymPeriod is 1 minute to 366 days")]
    [InlineData("o => o.PseudonymSecret = \"short\"", "PseudonymSecret has 16 characters or more")]
    [InlineData("o => o.Cookies = [\"a*b\"]", "'a*b' in Cookies is no name")]
    [InlineData("o => o.KeepHeaders = null!", "KeepHeaders is null")]
    [InlineData("o => o.PublicAddress = \"shop.example\"", "PublicAddress is scheme, host and port")]
    [InlineData("o => o.InternalHosts.Add(\"a/b\")", "'a/b' in InternalHosts is no host")]
    [InlineData("o => o.ErrorPagesFrom = 200", "ErrorPagesFrom is 400 to 600")]
    [InlineData("o => o.UserAgent = \"a\\nb\"", "UserAgent is no value of a header")]
    [InlineData("new AnonymityOptions { LogAddress = (AddressForm)9 }", "there is no such form of an address")]
    public async Task Options_ThatAreWrong_FailTheLoadAtTheirLine(string options, string message)
    {
        var found = Assert.Single(await TestGateway.FailAsync($"Route(\"/\").Content(c => c.Text(\"x\"))\n.Anonymize(Anonymity.Elite, {options});"));
        Assert.Contains(message, found.Message, StringComparison.Ordinal);
        Assert.InRange(found.Line, 1, 2);
    }

    [Fact]
    public async Task Options_OfAppSettings_ThatAreWrong_NameTheirKey()
    {
        var found = Assert.Single(await TestGateway.FailAsync("Route(\"/\").Content(c => c.Text(\"x\"));", ("appsettings.json", """{ "Plugins": { "Anonymity": { "Cookie": "a" } } }""")));
        Assert.Contains("Plugins:Anonymity:Cookie: there is no such option", found.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Anonymous", 404, "secret of the peer")]
    [InlineData("Anonymous", 500, "500 Internal Server Error\n")]
    [InlineData("Elite", 404, "404 Not Found\n")]
    [InlineData("Elite", 399, "secret of the peer")]
    public async Task ErrorPage_OfThePeer_IsReplaced(string level, int status, string body)
    {
        using var peer = new Peer($"HTTP/1.1 {status} secret words", "Content-Type: text/html", "ETag: \"x\"", "Content-Disposition: inline", "X-A: b") { Body = "secret of the peer" };
        await using var gateway = await StartAsync(peer, $"Route(\"/{{**path}}\").Anonymize(Anonymity.{level}).To(\"o\");\nLog(l => {{ }});");
        var (head, sent) = await Visitor.AskAsync(gateway, "/");
        Assert.Equal(body, sent);
        Assert.DoesNotContain("secret words", head, StringComparison.Ordinal);
        Assert.Contains("X-A: b", Visitor.Lines(head));
        Assert.Equal(sent.StartsWith("secret", StringComparison.Ordinal), head.Contains("ETag", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ErrorPage_OfTheGatewayAndOfScripts_Stays()
    {
        using var peer = new Peer("HTTP/1.1 503 x") { Body = "" };
        await using var gateway = await StartAsync(peer, """
            Anonymize(Anonymity.Elite);
            Error(e => e.Respond(502, "sorry\n"));
            Route("/down").To("http://127.0.0.1:1");
            Route("/refused").Access(r => r.Respond(403, "no\n")).To("o");
            Route("/empty").To("o");
            """);
        Assert.Equal("sorry\n", (await Visitor.AskAsync(gateway, "/down")).Body);
        Assert.Equal("no\n", (await Visitor.AskAsync(gateway, "/refused")).Body);
        Assert.Equal("503 Service Unavailable\n", (await Visitor.AskAsync(gateway, "/empty")).Body);
    }

    [Fact]
    public async Task Bodies_InternalHosts_BecomePublicAcrossChunkBorders()
    {
        using var peer = new Peer("Content-Type: application/json") { Body = """{"a":"{self}/x","b":"https:\/\/{host}\/y","c":"{host}","d":"http://db.internal/","e":"{self}/x"}""" };
        await using var gateway = await StartAsync(
            peer, "Route(\"/shop/{**path}\").StripPrefix(\"/shop\").Anonymize(Anonymity.Elite, o => { o.RewriteBodies = true; o.InternalHosts.Add(\"db.internal\"); o.PublicAddress = \"https://shop.example\"; }).To(\"o\");");
        var (_, body) = await Visitor.AskAsync(gateway, "/shop/x");
        Assert.Equal("""{"a":"https://shop.example/shop/x","b":"https:\/\/shop.example\/y","c":"shop.example","d":"https://shop.example/shop/","e":"https://shop.example/shop/x"}""", body);
    }

    [Fact]
    public async Task Request_WithABodyOrHostileHeaders_ArrivesWhole()
    {
        using var peer = new Peer("X-A: b");
        await using var gateway = await StartAsync(peer, "Route(\"/{**path}\").Anonymize(Anonymity.Elite).To(\"o\");");
        var hostile = string.Join(", ", Enumerable.Range(0, 100).Select(i => $"198.51.100.{i}"));
        await Visitor.AskAsync(gateway, "/", [$"X-Forwarded-For: {hostile}", $"X-Real-IP: {new string('x', 15000)}", "Forwarded: for=\"[2001:db8::1", "Forwarded: ;;=,\"", "True-Client-IP: 1.2.3.4", "true-client-ip: 5.6.7.8"]);
        Assert.Equal("GET / HTTP/1.1\nHost: peer\nDNT: 1\nSec-GPC: 1\nUser-Agent: Mozilla/5.0", peer.Head);

        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Type: text/plain\r\nIf-Match: \"1\"\r\n\r\nabc");
        await client.ReadAnswerAsync();
        Assert.Equal("POST /p HTTP/1.1\nHost: peer\nContent-Length: 3\nContent-Type: text/plain\nDNT: 1\nIf-Match: \"1\"\nSec-GPC: 1\nUser-Agent: Mozilla/5.0", peer.Heads[1]);
    }

    [Fact]
    public async Task Check_Privacy_TellsOfEachRouteWhatBecomesOfEachField()
    {
        using var folder = new TestFolder();
        folder.Write("proxy.csx", """
            Listen("http://127.0.0.1:18098");
            Route("/a").Anonymize(Anonymity.Elite).To("http://10.0.0.1");
            Route("/b").Anonymize(Anonymity.Elite).To("http://10.0.0.1");
            Route("/c").Anonymize(Anonymity.Anonymous, o => { o.Cookies = ["session"]; o.KeepHeaders.Add("Via"); }).To("http://10.0.0.1");
            Route("/d").To("http://10.0.0.1");
            """);
        var (code, output, errors) = await ProgramProcess.RunAsync(folder.Root, "check", "--privacy");
        Assert.Equal((0, ""), (code, errors));
        var tables = output.Split("\n\n");
        Assert.StartsWith("/a, /b\n", tables[1], StringComparison.Ordinal);
        Assert.Matches(@"\| peer +\| X-Forwarded-For +\| removed +\|", tables[1]);
        Assert.Matches(@"\| peer +\| User-Agent +\| 'Mozilla/5.0' +\|", tables[1]);
        Assert.Matches(@"\| client +\| Server +\| removed +\|", tables[1]);
        Assert.Matches(@"\| log +\| the client's address +\| its network: /24, /48 +\|", tables[1]);
        Assert.StartsWith("/c\n", tables[2], StringComparison.Ordinal);
        Assert.Matches(@"\| peer +\| Forwarded +\| the client's pseudonym", tables[2]);
        Assert.Matches(@"\| peer +\| Cookie +\| session kept, others removed +\|", tables[2]);
        Assert.Matches(@"\| peer +\| Via +\| kept: KeepHeaders +\|", tables[2]);
        Assert.StartsWith("/d, (none)\n", tables[3], StringComparison.Ordinal);
        Assert.Matches(@"\| peer +\| everything else +\| kept +\|", tables[3]);

        (_, output, _) = await ProgramProcess.RunAsync(folder.Root, "routes");
        Assert.Equal(3, output.Split("UpstreamRequest plugins/Anonymity/AnonymityPlugin.cs:").Length - 1);
    }
}
