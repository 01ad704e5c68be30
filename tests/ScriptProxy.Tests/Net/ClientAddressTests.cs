using System.Net;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using ScriptProxy.Core.Net;

namespace ScriptProxy.Tests.Net;

public sealed class ClientAddressTests
{
    private static readonly TrustedProxies Trusted = TrustedProxies.Parse(["10.0.0.0/8", "fd00::/8", "unix:"]);
    private static readonly Gen<string> Garbage = Gen.String[Gen.Char["0123456789abcdef.:[]\",;= \\_forhstp%\0é/"], 0, 60];

    [Theory]
    [InlineData("203.0.113.1", "198.51.100.1", "203.0.113.1", 0)]
    [InlineData("10.0.0.1", "198.51.100.1", "198.51.100.1", 0)]
    [InlineData("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1", 0)]
    [InlineData("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1", 0)]
    [InlineData("10.0.0.1", "1.1.1.1,198.51.100.1 ,\t10.0.0.2,,", "198.51.100.1", 0)]
    [InlineData("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3", 0)]
    [InlineData("10.0.0.1", "198.51.100.1:4711", "198.51.100.1", 4711)]
    [InlineData("10.0.0.1", "2001:db8::1", "2001:db8::1", 0)]
    [InlineData("10.0.0.1", "[2001:db8::1]", "2001:db8::1", 0)]
    [InlineData("10.0.0.1", "[2001:db8::1]:80", "2001:db8::1", 80)]
    [InlineData("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1", 0)]
    [InlineData("10.0.0.1", "198.51.100.1, ::ffff:10.0.0.9", "198.51.100.1", 0)]
    [InlineData("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1", 0)]
    [InlineData("fd00::1", "198.51.100.1", "198.51.100.1", 0)]
    [InlineData(null, "198.51.100.1", "198.51.100.1", 0)]
    [InlineData("10.0.0.1", "1.1.1.1, unknown", "10.0.0.1", 0)]
    [InlineData("10.0.0.1", "1.1.1.1, _hidden", "10.0.0.1", 0)]
    [InlineData("10.0.0.1", "1.1.1.1, 10.0.0.2, unknown, 10.0.0.3", "10.0.0.3", 0)]
    [InlineData("10.0.0.1", "198.51.100.1:99999", "10.0.0.1", 0)]
    [InlineData("10.0.0.1", "198.51.100.01", "10.0.0.1", 0)]
    [InlineData("10.0.0.1", "3325256705", "10.0.0.1", 0)]
    [InlineData("10.0.0.1", "[198.51.100.1]", "10.0.0.1", 0)]
    [InlineData("10.0.0.1", "[2001:db8::1", "10.0.0.1", 0)]
    [InlineData("10.0.0.1", "\"1.1.1.1, 198.51.100.1", "198.51.100.1", 0)]
    [InlineData("10.0.0.1", "", "10.0.0.1", 0)]
    public void Resolve_XForwardedFor_StopsAtTheFirstUntrusted(string? peer, string header, string expected, int port)
    {
        ClientAddress client = Resolve(peer, ("X-Forwarded-For", header));

        Assert.Equal(IPAddress.Parse(expected), client.Ip);
        Assert.Equal(port, client.Port);
    }

    [Theory]
    [InlineData("for=198.51.100.1", "198.51.100.1", 0, null, null)]
    [InlineData("For=198.51.100.1;Proto=HTTPS;hosT=shop.example", "198.51.100.1", 0, "https", "shop.example")]
    [InlineData("for=\"198.51.100.1:4711\"", "198.51.100.1", 4711, null, null)]
    [InlineData("for=\"[2001:db8::1]:4711\";by=10.0.0.1", "2001:db8::1", 4711, null, null)]
    [InlineData("for=\"[2001:db8::1]:_p\"", "2001:db8::1", 0, null, null)]
    [InlineData("for=\"\\1\\98.51.100.1\" ; proto=http", "198.51.100.1", 0, "http", null)]
    [InlineData("for=1.1.1.1, for=198.51.100.1;proto=https, for=10.0.0.2;proto=http", "198.51.100.1", 0, "https", null)]
    [InlineData("for=unknown;proto=https;host=\"shop.example:8443\"", "10.0.0.1", 0, "https", "shop.example:8443")]
    [InlineData("for=\"_a,b\";x=\"\\\",\"", "10.0.0.1", 0, null, null)]
    [InlineData("for=198.51.100.1;x=\"a,\\\"b\"", "198.51.100.1", 0, null, null)]
    [InlineData("for=198.51.100.1;x=\"a,b\\\\\"", "198.51.100.1", 0, null, null)]
    [InlineData("proto=https", "10.0.0.1", 0, "https", null)]
    [InlineData("for=\"1.1.1.1, for=198.51.100.1", "198.51.100.1", 0, null, null)]
    [InlineData("for=198.51.100.1;for=1.1.1.1", "10.0.0.1", 0, null, null)]
    [InlineData("for=198.51.100.1;FOR=1.1.1.1", "10.0.0.1", 0, null, null)]
    [InlineData("for", "10.0.0.1", 0, null, null)]
    [InlineData("for=198.51.100.1;proto=gopher;host=\"a/b\"", "198.51.100.1", 0, null, null)]
    public void Resolve_Forwarded_ReadsTheElementOfTheClient(string header, string expected, int port, string? scheme, string? host)
        => Assert.Equal(new ClientAddress(IPAddress.Parse(expected), port, scheme, host), Resolve("10.0.0.1", ("Forwarded", header)));

    [Theory]
    [InlineData("198.51.100.1", "https", "shop.example", "https", "shop.example")]
    [InlineData("198.51.100.1", "http, https", "spoofed.example, shop.example", "https", "shop.example")]
    [InlineData("198.51.100.1, 10.0.0.2", "https, http", "shop.example, inner.example", "https", "shop.example")]
    [InlineData("198.51.100.1, 10.0.0.2", "https", "shop.example", "https", "shop.example")]
    [InlineData(null, "https", "shop.example:8443", "https", "shop.example:8443")]
    [InlineData("198.51.100.1", "javascript", "a b", null, null)]
    [InlineData("198.51.100.1", "", "", null, null)]
    public void Resolve_ProtoAndHost_AreThoseOfTheClientsHop(string? forwardedFor, string protos, string hosts, string? scheme, string? host)
    {
        (string, StringValues)[] headers = [("X-Forwarded-Proto", protos), ("X-Forwarded-Host", hosts)];
        ClientAddress client = Resolve("10.0.0.1", forwardedFor is null ? headers : [.. headers, ("X-Forwarded-For", forwardedFor)]);

        Assert.Equal((scheme, host), (client.Scheme, client.Host));
        Assert.Equal(new ClientAddress(IPAddress.Parse("203.0.113.1"), 0, null, null), Resolve("203.0.113.1", headers));
    }

    [Fact]
    public void Resolve_SeveralLinesAndBothHeaders_GoFromTheLastLineOfXForwardedFor()
    {
        StringValues lines = new(["1.1.1.1", "198.51.100.1, 10.0.0.3", "", "10.0.0.2"]);

        Assert.Equal("198.51.100.1", Resolve("10.0.0.1", ("X-Forwarded-For", lines), ("Forwarded", "for=1.2.3.4;proto=https")).Ip!.ToString());
        Assert.Null(Resolve("10.0.0.1", ("X-Forwarded-For", lines), ("Forwarded", "for=1.2.3.4;proto=https")).Scheme);
    }

    [Fact]
    public void Resolve_Garbage_NeverThrowsAndNeverBelievesAStranger()
        => Gen.Select(Garbage, Garbage, Garbage, Garbage).Sample((a, b, c, d) =>
        {
            Resolve("10.0.0.1", ("X-Forwarded-For", a), ("X-Forwarded-Proto", b), ("X-Forwarded-Host", c));
            Resolve("10.0.0.1", ("Forwarded", new StringValues([d, a])));
            Assert.Equal(IPAddress.Parse("203.0.113.1"), Resolve("203.0.113.1", ("X-Forwarded-For", a), ("Forwarded", d)).Ip);
        });

    [Fact]
    public void Resolve_GarbageBeforeATrustedEntry_DoesNotChangeIt()
        => Garbage.Sample(garbage =>
        {
            Assert.Equal("198.51.100.1", Resolve("10.0.0.1", ("X-Forwarded-For", garbage + ", 198.51.100.1")).Ip!.ToString());
            Assert.Equal(
                new ClientAddress(IPAddress.Parse("198.51.100.1"), 80, "https", "shop.example:8443"),
                Resolve("10.0.0.1", ("Forwarded", garbage + ", for=\"198.51.100.1:80\";proto=https;host=\"shop.example:8443\"")));
        });

    [Fact]
    public void Resolve_UntrustedPeerOrNoHeader_AllocatesNothing()
    {
        var plain = new HeaderDictionary { ["Host"] = "shop.example" };
        var forwarded = new HeaderDictionary { ["X-Forwarded-For"] = "1.1.1.1", ["Forwarded"] = "for=1.1.1.1" };
        IPAddress proxy = IPAddress.Parse("10.0.0.1");
        IPAddress stranger = IPAddress.Parse("::ffff:203.0.113.1");
        Run();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            Run();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Run()
        {
            ClientAddress.Resolve(proxy, plain, Trusted);
            ClientAddress.Resolve(stranger, forwarded, Trusted);
        }
    }

    private static ClientAddress Resolve(string? peer, params (string Name, StringValues Value)[] headers)
    {
        var dictionary = new HeaderDictionary();
        foreach ((string name, StringValues value) in headers)
            dictionary[name] = value;
        return ClientAddress.Resolve(peer is null ? null : IPAddress.Parse(peer), dictionary, Trusted);
    }
}
