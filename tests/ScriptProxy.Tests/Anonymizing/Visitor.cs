using ScriptProxy.Anonymizing;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Real;

namespace ScriptProxy.Tests.Anonymizing;

/// <summary>A client whose every word can be told again: "visitor" stands in each header that identifies it.</summary>
internal static class Visitor
{
    internal const string Address = "203.0.113.77";

    /// <summary>Every header that the plugin knows of, with a value that nobody else has.</summary>
    internal static IReadOnlyList<string> EveryHeader { get; } =
    [
        .. RequestFields.All
            .Select(f => f.Name.EndsWith('*') ? f.Name[..^1] + "Some" : f.Name)
            .Where(n => n is not ("Host" or "X-Forwarded-For" or "X-Forwarded-Proto" or "X-Forwarded-Host" or "Forwarded" or "User-Agent" or "Accept-Language" or "Referer" or "Cookie" or "DNT" or "Sec-GPC" or "Range"))
            .Select(n => $"{n}: visitor-{n}"),
        "Forwarded: for=203.0.113.99;by=\"[2001:db8::visitor]:80\"",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.3) Gecko/20100101 Firefox/128.3.visitor",
        "Accept-Language: de-CH,de;q=0.9,visitor;q=0.1",
        "Referer: https://visitor:secret@from.example:8443/a/visitor?q=visitor",
        "Cookie: session=visitor-session; _ga=visitor-ga; theme=visitor-theme",
        "Range: bytes=0-3",
    ];

    /// <summary>Sends every header, in two requests since a server takes 100 at most, and gives the lines that the peer got in both, as one request.</summary>
    internal static async Task<(string Sent, string Answer)> AskWithAllAsync(TestGateway gateway, Peer peer, string target)
    {
        var (head, _) = await AskAsync(gateway, target, [.. EveryHeader.Take(80), "x-cUSTOM-name: kept"]);
        await AskAsync(gateway, target, [.. EveryHeader.Skip(80), "x-cUSTOM-name: kept"]);
        var heads = peer.Heads.Select(h => h.Split('\n').ToList()).ToList();
        Assert.Equal(2, heads.Count);
        Assert.All(heads, h => Assert.Equal(["GET", "Host:"], h.Take(2).Select(l => l.Split(' ')[0])));
        Assert.All(heads, h => Assert.Equal(h.Skip(2).OrderBy(Name, StringComparer.Ordinal), h.Skip(2)));
        return (string.Join('\n', [.. heads[0].Take(2), .. heads.SelectMany(h => h.Skip(2)).Distinct(StringComparer.Ordinal).OrderBy(Name, StringComparer.Ordinal)]), head);

        static string Name(string line) => line.Split(':')[0];
    }

    /// <summary>Sends one request and reads its answer; the gateway believes 127.0.0.1, so the client is the last of X-Forwarded-For.</summary>
    internal static async Task<(string Head, string Body)> AskAsync(TestGateway gateway, string target, IEnumerable<string>? headers = null, string address = Address, string method = "GET")
    {
        using var client = await RawClient.ConnectAsync(gateway.Address);
        await client.SendAsync(string.Join("\r\n", [$"{method} {target} HTTP/1.1", "Host: shop.example", $"X-Forwarded-For: {address}", .. headers ?? [], "", ""]));
        var (head, body) = await client.ReadAnswerAsync();
        return (head.TrimEnd().Replace("\r\n", "\n", StringComparison.Ordinal), body);
    }

    internal static IEnumerable<string> Lines(string head) => head.Split('\n').Skip(1).Where(l => !l.StartsWith("Date: ", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
}
