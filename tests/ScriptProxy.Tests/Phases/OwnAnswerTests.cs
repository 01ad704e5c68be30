using System.Net;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

/// <summary>Handlers that write the answer by themselves where a verdict would do, and what filters make of answers that take the place of another.</summary>
public class OwnAnswerTests
{
    [Theory]
    [InlineData("")]
    [InlineData("Log(l => { });")]
    [InlineData("BodyFilter(b => b.ReplaceText(\"wrote\", \"wrote\"));")]
    public async Task Written_InRewriteOrAccess_IsTheAnswer_AndNobodyIsAsked(string verbs)
    {
        var asked = 0;
        await using var origin = await Origin.StartAsync(_ =>
        {
            asked++;
            return Task.CompletedTask;
        });
        const string Write = "async r => { r.Response.StatusCode = 402; await r.Response.WriteAsync(\"wrote\\n\"); }";
        await using var gateway = await TestGateway.StartAsync($$"""
            {{verbs}}
            HeaderFilter(h => h.Response.Headers["X-Filter"] = h.Response.StatusCode.ToString());
            Rewrite(async r => { if (r.Request.Path == "/first") { await r.Response.WriteAsync("first\n"); } });
            Route("/rewrite").Rewrite({{Write}}).To("{{origin.Address}}");
            Route("/access").Access({{Write}}).To("{{origin.Address}}");
            Route("/content").Access({{Write}}).Content(c => c.Text("other\n"));
            Route("/first").To("{{origin.Address}}");
            """);
        foreach (var path in new[] { "/rewrite", "/access", "/content" })
        {
            using var answer = await gateway.Client.GetAsync(path);
            Assert.Equal((HttpStatusCode)402, answer.StatusCode);
            Assert.Equal("wrote\n", await answer.Content.ReadAsStringAsync());
            Assert.Equal("402", Assert.Single(answer.Headers.GetValues("X-Filter")));
        }

        Assert.Equal("first\n", await gateway.Client.GetStringAsync("/first"));
        Assert.Equal(0, asked);
    }

    [Fact]
    public async Task Status_SetInAccess_IsNoAnswer_WhateverContentTheGatewayHas()
    {
        await using var origin = await Origin.StartAsync("peer");
        await using var gateway = await TestGateway.StartAsync($"Content(c => c.Next); Route(\"/\").Access(r => {{ r.Response.StatusCode = 403; }}).To(\"{origin.Address}\");");
        Assert.Equal("peer", await gateway.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task Error_WritesByItself_OrSetsTheStatus()
    {
        await using var gateway = await TestGateway.StartAsync("""
            HeaderFilter(h => h.Response.Headers["X-Filter"] = "1");
            Route("/write").Error(async e => { e.Response.StatusCode = 598; await e.Response.WriteAsync("custom\n"); }).Content(c => throw new Exception("x"));
            Route("/status").Error(e => { e.Response.StatusCode = 503; }).Content(c => throw new Exception("x"));
            """);
        using var written = await gateway.Client.GetAsync("/write");
        Assert.Equal((598, "custom\n"), ((int)written.StatusCode, await written.Content.ReadAsStringAsync()));
        Assert.True(written.Headers.Contains("X-Filter"));
        using var set = await gateway.Client.GetAsync("/status");
        Assert.Equal((503, "503 Service Unavailable\n"), ((int)set.StatusCode, await set.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task BodyFilterThatFails_TheErrorPassesHeaderFilter_AndThatFilterIsNotAskedAgain()
    {
        await using var origin = await Origin.StartAsync("peer");
        await using var gateway = await TestGateway.StartAsync($$"""
            HeaderFilter(h => h.Response.Headers["X-Filter"] = "1");
            Route("/make").BodyFilter(b => { Shared("n").Increment("make"); throw new Exception("x"); }).To("{{origin.Address}}");
            Route("/run").BodyFilter(b => b.Transform(async (input, output, stop) => throw new Exception("x"))).To("{{origin.Address}}");
            Route("/n").Content(c => c.Text($"{Shared("n").Get<int>("make")}"));
            """);
        foreach (var path in new[] { "/make", "/run" })
        {
            using var answer = await gateway.Client.GetAsync(path);
            Assert.Equal((500, "500 Internal Server Error\n"), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()));
            Assert.True(answer.Headers.Contains("X-Filter"));
        }

        Assert.Equal("1", await gateway.Client.GetStringAsync("/n"));
    }

    [Fact]
    public async Task HeaderFilterThatFails_TheOthersStillSeeTheError()
    {
        await using var origin = await Origin.StartAsync("peer");
        await using var gateway = await TestGateway.StartAsync($$"""
            HeaderFilter(h => h.Response.Headers["X-Filter"] = "1");
            Route("/").HeaderFilter(h => throw new Exception("x"))
                .HeaderFilter(h => h.Response.Headers["X-Last"] = "1")
                .To("{{origin.Address}}");
            """);
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal((500, "500 Internal Server Error\n"), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        Assert.True(answer.Headers.Contains("X-Filter"));
        Assert.True(answer.Headers.Contains("X-Last"));
    }
}
