using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.BadInput;

/// <summary>What handlers do wrong while requests run.</summary>
[Collection(Alone.Name)]
public class ScriptFailureTests
{
    private const string Ok = """

        Route("/ok").Content(c => c.Text("ok"));
        Log(l => l.Logger.LogInformation($"logged {l.Request.Path} {l.Response.StatusCode} {l.Error?.Message}"));
        """;

    [Theory]
    [InlineData(".Access(r => r.Redirect(\"/a\\r\\nSet-Cookie: x=1\"))", "holds no line breaks")]
    [InlineData(".Access(r => r.Respond(200, \"x\", \"text/plain\\r\\nX-Injected: 1\"))", "holds no line breaks")]
    [InlineData(".Access(r => r.Respond(99))", "A final status lies between 200 and 999")]
    [InlineData(".Access(r => r.Exec(\"\"))", "Exec takes a path that starts with '/'")]
    [InlineData(".Content(c => { c.Response.Headers[\"X\"] = \"a\\r\\nX-Injected: 1\"; return c.Text(\"x\"); })", "control character")]
    [InlineData(".Content(c => { c.Response.Headers[\"X\\r\\nX-Injected\"] = \"1\"; return c.Text(\"x\"); })", "")]
    [InlineData(".HeaderFilter(h => h.Response.Headers[\"X\"] = h.Request.Query[\"v\"].ToString() + \"\\r\\nX-Injected: 1\").Content(c => c.Text(\"x\"))", "control character")]
    [InlineData(".BodyFilter(b => b.ReplaceText(\"\", \"x\")).Content(c => c.Text(\"x\"))", "ArgumentException")]
    [InlineData(".BodyFilter(b => b.ReplaceText(null!, \"x\")).Content(c => c.Text(\"x\"))", "")]
    [InlineData(".BodyFilter(b => b.Buffer(-1)).Content(c => c.Text(\"x\"))", "")]
    [InlineData(".Access(async r => { using var reader = new StreamReader(r.Request.Body); r.Request.Body.ReadByte(); })", "")]
    [InlineData(".Content(async c => { await c.Subrequest(\"/loop\"); return c.Text(\"x\"); })", null)]
    [InlineData(".Content(c => c.Text(Missing.Value))", "FormatException: The input string 'x' was not in a correct format.")]
    public async Task Handler_DoesWhatMakesNoSense_500WithItsLineAndOthersFine(string route, string? told)
    {
        await using var gateway = await TestGateway.StartAsync($$"""
            static class Missing { public static readonly string Value = int.Parse("x").ToString(); }
            Route("/loop").Content(async c => { var r = await c.Subrequest("/loop"); return c.Respond(r.StatusCode); });
            Route("/bad"){{route}};
            {{Ok}}
            """);
        using var answer = await gateway.Client.GetAsync("/bad?v=1");
        Assert.False(answer.Headers.Contains("X-Injected"));
        Assert.Equal(told is null ? HttpStatusCode.OK : HttpStatusCode.InternalServerError, answer.StatusCode);
        if (told is not null)
        {
            Assert.Equal("500 Internal Server Error\n", await answer.Content.ReadAsStringAsync());
            var line = Assert.Single(gateway.Log.All, l => l.Contains(" handler at ", StringComparison.Ordinal));
            Assert.Contains("proxy.csx:3 failed", line, StringComparison.Ordinal);
            Assert.Contains(told, line, StringComparison.Ordinal);
        }

        await gateway.Log.WaitForAsync("logged /bad ");
        Assert.Equal("ok", await gateway.Client.GetStringAsync("/ok"));
    }

    /// <summary>Each kind of handler in each way never to end: the request fails, the log names the line, and others do not wait.</summary>
    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("await Task.Yield(); while (true) { }")]
    [InlineData("while (true) await Task.Yield();")]
    [InlineData("F(0); int F(int n) => F(n + 1) + 1; throw null!;")]
    public async Task Handler_NeverEnds_IsStoppedInEveryPhaseWhileOthersAreFast(string code)
    {
        await using var origin = await Origin.StartAsync(async c =>
        {
            await c.Request.Body.CopyToAsync(Stream.Null);
            await c.Response.Body.WriteAsync("line\n"u8.ToArray());
        });
        var phases = new[] { "Rewrite", "Access", "Content", "Lookup", "Balancer", "RequestBodyFilter", "UpstreamRequest", "UpstreamResponse", "HeaderFilter", "BodyFilter", "Error", "Log" };
        var routes = string.Concat(phases.Select(p =>
            $"Route(\"/{p}\").{(p == "Error" ? "Access(r => throw new FormatException(\"first\")).Error" : p)}(async x => {{ {code} }}).To(\"{origin.Address}\");\n"));
        await using var gateway = await TestGateway.StartAsync("Budget(Milliseconds(100));\n" + routes + Ok);
        var asked = phases.Select(p => (Phase: p, Answer: gateway.Client.PostAsync("/" + p, new StringContent("body\n")))).ToList();
        var slowest = TimeSpan.Zero;
        while (asked.Exists(a => !a.Answer.IsCompleted))
        {
            var began = Stopwatch.GetTimestamp();
            Assert.Equal("ok", await gateway.Client.GetStringAsync("/ok"));
            slowest = TimeSpan.FromTicks(Math.Max(slowest.Ticks, Stopwatch.GetElapsedTime(began).Ticks));
        }

        foreach (var (phase, pending) in asked)
        {
            using var answer = await pending;
            Assert.True((phase == "Log" ? HttpStatusCode.OK : HttpStatusCode.InternalServerError) == answer.StatusCode, $"{phase}: {answer.StatusCode}");
            var line = 2 + Array.IndexOf(phases, phase);
            await TestGateway.WaitAsync(
                () => gateway.Log.All.Any(l => l.Contains("ScriptOverrunException", StringComparison.Ordinal) && l.Contains($"proxy.csx:{line}", StringComparison.Ordinal)),
                $"the line of {phase} in the log:\n{string.Join('\n', gateway.Log.All)}");
        }

        Assert.True(slowest < TimeSpan.FromSeconds(5), $"another request waited {slowest}");
    }

    [Fact]
    public async Task Body_ReadTwice_IsThereTwice()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Route("/").Access(async r => { await r.ReadBodyAsync(); await r.ReadBodyAsync(); }).Content(async c => c.Text(await c.ReadBodyAsync()));
            """);
        using var answer = await gateway.Client.PostAsync("/", new StringContent("body"));
        Assert.Equal("body", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Handler_SetsHeadersAfterTheStart_CutsOffThatAnswerOnly()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Route("/bad").Content(async c => { await c.Response.WriteAsync("begun"); await c.Response.Body.FlushAsync(); c.Response.Headers["X"] = "late"; });
            """ + Ok);
        await Assert.ThrowsAsync<HttpRequestException>(() => gateway.Client.GetStringAsync("/bad"));
        await gateway.Log.WaitForAsync("proxy.csx:1 failed");
        Assert.Equal("ok", await gateway.Client.GetStringAsync("/ok"));
    }

    [Fact]
    public async Task Pick_UnknownPolicy_500NamesIt()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Route("/bad").Balancer(b => b.Pick(string.Concat("round-", "robbin"))).To("http://127.0.0.1:1");
            """ + Ok);
        Assert.Equal(HttpStatusCode.InternalServerError, (await gateway.Client.GetAsync("/bad")).StatusCode);
        await gateway.Log.WaitForAsync("'round-robbin'");
    }

    [Fact]
    public async Task Timer_ThrowsOrNeverEnds_IsToldAndTheOthersGoOn()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await TestGateway.StartAsync(
            """
            Every(Seconds(1), t => throw new FormatException("timer"));
            Every(Seconds(1), t => { while (true) { } });
            Every(Seconds(1), async t => await Task.Delay(-1, t.Stopping));
            Every(Seconds(1), t => Shared("n").Increment("n"));
            Route("/n").Content(c => c.Text(Shared("n").Get<long>("n") >= 2 ? "on" : "not yet"));
            """ + Ok,
            time);
        await TestGateway.WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return gateway.Log.Has("proxy.csx:1 failed, and goes on: FormatException: timer") && gateway.Log.Has("proxy.csx:2 failed, and goes on: ScriptOverrunException");
        });
        Assert.Equal("on", await gateway.Client.GetStringAsync("/n"));
    }
}
