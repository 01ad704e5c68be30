using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Anonymizing;

/// <summary>What handlers of any phase write through their context's Logger, and the gateway about them.</summary>
public class LoggerTests
{
    private const string All =
        """ $"seen {r.ClientIp} {r.Request.QueryString} {r.Request.Query["who"]} {r.Request.Cookies["session"]} {r.BearerToken} {r.Request.Headers["X-Forwarded-For"]} {r.Request.Path}" """;

    private static readonly string[] Headers = ["Cookie: theme=dark; session=0123456789", "Authorization: Bearer token.of-mine", "Referer: http://a.example/?q=searched"];

    [Theory]
    [InlineData("Access", "r => { r.Logger.LogInformation(@); return r.Next; }")]
    [InlineData("HeaderFilter", "r => r.Logger.LogInformation(@)")]
    [InlineData("UpstreamResponse", "r => { r.Logger.LogInformation(@); return r.Default; }")]
    [InlineData("Access", "async r => { await Task.Yield(); r.Logger.LogInformation(@); return r.Next; }")]
    public async Task Handler_OfAnyPhase_WritesNothingThatIdentifies(string phase, string handler)
    {
        using var peer = new Peer("X-Answer: yes");
        await using var gateway = await TestGateway.StartAsync(
            $"Trust(\"127.0.0.1\");\nRoute(\"/{{**path}}\").Anonymize(Anonymity.Elite).{phase}({handler.Replace("@", All.Trim().Replace("{r.BearerToken}", "{r.Request.Headers.Authorization}", StringComparison.Ordinal), StringComparison.Ordinal)}).To(\"{peer.Address}\");");
        await Visitor.AskAsync(gateway, "/a?who=J%C3%BCrgen&n=1", Headers);
        await gateway.Log.WaitForAsync("seen ");

        var line = Assert.Single(gateway.Log.All, l => l.StartsWith("seen ", StringComparison.Ordinal));
        Assert.StartsWith("seen 203.0.113.0 ?who=*&n=* (redacted) (redacted) (redacted) 203.0.113.0 /a", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_NamedInTheMessage_AreRedactedOneByOne()
    {
        using var peer = new Peer("X-Answer: yes");
        await using var gateway = await TestGateway.StartAsync($$"""
            Trust("127.0.0.1");
            Route("/{**path}").Anonymize(Anonymity.Anonymous).To("{{peer.Address}}")
                .Access(r => { r.Logger.LogInformation("seen {Ip} {Who} {Path} {Count} {All}", r.ClientIp, r.Request.Query["who"], r.Request.Path, 7, r.Request.Headers.Cookie); return r.Next; });
            """);
        await Visitor.AskAsync(gateway, "/a?who=visitor", Headers);
        await gateway.Log.WaitForAsync("seen 203.0.113.0 (redacted) /a 7 (redacted)");
    }

    [Fact]
    public async Task Handler_ThatThrows_IsToldOfWithoutWhatIdentifies()
    {
        using var peer = new Peer("X-Answer: yes");
        await using var gateway = await TestGateway.StartAsync($$"""
            Trust("127.0.0.1");
            Route("/{**path}").Anonymize(Anonymity.Elite).To("{{peer.Address}}")
                .Access(r => throw new InvalidOperationException($"no place for {r.ClientIp} with {r.BearerToken}"))
                .Log(l => throw new InvalidOperationException($"nor for {l.Error?.Message}"));
            """);
        await Visitor.AskAsync(gateway, "/a", Headers);
        await gateway.Log.WaitForAsync("no place for 203.0.113.0 with (redacted)");
        await gateway.Log.WaitForAsync("nor for no place for 203.0.113.0 with (redacted)");
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains(Visitor.Address, StringComparison.Ordinal) || l.Contains("token.of-mine", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Exception_GivenToTheLogger_IsRedactedToo()
    {
        using var peer = new Peer("X-Answer: yes");
        await using var gateway = await TestGateway.StartAsync($$"""
            Trust("127.0.0.1");
            Route("/{**path}").Anonymize(Anonymity.Elite).To("{{peer.Address}}")
                .Access(r => { r.Logger.LogWarning(new InvalidOperationException("of " + r.ClientIp), "seen"); return r.Next; });
            """);
        await Visitor.AskAsync(gateway, "/a", Headers);
        await gateway.Log.WaitForAsync("of 203.0.113.0");
        Assert.DoesNotContain(gateway.Log.All, l => l.Contains(Visitor.Address, StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnswersHeaders_SetCookieOfThePeer_IsNotWritten()
    {
        using var peer = new Peer(["Set-Cookie: session=fresh-session; Path=/; HttpOnly"]);
        await using var gateway = await TestGateway.StartAsync($$"""
            Route("/{**path}").Anonymize(Anonymity.Anonymous).To("{{peer.Address}}")
                .Access(r => { r.Logger.LogInformation("first"); return r.Next; })
                .UpstreamResponse(u => { u.Logger.LogInformation("seen {Cookie} HttpOnly", u.Headers.SetCookie); return u.Default; })
                .HeaderFilter(h => h.Logger.LogInformation("then fresh-session"));
            """);
        await Visitor.AskAsync(gateway, "/a");
        await gateway.Log.WaitForAsync("seen (redacted) HttpOnly");
        await gateway.Log.WaitForAsync("then (redacted)");
    }

    [Fact]
    public async Task Choice_NotMadeYet_HidesAndMadeForTransparent_DoesNot()
    {
        using var peer = new Peer("X-Answer: yes");
        await using var gateway = await TestGateway.StartAsync($$"""
            Trust("127.0.0.1");
            Route("/{**path}").Anonymize(r => r.Request.Path == "/open" ? Anonymity.Transparent : Anonymity.Elite).To("{{peer.Address}}")
                .Access(r => { r.Logger.LogInformation($"early {r.ClientIp}"); return r.Next; })
                .HeaderFilter(r => r.Logger.LogInformation($"late {r.Request.Path} {r.ClientIp}"));
            """);
        await Visitor.AskAsync(gateway, "/open");
        await Visitor.AskAsync(gateway, "/hidden");
        await gateway.Log.WaitForAsync($"late /open {Visitor.Address}");
        await gateway.Log.WaitForAsync("late /hidden 203.0.113.0");
        Assert.Equal(2, gateway.Log.All.Count(l => l.StartsWith("early 203.0.113.0", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task TextsThatOnlyContainASecret_StayWhatTheyAre()
    {
        using var peer = new Peer("X-Answer: yes");
        await using var gateway = await TestGateway.StartAsync($$"""
            Trust("127.0.0.1");
            Route("/{**path}").Anonymize(Anonymity.Elite).To("{{peer.Address}}")
                .Access(r => { r.Logger.LogInformation("seen darkness 1 11 203.0.113.770 1203.0.113.77"); return r.Next; });
            """);
        await Visitor.AskAsync(gateway, "/a?n=1", Headers);
        await gateway.Log.WaitForAsync("seen darkness 1 11 203.0.113.770 1203.0.113.77");
    }
}
