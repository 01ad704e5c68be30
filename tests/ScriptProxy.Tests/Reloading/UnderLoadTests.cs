using System.Net;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Real;

namespace ScriptProxy.Tests.Reloading;

/// <summary>Reloads while clients ask without a pause.</summary>
public class UnderLoadTests
{
    /// <summary>Every phase adds its version: all of an answer's must be the same.</summary>
    private const string Phases = """
        #load "part.csx"
        Listen("http://127.0.0.1:0");
        Rewrite(r => r.Request.Headers["X-V"] = "VERSION");
        Route("/").Access(async r => { await Task.Yield(); r.Request.Headers.Append("X-V", "VERSION"); return r.Exec("/run"); });
        Route("/run")
            .Rewrite("phase.csx")
            .Access(async r => { var sub = await r.Subrequest("/sub"); r.Request.Headers.Append("X-V", await sub.ReadTextAsync()); })
            .UpstreamRequest(u => u.Headers.Append("X-V", "VERSION"))
            .HeaderFilter(h => { h.Response.Headers["X-Version"] = "VERSION"; h.Response.Headers["X-Seen"] = string.Join(',', h.Request.Headers["X-V"].ToArray()); })
            .BodyFilter(b => b.ReplaceText("origin", "VERSION"))
            .Log(l => l.Logger.LogInformation($"log {l.Request.Headers["X-Id"]} VERSION"))
            .To("ORIGIN");
        Route("/sub").Content(async c => { await Task.Yield(); return c.Text(Part); });
        """;

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Save_ToAndFro_NoAnswerIsHalfAndHalf(string version)
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            var sent = c.Request.Headers["X-V"].ToString().Replace(", ", ",", StringComparison.Ordinal);
            await c.Response.WriteAsync($"origin {sent} ");
            await c.Response.Body.FlushAsync();
            await Task.Yield();
            await c.Response.WriteAsync("origin");
        });
        var folder = new TestFolder();
        foreach (var v in new[] { "A", "B" })
        {
            folder.Write($"{v}/proxy.csx", Phases.Replace("VERSION", v, StringComparison.Ordinal).Replace("ORIGIN", origin.Address, StringComparison.Ordinal));
            folder.Write($"{v}/part.csx", $"const string Part = \"{v}\";");
            folder.Write($"{v}/phase.csx", $"await Task.Yield();\nRequest.Headers.Append(\"X-V\", \"{v}\");");
        }

        // All three files change in one step: what is mixed then, the gateway has mixed.
        Directory.CreateSymbolicLink(folder.PathOf("current"), "A");
        await using var gateway = await TestGateway.StartAsync(folder, "current/proxy.csx", TimeProvider.System);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(gateway.Address),
            DefaultRequestVersion = Version.Parse(version),
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var stop = new CancellationTokenSource();
        var asking = Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            var seen = new List<(string Id, string Version)>();
            for (var n = 0; !stop.IsCancellationRequested; n++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/");
                request.Version = Version.Parse(version);
                request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
                request.Headers.Add("X-Id", $"{i}-{n}");
                using var answer = await client.SendAsync(request);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                var v = Assert.Single(answer.Headers.GetValues("X-Version"));
                Assert.Equal($"{v},{v},{v},{v}", Assert.Single(answer.Headers.GetValues("X-Seen")));
                Assert.Equal($"{v} {v},{v},{v},{v},{v} {v}", await answer.Content.ReadAsStringAsync());
                seen.Add(($"{i}-{n}", v));
            }

            return seen;
        })).ToList();
        for (var n = 0; n < 12; n++)
        {
            var next = n % 2 == 0 ? "B" : "A";
            var number = gateway.Host.Current!.Number;
            await Eventually.LinkAsync(folder, "current", next);
            await TestGateway.WaitAsync(() => gateway.Host.Current!.Number > number);
        }

        await stop.CancelAsync();
        var all = (await Task.WhenAll(asking)).SelectMany(a => a).ToList();
        Assert.Contains(all, a => a.Version == "A");
        Assert.Contains(all, a => a.Version == "B");
        await TestGateway.WaitAsync(() => gateway.Log.All.Count(l => l.StartsWith("log ", StringComparison.Ordinal)) >= all.Count);
        var logged = gateway.Log.All.Where(l => l.StartsWith("log ", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);
        Assert.All(all, a => Assert.Contains($"log {a.Id} {a.Version}", logged));
    }

    [Fact]
    public async Task SixtyReloads_NoRequestFails_OldLoadsAreCollected_WhileConnectionsStayOpen()
    {
        await using var origin = await Origin.StartAsync("the origin's answer");
        string Proxy(int n) => $$"""
            HeaderFilter(h => h.Response.Headers["X-Version"] = "{{n}}");
            Route("/a").Content(c => c.Text("{{n}}"));
            Route("/b").Access(async r => { await Task.Yield(); }).BodyFilter(b => b.ReplaceText("origin", "{{n}}")).To("{{origin.Address}}");
            Route("/c").Content(c => c.Json(new Answer("{{n}}", new Part[] { new(1), new(2) })));
            record Answer(string Version, Part[] Parts);
            record Part(int N);
            Every(Seconds(0.1), async t => await Task.Delay(10, t.Stopping));
            """;
        await using var gateway = await TestGateway.StartAsync(Proxy(0));
        using var stop = new CancellationTokenSource();
        (string Path, Func<string, string> Body)[] kinds =
        [
            ("/a", v => v), ("/b", v => $"the {v}'s answer"), ("/c", v => $$"""{"version":"{{v}}","parts":[{"n":1},{"n":2}]}"""),
        ];
        var connections = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => RawClient.ConnectAsync(gateway.Address)));
        var asking = connections.Select((connection, i) => Task.Run(async () =>
        {
            var (path, body) = kinds[i % kinds.Length];
            var asked = 0;
            while (!stop.IsCancellationRequested)
            {
                await connection.SendAsync($"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
                var answer = await connection.ReadAnswerAsync();
                Assert.StartsWith("HTTP/1.1 200 ", answer.Head, StringComparison.Ordinal);
                var version = answer.Head.Split("\r\n").Single(l => l.StartsWith("X-Version: ", StringComparison.Ordinal))["X-Version: ".Length..];
                Assert.Equal(body(version), answer.Body);
                asked++;
            }

            return asked;
        })).ToList();
        for (var n = 1; n <= 60; n++)
        {
            await gateway.SaveAsync(Proxy(n));
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(asking), asked => Assert.True(asked > 0));
        Assert.Empty(gateway.Log.Refused);

        // The connections are still open, and idle: they must hold nothing of the loads that they were served by.
        await TestGateway.WaitAsync(() => gateway.Host.Alive == 1);
        foreach (var connection in connections)
        {
            connection.Dispose();
        }
    }
}
