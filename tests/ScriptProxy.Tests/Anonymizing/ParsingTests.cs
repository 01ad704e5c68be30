using System.Net;
using CsCheck;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Anonymizing;
using ScriptProxy.Plugins;
using ScriptProxy.Runtime;

namespace ScriptProxy.Tests.Anonymizing;

/// <summary>What stands in headers, well formed or not.</summary>
public class ParsingTests
{
    // What header values are made of, with what means something in them more often.
    private static readonly Gen<string> Garbage = Gen.OneOf(Gen.Char[' ', '~'], Gen.Char[";,=\"\\<>/:?&#@[]%*"], Gen.Char["\t\u00e4\u2028"]).Array[0, 80].Select(c => new string(c));

    private static readonly PublicAddress Address = AddressOf("http://10.0.0.1:8080/app", strip: "/shop");

    private static PublicAddress AddressOf(string server, string? strip = null, Action<AnonymityOptions>? configure = null)
    {
        var gateway = new GatewayModel();
        var route = new RouteModel("/{**path}", default) { Upstream = (server, default), StripPrefix = strip };
        var options = new AnonymityOptions();
        configure?.Invoke(options);
        return new PublicAddress(new ComposedRoute(gateway, route, f => f), options);
    }

    private static HttpRequest Request(string host = "shop.example", string scheme = "https")
    {
        var context = new DefaultHttpContext();
        context.Request.Scheme = scheme;
        context.Request.Host = new HostString(host);
        return context.Request;
    }

    [Theory]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.127 Safari/537.36", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36")]
    [InlineData("Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.1.2 Safari/537.36 Edg/109.0.1518.140", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36 Edg/109.0.0.0")]
    [InlineData("Mozilla/5.0 (Linux; Android 14; SM-G991B Build/UP1A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.6422.165 Mobile Safari/537.36", "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36")]
    [InlineData("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/605.1.15")]
    [InlineData("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.5; rv:127.0) Gecko/20100101 Firefox/127.0", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7; rv:127.0) Gecko/20100101 Firefox/127.0")]
    [InlineData("Mozilla/5.0 (compatible; Somebot/2.1; +http://visitor.example)", "Mozilla/5.0")]
    [InlineData("curl/8.5.0", "curl/8")]
    [InlineData("python-requests/2.31.0 visitor", "python-requests/2")]
    [InlineData("Visitor's own browser", "Visitor")]
    [InlineData("", "Mozilla/5.0")]
    [InlineData("Mozilla/5.0 Firefox/123456789", "Mozilla/5.0")]
    public void UserAgent_IsReduced(string agent, string reduced) => Assert.Equal(reduced, UserAgents.Reduce(agent));

    [Theory]
    [InlineData("de-CH,de;q=0.9,en;q=0.8", "de")]
    [InlineData("en;q=0.1, FR-fr ; q=0.7 ,it;q=0.7", "fr")]
    [InlineData("zh-Hant-TW", "zh")]
    [InlineData("*", null)]
    [InlineData("", null)]
    [InlineData("x-visitor, de", "de")]
    [InlineData("de;q=2, en;q=0.5", "en")]
    [InlineData("de;q=0", null)]
    [InlineData("averylongvisitor", null)]
    [InlineData("d_, [[[, ^^^", null)]
    public void AcceptLanguage_IsReduced(string header, string? first) => Assert.Equal(first, Languages.First(header));

    [Theory]
    [InlineData("https://from.example/a?b#c", "https://from.example/")]
    [InlineData("http://visitor:secret@from.example:8080/a", "http://from.example:8080/")]
    [InlineData("https://[2001:db8::1]:443/", "https://[2001:db8::1]:443/")]
    [InlineData("android-app://visitor", null)]
    [InlineData("https://", null)]
    [InlineData("https://a b/", null)]
    [InlineData("/a", null)]
    public void Referer_IsCutToItsOrigin(string url, string? origin) => Assert.Equal(origin, Referers.Origin(url));

    [Theory]
    [InlineData("?a=1&utm_source=x&b=2", "?a=1&b=2")]
    [InlineData("?utm_source=x&utm_medium=y", "")]
    [InlineData("?utm_source=x&a=1", "?a=1")]
    [InlineData("?utm%5Fsource=x&a=%20+", "?a=%20+")]
    [InlineData("?GCLID=x&a&&b=", "?a&&b=")]
    [InlineData("?a=1", null)]
    [InlineData("?", null)]
    [InlineData("", null)]
    [InlineData("?&&", null)]
    public void Query_TrackingParameters_AreTakenOut(string query, string? stripped) =>
        Assert.Equal(stripped, TrackingQuery.Strip(query, new NameList(TrackingQuery.Known, ignoreCase: true)));

    [Theory]
    [InlineData("?a=1&b=%2F=&c", "?a=*&b=*&*")]
    [InlineData("?", "?")]
    [InlineData("", "")]
    [InlineData("?visitor", "?*")]
    [InlineData("?&=&", "?&=*&")]
    public void Query_ForLogs_HasNamesAlone(string query, string names) => Assert.Equal(names, TrackingQuery.WithoutValues(query));

    [Theory]
    [InlineData("a=1; b=2; c=3", "a=1; c=3")]
    [InlineData("a=1;b=2 ;  c=\"x;\"; cc=4", "a=1; c=\"x")]
    [InlineData("b=2", null)]
    [InlineData(";;a", "a")]
    [InlineData("=; ;", null)]
    public void Cookies_ByList_StayAsTheyAreWritten(string header, string? allowed) => Assert.Equal(allowed, Cookies.Allowed(header, new NameList(["a", "c"], ignoreCase: false)));

    [Theory]
    [InlineData("a=1; Domain=10.0.0.1; Path=/app/x; Secure", "a=1; Path=/shop/x; Secure")]
    [InlineData("a=1; path=/; DOMAIN=.example", "a=1; Path=/shop; DOMAIN=.example")]
    [InlineData("a=1; domain=SHOP.example", "a=1; domain=SHOP.example")]
    [InlineData("a=1; domain=op.example", "a=1")]
    [InlineData("Path=/app; Domain=internal", "Path=/app")]
    [InlineData("a=1; Path=x; Domain", "a=1; Path=x; Domain")]
    [InlineData("", "")]
    public void SetCookie_DomainAndPath_BecomePublic(string header, string published) => Assert.Equal(published, Cookies.Publish(header, Address, "shop.example"));

    [Theory]
    [InlineData("http://10.0.0.1:8080/app/x?y#z", "https://shop.example/shop/x?y#z")]
    [InlineData("HTTP://10.0.0.1:8080", "https://shop.example/shop")]
    [InlineData("http://10.0.0.1:8080?q", "https://shop.example/shop?q")]
    [InlineData("https://visitor@10.0.0.1/other", "https://shop.example/shop/other")]
    [InlineData("//10.0.0.1/app", "//shop.example/shop/")]
    [InlineData("ws://10.0.0.1:8080/app/s", "wss://shop.example/shop/s")]
    [InlineData(" http://10.0.0.1.:8080/app/x ", "https://shop.example/shop/x")]
    [InlineData("https://10.0.0.10:8080/x", null)]
    [InlineData("/app/x", null)]
    [InlineData("x?u=http://10.0.0.1:8080/", null)]
    [InlineData("/x//10.0.0.1", null)]
    [InlineData("http://10.0.0.1:99999/", null)]
    [InlineData("http://", null)]
    [InlineData("", null)]
    public void Url_OfAnInternalHost_BecomesPublic(string url, string? published) => Assert.Equal(published, Address.Publish(url, Request()));

    [Fact]
    public void Url_OfTheGatewaysOwnHost_IsInternalByItsPortAlone()
    {
        var address = AddressOf("http://127.0.0.1:5001");
        Assert.Equal("http://127.0.0.1:8080/x", address.Publish("http://127.0.0.1:5001/x", Request("127.0.0.1:8080", "http")));
        Assert.Null(address.Publish("http://127.0.0.1:5002/x", Request("127.0.0.1:8080", "http")));
        Assert.Equal("https://shop.example/x", address.Publish("http://127.0.0.1/x", Request()));
        Assert.Equal("/x", address.Publish("http://127.0.0.1/x", Request("")));
        Assert.Equal("https://named.example:1/x", AddressOf("http://a", null, o => { o.PublicAddress = "https://named.example:1"; o.InternalHosts = ["b:9"]; }).Publish("http://b/x", Request()));
    }

    [Fact]
    public void Garbage_OfAnyKind_BreaksNothingAndLetsNothingThrough() => Garbage.Sample(
        text =>
        {
            var request = Request();
            var names = new NameList(["a*", "session"], ignoreCase: false);
            UserAgents.Reduce(text);
            UserAgents.Reduce("Mozilla/5.0 " + text);
            TrackingQuery.WithoutValues("?" + text);
            Address.Links(text, request);
            Address.Refresh("5; url=" + text, request);
            Cookies.Publish(text, Address, "shop.example");
            var language = Languages.First(text);
            var origin = Referers.Origin("https://" + text);
            var cookies = Cookies.Allowed(text, names);
            var published = Address.Publish("http://10.0.0.1:8080/" + text, request);
            var stripped = TrackingQuery.Strip("?" + text + "&utm_id=visitor", new NameList(TrackingQuery.Known, ignoreCase: true));
            return (language is null || (language.Length is >= 2 and <= 8 && language.All(char.IsAsciiLetterLower)))
                && (origin is null || (origin.EndsWith('/') && !origin.Contains('@', StringComparison.Ordinal)))
                && (cookies is null || cookies.Split("; ").All(c => names.Contains(Cookies.Name(c))))
                && (published is null || published.StartsWith("https://shop.example/shop/", StringComparison.Ordinal))
                && stripped is not null && !stripped.Contains("utm_id", StringComparison.Ordinal);
        },
        iter: 2000);

    [Fact]
    public void Addresses_OfAnyKind_LoseTheirLastBits() => Gen.Byte.Array[16].Select(Gen.Bool, Gen.UInt).Sample((bytes, v4, zone) =>
    {
        var address = v4 ? new IPAddress(bytes[..4]) : new IPAddress(bytes, zone);
        var truncated = ClientAddresses.Truncate(address);
        return address.IsIPv4MappedToIPv6
            ? truncated.GetAddressBytes()[3] == 0
            : truncated.GetAddressBytes().SequenceEqual(bytes[..(v4 ? 3 : 6)].Concat(new byte[v4 ? 1 : 10])) && !truncated.ToString().Contains('%', StringComparison.Ordinal);
    });
}
