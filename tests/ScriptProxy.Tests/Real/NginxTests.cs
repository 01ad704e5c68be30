using System.Globalization;
using System.Security.Cryptography;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Real;

/// <summary>curl in front of the gateway, nginx behind it.</summary>
public class NginxTests
{
    private const string Plain =
        """
                gzip on; gzip_types text/plain; gzip_min_length 20; gzip_http_version 1.0; gzip_vary on;
                location /put/ { dav_methods PUT DELETE; create_full_put_path on; }
                location /big { add_header X-Big "$arg_v$arg_v$arg_v$arg_v$arg_v$arg_v$arg_v$arg_v" always; return 200 "$http_x_big"; }
                location /teapot { return 418 "no coffee"; }
                location /moved { return 301 /elsewhere; }
                location /none { return 204; }
                location /drop { return 444; }
                location /seen { return 200 "$request_method $request_uri $http_host $server_protocol $http_connection $http_x_forwarded_for $http_x_forwarded_proto $http_expect\n"; }
        """;

    private const string Curl = "--silent --show-error --max-time 60";

    [Theory]
    [InlineData("--http1.1", "1.1", "")]
    [InlineData("--http2-prior-knowledge", "2", "")]
    [InlineData("--http1.1", "1.1", """.HeaderFilter(h => h.Response.Headers["X-F"] = "1").BodyFilter(b => b.ReplaceText("never there", "x")).Log(l => { })""")]
    [InlineData("--http2-prior-knowledge", "2", """.BodyFilter(b => b.ReplaceText("never there", "x"))""")]
    public async Task Curl_EveryKindOfAnswer_IsNginxOwn(string http, string version, string filters)
    {
        await using var nginx = await Nginx.StartAsync(Plain);
        var text = string.Concat(Enumerable.Range(0, 5000).Select(n => $"line {n}\n"));
        nginx.Folder.Write("www/text.txt", text);
        nginx.Folder.Write("www/empty.txt", "");
        await using var gateway = await TestGateway.StartAsync($"""Route("/{"{**path}"}").To("{nginx.Address}"){filters};""");

        async Task<(string Head, string Body)> AskAsync(string path, params string[] more)
        {
            var all = (await Programs.RunAsync(Programs.Require("curl"), [.. Curl.Split(' '), http, "--include", .. more, gateway.Address + path])).Success();
            var border = all.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            return (all[..(border + 2)].ToUpperInvariant(), all[(border + 4)..]);
        }

        var plain = await AskAsync("/text.txt");
        Assert.StartsWith($"HTTP/{version} 200", plain.Head);
        Assert.Equal(text, plain.Body);
        Assert.Equal(filters.Contains("HeaderFilter", StringComparison.Ordinal), plain.Head.Contains("X-F: 1", StringComparison.Ordinal));

        var zipped = await AskAsync("/text.txt", "--compressed");
        Assert.Contains("CONTENT-ENCODING: GZIP", zipped.Head);
        Assert.Equal(text, zipped.Body);

        Assert.Equal("", (await AskAsync("/empty.txt")).Body);
        var head = await AskAsync("/text.txt", "--head");
        Assert.Equal("", head.Body);
        Assert.StartsWith($"HTTP/{version} 200", head.Head);
        Assert.StartsWith($"HTTP/{version} 204", (await AskAsync("/none")).Head);
        Assert.Equal("no coffee", (await AskAsync("/teapot")).Body);
        Assert.Contains("LOCATION: ", (await AskAsync("/moved")).Head);
        Assert.StartsWith($"HTTP/{version} 404", (await AskAsync("/missing")).Head);
        Assert.StartsWith($"HTTP/{version} 502", (await AskAsync("/drop")).Head);

        if (filters.Length == 0)
        {
            Assert.Contains($"CONTENT-LENGTH: {text.Length}\r\n", head.Head);
            var part = await AskAsync("/text.txt", "--range", "10-19");
            Assert.StartsWith($"HTTP/{version} 206", part.Head);
            Assert.Equal(text[10..20], part.Body);
            Assert.Contains($"CONTENT-RANGE: BYTES 10-19/{text.Length}", part.Head);
            Assert.StartsWith($"HTTP/{version} 416", (await AskAsync("/text.txt", "--range", "999999999-")).Head);
            var tag = plain.Head.Split("\r\n").Single(l => l.StartsWith("ETAG:", StringComparison.Ordinal))[5..].Trim();
            Assert.StartsWith($"HTTP/{version} 304", (await AskAsync("/text.txt", "--header", $"If-None-Match: {tag.ToLowerInvariant()}")).Head);
        }
    }

    [Fact]
    public async Task Curl_KeepAlive_UsesOneConnectionOnBothSides()
    {
        await using var nginx = await Nginx.StartAsync("            location / { return 200 \"$connection $connection_requests\\n\"; }");
        await using var gateway = await TestGateway.StartAsync($"""Route("/{"{**path}"}").To("{nginx.Address}");""");
        var ten = Enumerable.Range(0, 10).SelectMany(n => (string[])[$"{gateway.Address}/{n}"]);
        var answers = (await Programs.RunAsync(Programs.Require("curl"), [.. Curl.Split(' '), "--http1.1", "--write-out", "%{num_connects}\n", .. ten])).Success().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var connections = answers.Where((_, at) => at % 2 == 0).Select(l => l.Split(' ')[0]).Distinct();
        Assert.Single(connections);
        Assert.Equal(1, answers.Where((_, at) => at % 2 == 1).Sum(n => int.Parse(n, CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("--http1.1")]
    [InlineData("--http2-prior-knowledge")]
    public async Task Curl_UploadsAndDownloads_ArriveWhole(string http)
    {
        await using var nginx = await Nginx.StartAsync(Plain);
        await using var gateway = await TestGateway.StartAsync($"""Route("/{"{**path}"}").To("{nginx.Address}");""");
        using var folder = new TestFolder();
        var data = RandomNumberGenerator.GetBytes(20_000_000);
        await File.WriteAllBytesAsync(folder.PathOf("data"), data);
        var curl = Programs.Require("curl");

        // Declared length, then chunked (HTTP/1.1) with the question whether to go on at all.
        (await Programs.RunAsync(curl, [.. Curl.Split(' '), http, "--fail", "--upload-file", folder.PathOf("data"), $"{gateway.Address}/put/one"])).Success();
        (await Programs.RunAsync(curl, [.. Curl.Split(' '), http, "--fail", "--header", "Expect: 100-continue", "--header", "Transfer-Encoding: chunked", "--upload-file", folder.PathOf("data"), $"{gateway.Address}/put/two"])).Success();
        foreach (var name in new[] { "one", "two" })
        {
            Assert.Equal(SHA256.HashData(data), SHA256.HashData(await File.ReadAllBytesAsync(nginx.Folder.PathOf($"www/put/{name}"))));
            var back = (await Programs.RunAsync(curl, [.. Curl.Split(' '), http, "--fail", $"{gateway.Address}/put/{name}"])).Output;
            Assert.Equal(SHA256.HashData(data), SHA256.HashData(back));
        }
    }

    [Fact]
    public async Task Curl_AsksBeforeItSends_IsToldToGoOnAndNginxIsNotAsked()
    {
        await using var nginx = await Nginx.StartAsync(Plain);
        await using var gateway = await TestGateway.StartAsync(
            $$"""
            Route("/refused").Access(a => a.Respond(403, "no\n")).To("{{nginx.Address}}");
            Route("/{**path}").To("{{nginx.Address}}");
            """);
        string[] ask = [.. Curl.Split(' '), "--http1.1", "--verbose", "--header", "Expect: 100-continue", "--data", "hello"];
        var accepted = await Programs.RunAsync(Programs.Require("curl"), [.. ask, $"{gateway.Address}/put/x", "--request", "PUT"]);
        Assert.Contains("HTTP/1.1 100 Continue", accepted.Error);
        Assert.Contains("HTTP/1.1 201 Created", accepted.Error);

        var refused = await Programs.RunAsync(Programs.Require("curl"), [.. ask, $"{gateway.Address}/refused"]);
        Assert.DoesNotContain("100 Continue", refused.Error);
        Assert.Contains("HTTP/1.1 403 Forbidden", refused.Error);
    }

    [Theory]
    [InlineData("--http1.1")]
    [InlineData("--http2-prior-knowledge")]
    public async Task Curl_BigHeaders_PassBothWays(string http)
    {
        // nginx takes 8 KB a header by default, the gateway 32 KB in all.
        await using var nginx = await Nginx.StartAsync(Plain);
        await using var gateway = await TestGateway.StartAsync($"""Route("/{"{**path}"}").To("{nginx.Address}");""");
        var big = new string('h', 7000);
        var answer = (await Programs.RunAsync(
            Programs.Require("curl"), [.. Curl.Split(' '), http, "--include", "--header", $"X-Big: {big}", $"{gateway.Address}/big?v={new string('v', 1000)}"])).Success();
        Assert.Contains(": " + new string('v', 8000), answer);
        Assert.EndsWith("\r\n\r\n" + big, answer);
    }

    [Fact]
    public async Task Nginx_SeesTheClientsRequest()
    {
        await using var nginx = await Nginx.StartAsync(Plain);
        await using var gateway = await TestGateway.StartAsync($"""Route("/{"{**path}"}").To("{nginx.Address}");""");
        var seen = (await Programs.RunAsync(Programs.Require("curl"), [.. Curl.Split(' '), "--http1.1", "--path-as-is", $"{gateway.Address}/seen/a%2Fb%20c//d?x=%41&y=%zz"])).Success();
        Assert.Equal($"GET /seen/a%2Fb%20c//d?x=%41&y=%zz {nginx.Address["http://".Length..]} HTTP/1.1  127.0.0.1 http \n", seen);
    }
}
