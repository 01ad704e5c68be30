using System.Net;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Real;

/// <summary>Every protocol in front with every protocol behind; the servers behind are a gateway too.</summary>
public class UpstreamProtocolTests
{
    public static TheoryData<string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (var front in new[] { "http 1.1", "http 2.0", "https 1.1", "https 2.0" })
            {
                foreach (var behind in new[] { "http 1.1", "http 2.0", "https 1.1", "https 2.0" })
                {
                    pairs.Add(front, behind);
                }
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Request_InAnyProtocol_ReachesAServerOfAnyProtocol(string front, string behind)
    {
        await using var origin = await TestGateway.StartAsync(
            $$"""
            Listen("{{Scheme(behind)}}://127.0.0.1:0");
            Route("/{**path}").Content(async c =>
                c.Text($"{c.Request.Protocol} {c.Request.Scheme} {c.Request.Headers["X-Forwarded-Proto"]} {c.Request.Path} {await c.ReadBodyAsync()}"));
            """);
        await using var gateway = await TestGateway.StartAsync(
            $$"""
            Listen("{{Scheme(front)}}://127.0.0.1:0");
            Upstream("origin", "{{origin.Address}}").AcceptAnyCertificate(){{(behind.EndsWith("2.0", StringComparison.Ordinal) ? ".Http2()" : "")}};
            Route("/{**path}").To("origin");
            """);
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        using var client = new HttpClient(handler) { DefaultRequestVersion = Version.Parse(front.Split(' ')[1]), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post })
        {
            using var request = new HttpRequestMessage(method, gateway.Address + "/a/b?c");
            request.Version = client.DefaultRequestVersion;
            request.VersionPolicy = client.DefaultVersionPolicy;
            request.Content = method == HttpMethod.Post ? new StringContent("body") : null;
            using var answer = await client.SendAsync(request);
            Assert.Equal((HttpStatusCode.OK, client.DefaultRequestVersion), (answer.StatusCode, answer.Version));
            var protocol = behind.EndsWith("2.0", StringComparison.Ordinal) ? "HTTP/2" : "HTTP/1.1";
            Assert.Equal($"{protocol} {Scheme(behind)} {Scheme(front)} /a/b {(method == HttpMethod.Post ? "body" : "")}", await answer.Content.ReadAsStringAsync());
        }
    }

    private static string Scheme(string side) => side.Split(' ')[0];
}
