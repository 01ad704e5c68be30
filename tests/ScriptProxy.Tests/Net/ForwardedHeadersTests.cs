using System.Net;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Net;

namespace ScriptProxy.Tests.Net;

public sealed class ForwardedHeadersTests
{
    private static readonly ForwardedHop Peer = new(ForwardedHop.Write(IPAddress.Parse("::ffff:10.0.0.1")), "http", "inner.example");
    private static readonly ForwardedHop Client = new(ForwardedHop.Write(IPAddress.Parse("2001:db8::1")), "https", "shop.example:8443");

    private static readonly (string Name, string Value)[] Before =
    [
        ("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-Proto", "gopher"), ("X-Forwarded-Host", "old.example"), ("Forwarded", "for=1.1.1.1"), ("Via", "1.0 old"),
    ];

    [Fact]
    public void Set_WritesTheClientAlone() => Check(ForwardedAction.Set, Before,
        ("X-Forwarded-For", "2001:db8::1"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "shop.example:8443"),
        ("Forwarded", "for=\"[2001:db8::1]\";proto=https;host=\"shop.example:8443\""),
        ("Via", "1.1 gate"));

    [Fact]
    public void Append_WritesThePeerAfterWhatWasThere() => Check(ForwardedAction.Append, Before,
        ("X-Forwarded-For", "1.1.1.1, 10.0.0.1"),
        ("X-Forwarded-Proto", "gopher, http"),
        ("X-Forwarded-Host", "old.example, inner.example"),
        ("Forwarded", "for=1.1.1.1, for=10.0.0.1;proto=http;host=inner.example"),
        ("Via", "1.0 old, 1.1 gate"));

    [Fact]
    public void Append_ToNothing_WritesThePeer() => Check(ForwardedAction.Append, [],
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Host", "inner.example"),
        ("Forwarded", "for=10.0.0.1;proto=http;host=inner.example"),
        ("Via", "1.1 gate"));

    [Fact]
    public void Remove_LeavesNothing() => Check(ForwardedAction.Remove, Before);

    [Fact]
    public void None_ChangesNothing() => Check(ForwardedAction.None, Before, Before);

    [Fact]
    public void Default_SetsTheThreeUsualOnesAndDropsForwarded()
    {
        var headers = new HeaderDictionary();
        foreach ((string name, string value) in Before)
            headers[name] = value;

        ForwardedHeaders.Apply(headers, new ForwardedHeadersOptions(), Peer, Client, "HTTP/1.1");

        Assert.Equal("2001:db8::1", headers["X-Forwarded-For"]);
        Assert.Equal("https", headers["X-Forwarded-Proto"]);
        Assert.Equal("shop.example:8443", headers["X-Forwarded-Host"]);
        Assert.False(headers.ContainsKey("Forwarded"));
        Assert.Equal("1.0 old", headers["Via"]);
    }

    [Fact]
    public void PeerOnAUnixSocketWithoutHost_IsUnknown()
    {
        var headers = new HeaderDictionary();
        var hop = new ForwardedHop(null, "http", "");

        ForwardedHeaders.Apply(headers, All(ForwardedAction.Set), hop, hop, "HTTP/2");

        Assert.Equal("unknown", headers["X-Forwarded-For"]);
        Assert.Equal("for=unknown;proto=http", headers["Forwarded"]);
        Assert.False(headers.ContainsKey("X-Forwarded-Host"));
        Assert.Equal("2 gate", headers["Via"]);
    }

    private static ForwardedHeadersOptions All(ForwardedAction action)
        => new() { For = action, Proto = action, Host = action, Forwarded = action, Via = action, ViaName = "gate" };

    private static void Check(ForwardedAction action, (string Name, string Value)[] before, params (string Name, string Value)[] expected)
    {
        var incoming = new HeaderDictionary();
        using var outgoing = new HttpRequestMessage();
        foreach ((string name, string value) in before)
        {
            incoming[name] = value;
            outgoing.Headers.TryAddWithoutValidation(name, value);
        }

        ForwardedHeaders.Apply(incoming, All(action), Peer, Client, "HTTP/1.1");
        ForwardedHeaders.Apply(outgoing.Headers, All(action), Peer, Client, "HTTP/1.1");

        Assert.Equal(expected.Order(), incoming.Select(h => (h.Key, h.Value.ToString())).Order());
        Assert.Equal(expected.Order(), outgoing.Headers.NonValidated.Select(h => (h.Key, h.Value.ToString())).Order());
    }
}
