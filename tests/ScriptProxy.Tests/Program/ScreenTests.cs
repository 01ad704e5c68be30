using ScriptProxy.Program.Output;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Program;

public class ScreenTests
{
    private const string Proxy = """
        Listen("http://127.0.0.1:0");
        Upstream("shop", "http://10.0.0.11:8080", "http://10.0.0.12:8080");
        Route("/private/{**path}")
            .Access("scripts/office-hours.csx")
            .UpstreamRequest(u => u.Headers["X-User"] = "someone")
            .To("shop");
        """;

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    public async Task FirstScreen_Terminal_FitsAndBreaksNoWord(int width)
    {
        await using var gateway = await TestGateway.StartAsync(Proxy, ("scripts/office-hours.csx", ""));
        var text = new StringWriter();
        FirstScreen.Show(Screen.Create(text, terminal: true, width), gateway.Host, new(gateway.Folder.PathOf("proxy.csx")));
        var lines = text.ToString().Split('\n');
        Assert.All(lines.Where(l => !l.Contains("serves", StringComparison.Ordinal)), l => Assert.True(l.TrimEnd().Length <= width, l));
        Assert.All(
            ["/private/{**path}", "Access scripts/office-hours.csx", "UpstreamRequest proxy.csx:5", "http://10.0.0.12:8080", "round-robin"],
            word => Assert.Contains(word, text.ToString(), StringComparison.Ordinal));
        Assert.Equal(width >= 100, text.ToString().Contains("written at", StringComparison.Ordinal));
    }

    [Fact]
    public async Task FirstScreen_NoTerminal_IsAsciiOnly()
    {
        await using var gateway = await TestGateway.StartAsync(Proxy, ("scripts/office-hours.csx", ""));
        var text = new StringWriter();
        FirstScreen.Show(Screen.Create(text, terminal: false), gateway.Host, new(gateway.Folder.PathOf("proxy.csx")));
        Assert.All(text.ToString(), c => Assert.True(c is '\n' or >= ' ' and <= '~', $"'{c}'"));
        Assert.Contains("listens on " + gateway.Address, text.ToString(), StringComparison.Ordinal);
        Assert.Contains("curl -i " + gateway.Address + "/private/", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("scripts: proxy.csx, scripts/office-hours.csx", text.ToString(), StringComparison.Ordinal);
    }
}
