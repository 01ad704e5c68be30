using System.Net;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Anonymizing;
using ScriptProxy.Core.Sharing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Anonymizing;

/// <summary>Who keeps which pseudonym for how long.</summary>
public class PseudonymTests
{
    private static readonly IPAddress Client = IPAddress.Parse(Visitor.Address);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    private Pseudonyms New(MemoryDictionary? keys = null, TimeSpan? period = null, string? secret = null)
    {
        var options = new AnonymityOptions { PseudonymSecret = secret };
        options.PseudonymPeriod = period ?? options.PseudonymPeriod;
        return new Pseudonyms(options, _time, keys ?? new MemoryDictionary("keys", _time));
    }

    [Fact]
    public void Pseudonym_WithinItsPeriod_StaysAndThenChanges()
    {
        var pseudonyms = New();
        var first = pseudonyms.ForPeer(Client);
        var logged = pseudonyms.ForLog(Client);
        _time.Advance(TimeSpan.FromHours(12) - TimeSpan.FromSeconds(1));
        Assert.Equal(first, pseudonyms.ForPeer(Client));
        Assert.Equal(logged, pseudonyms.ForLog(Client));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotEqual(first, pseudonyms.ForPeer(Client));
        Assert.NotEqual(logged, pseudonyms.ForLog(Client));
    }

    [Fact]
    public void Key_AfterItsPeriod_IsForgotten()
    {
        var keys = new MemoryDictionary("keys", _time);
        New(keys).ForPeer(Client);
        Assert.Single(keys.Keys());
        _time.Advance(TimeSpan.FromHours(12) + TimeSpan.FromMinutes(2));
        Assert.Empty(keys.Keys());
    }

    [Fact]
    public void Pseudonym_OfAnotherLoad_IsTheSame_OfAnotherProcess_IsNot()
    {
        var keys = new MemoryDictionary("keys", _time);
        Assert.Equal(New(keys).ForPeer(Client), New(keys).ForPeer(Client));
        Assert.NotEqual(New().ForPeer(Client), New().ForPeer(Client));
        Assert.Equal(New(secret: "a secret of the tests").ForPeer(Client), New(secret: "a secret of the tests").ForPeer(Client));
        Assert.NotEqual(New(secret: "a secret of the tests").ForPeer(Client), New(secret: "another secret of the tests").ForPeer(Client));
    }

    [Theory]
    [InlineData("203.0.113.77", "203.0.113.78", false)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("0.0.0.4", "4::", false)]
    public void Pseudonym_OfTwoAddresses_IsTheSameForOneLineOnly(string a, string b, bool same)
    {
        var pseudonyms = New();
        Assert.Equal(same, pseudonyms.ForPeer(IPAddress.Parse(a)) == pseudonyms.ForPeer(IPAddress.Parse(b)));
        Assert.Equal(same, pseudonyms.ForLog(IPAddress.Parse(a)).Equals(pseudonyms.ForLog(IPAddress.Parse(b))));
    }

    [Fact]
    public void Pseudonym_ItsForms_FollowTheirGrammar()
    {
        var pseudonyms = New();
        for (var i = 0; i < 200; i++)
        {
            var client = new IPAddress(i * 7919L);
            Assert.Matches("^_[A-Za-z0-9._-]{16}$", pseudonyms.ForPeer(client));
            Assert.True(IPNetwork.Parse("100::/64").Contains(pseudonyms.ForLog(client)));
        }

        Assert.Matches("^_[A-Za-z0-9._-]{16}$", Pseudonyms.ForOnce());
        Assert.NotEqual(Pseudonyms.ForOnce(), Pseudonyms.ForOnce());
    }

    [Fact]
    public async Task Visitor_OverReloads_KeepsItsPseudonym()
    {
        using var peer = new Peer("X-A: b");
        var proxy = $"Trust(\"127.0.0.1\");\nAnonymize(Anonymity.Anonymous, o => o.PseudonymPeriod = Days(366));\nRoute(\"/{{**path}}\").To(\"{peer.Address}\");";
        await using var gateway = await TestGateway.StartAsync(proxy);
        await Visitor.AskAsync(gateway, "/");
        await Visitor.AskAsync(gateway, "/", address: "198.51.100.1");
        await gateway.SaveAsync(proxy + "// again");
        await Visitor.AskAsync(gateway, "/");
        var ids = peer.Heads.Select(h => h.Split('\n').Single(l => l.StartsWith("Forwarded:", StringComparison.Ordinal))).ToList();
        Assert.Equal(ids[0], ids[2]);
        Assert.NotEqual(ids[0], ids[1]);
    }

    [Fact]
    public async Task Visitor_InTheNextPeriod_IsSomebodyElse()
    {
        using var peer = new Peer("X-A: b");
        await using var gateway = await TestGateway.StartAsync(
            $"Trust(\"127.0.0.1\");\nRoute(\"/{{**path}}\").Anonymize(Anonymity.Anonymous, o => o.PseudonymPeriod = Hours(1)).To(\"{peer.Address}\");", _time);
        await Visitor.AskAsync(gateway, "/");
        _time.Advance(TimeSpan.FromHours(1));
        await Visitor.AskAsync(gateway, "/");
        Assert.Equal(2, peer.Heads.Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [InlineData("Sec-GPC: 1", true)]
    [InlineData("DNT: 1", true)]
    [InlineData("Sec-GPC: 0", false)]
    [InlineData("DNT: 0", false)]
    [InlineData("Sec-GPC: 1, 1", false)]
    public async Task Visitor_WhoAsksNotToBeFollowed_HasANewPseudonymEachTime(string signal, bool asks)
    {
        using var peer = new Peer("X-A: b");
        await using var gateway = await TestGateway.StartAsync($$"""
            Trust("127.0.0.1");
            Log(l => l.Logger.LogInformation("seen {Ip}", l.ClientIp));
            Route("/{**path}").Anonymize(Anonymity.Anonymous, o => o.LogAddress = AddressForm.Pseudonym).To("{{peer.Address}}");
            """);
        await Visitor.AskAsync(gateway, "/", [signal]);
        await Visitor.AskAsync(gateway, "/", [signal]);
        await TestGateway.WaitAsync(() => gateway.Log.All.Count(l => l.StartsWith("seen 100::", StringComparison.Ordinal)) == 2);
        Assert.Equal(asks ? 2 : 1, peer.Heads.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(asks ? 2 : 1, gateway.Log.All.Where(l => l.StartsWith("seen ", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).Count());
    }
}
