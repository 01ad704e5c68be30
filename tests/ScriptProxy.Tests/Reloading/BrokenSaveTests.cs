using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Reloading;

/// <summary>What cannot be taken changes nothing, is told, and is mended by what was missing.</summary>
public class BrokenSaveTests
{
    private const string Good = """Route("/").Content(c => c.Text("good"));""";

    [Theory]
    [InlineData("var x = 1;\nRoute(\"/\").Content(c => c.Text(\"bad\")", "proxy.csx(2,38): error CS1003")]
    [InlineData("Route(\"/\").Content(c => c.Txt(\"bad\"));", "proxy.csx(1,27): error CS1061")]
    [InlineData("Route(\"/\").To(\"nowhere\");", "proxy.csx(1,1): error SP")]
    [InlineData("\nRoute(\"/\").Content(c => c.Text(\"bad\"));\nthrow new FormatException(\"while loading\");", "proxy.csx(3,1): error SP1000: FormatException: while loading")]
    [InlineData("Route(\"/\").Content(c => c.Text(\"bad\"));\nInit(() =>\n{\n    throw new FormatException(\"in Init\");\n});", "proxy.csx(4,5): error SP1000: FormatException: in Init")]
    [InlineData("Route(\"/\").Content(c => c.Text(\"bad\"));\nListen(\"http://127.0.0.1:0/path\");", "proxy.csx(2,1): error SP1022")]
    [InlineData("\n#load \"part.csx\"\nRoute(\"/\").Content(c => c.Text(\"bad\"));", "part.csx(2,1): error CS0103")]
    [InlineData("Route(\"/\").Content(\"phase.csx\");", "phase.csx(1,8): error CS0103")]
    public async Task Broken_IsTold_ChangesNothing_AndTheNextGoodOneIsTaken(string broken, string told)
    {
        await using var gateway = await TestGateway.StartAsync(Good, ("part.csx", "\nUnknown();"), ("phase.csx", "return Unknown;"));
        var log = await gateway.SaveBrokenAsync(broken);
        Assert.True(log.Contains(told, StringComparison.Ordinal), log);
        Assert.Equal("good", await gateway.Client.GetStringAsync("/"));
        Assert.Equal(1, gateway.Host.Current!.Number);
        await gateway.SaveAsync("""Route("/").Content(c => c.Text("better"));""");
        Assert.Equal("better", await gateway.Client.GetStringAsync("/"));
    }

    [Theory]
    [InlineData("#load \"late.csx\"\nRoute(\"/\").Content(c => c.Text(Late));", "late.csx", "const string Late = \"came\";")]
    [InlineData("#load \"parts/late.csx\"\nRoute(\"/\").Content(c => c.Text(Late));", "parts/late.csx", "const string Late = \"came\";")]
    [InlineData("Route(\"/\").Content(\"late.csx\");", "late.csx", "return Text(\"came\");")]
    [InlineData("Route(\"/\").Content(\"scripts/late.csx\");", "scripts/late.csx", "return Text(\"came\");")]
    [InlineData("var s = Settings.Secret(\"late\");\nRoute(\"/\").Content(c => c.Text(s));", "appsettings.json", "{ \"late\": \"came\" }")]
    public async Task WhatIsMissing_Comes_AndTheSaveIsTaken(string proxy, string file, string text)
    {
        await using var gateway = await TestGateway.StartAsync(Good);
        Assert.Contains("proxy.csx(1,", await gateway.SaveBrokenAsync(proxy), StringComparison.Ordinal);
        gateway.Folder.Write(file, text);
        await Eventually.AnswersAsync(gateway, "/", "came");
    }

    [Fact]
    public async Task FileThatServes_Vanishes_IsTold_AndItsReturnIsTaken()
    {
        await using var gateway = await TestGateway.StartAsync("""Route("/").Content("phase.csx");""", ("phase.csx", """return Text("first");"""));
        File.Delete(gateway.Folder.PathOf("phase.csx"));
        await TestGateway.WaitAsync(() => gateway.Log.Refused.Any());
        Assert.Contains("proxy.csx(1,1): error SP1004", gateway.Log.Refused.Last(), StringComparison.Ordinal);
        Assert.Equal("first", await gateway.Client.GetStringAsync("/"));
        gateway.Folder.Write("phase.csx", """return Text("second");""");
        await Eventually.AnswersAsync(gateway, "/", "second");
    }

    [Fact]
    public async Task Listener_ThatCannotBeBound_ChangesNothing_NotEvenTheOtherNewListener()
    {
        await using var gateway = await TestGateway.StartAsync(Good);
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var free = Ports.Free();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var told = await gateway.SaveBrokenAsync($$"""
            Route("/").Content(c => c.Text("bad"));
            Listen("http://127.0.0.1:0");
            Listen("http://127.0.0.1:{{free}}");
            Listen("http://127.0.0.1:{{port}}");
            Exit(() => Logger.LogInformation("exit of the refused"));
            """);
        Assert.Contains($"proxy.csx(4,1): error SP1020: cannot listen on http://127.0.0.1:{port}: port {port} is in use", told, StringComparison.Ordinal);
        Assert.Equal("good", await gateway.Client.GetStringAsync("/"));
        Assert.Single(gateway.Host.Open);
        await Assert.ThrowsAsync<HttpRequestException>(() => gateway.Client.GetStringAsync($"http://127.0.0.1:{free}/"));
        Assert.Single(gateway.Log.All, l => l == "exit of the refused");
    }

    [Fact]
    public async Task Init_Throws_WhatTheLoadHadStarted_IsGone()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await TestGateway.StartAsync(
            Good + """
            Every(Seconds(1), t => t.Logger.LogInformation("good timer"));
            Route("/u").To("http://127.0.0.1:1");
            """,
            time);
        var free = Ports.Free();
        gateway.Save($$"""
            Route("/").Content(c => c.Text("bad"));
            Listen("http://127.0.0.1:0");
            Listen("http://127.0.0.1:{{free}}");
            Every(Seconds(1), t => t.Logger.LogInformation("bad timer"));
            After(Seconds(1), t => t.Logger.LogInformation("bad timer"));
            Peer("http://127.0.0.1:1").Down("by the refused");
            Upstream("u", "http://127.0.0.1:1");
            Init(() => { After(Seconds(1), t => t.Logger.LogInformation("bad timer")); });
            Init(() => throw new FormatException("no"));
            """);
        await TestGateway.WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(10));
            return gateway.Log.Refused.Any();
        });
        Assert.Contains("proxy.csx(9,", gateway.Log.Refused.Last(), StringComparison.Ordinal);
        await Assert.ThrowsAsync<HttpRequestException>(() => gateway.Client.GetStringAsync($"http://127.0.0.1:{free}/"));
        var ticks = gateway.Log.All.Count(l => l == "good timer");
        for (var n = 1; n <= 3; n++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await TestGateway.WaitAsync(() => gateway.Log.All.Count(l => l == "good timer") >= ticks + n);
        }

        Assert.False(gateway.Log.Has("bad timer"));

        // Asked and not reached; a peer that is down by hand would not be asked.
        using var asked = await gateway.Client.GetAsync("/u");
        Assert.Equal(HttpStatusCode.BadGateway, asked.StatusCode);
        Assert.Equal("good", await gateway.Client.GetStringAsync("/"));
    }
}
