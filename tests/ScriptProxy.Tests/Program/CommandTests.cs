using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Plugins;

namespace ScriptProxy.Tests.Program;

public sealed class CommandTests : IDisposable
{
    private const string Proxy = """
        Listen("http://127.0.0.1:18099");
        Upstream("shop", "http://10.0.0.11:8080").Peer("http://10.0.0.12:8080", weight: 3, tags: ["canary"]);
        Log(l => Logger.LogInformation("{Status}", l.Response.StatusCode));
        Route("/shop/{**path}", methods: "GET,HEAD")
            .Access("scripts/a-phase-file-with-a-long-name.csx")
            .HeaderFilter(h => h.Response.Headers["X-Served-By"] = h.Peer?.Name)
            .To("shop");
        """;

    private readonly TestFolder _folder = new();

    public CommandTests()
    {
        _folder.Write("proxy.csx", Proxy);
        _folder.Write("scripts/a-phase-file-with-a-long-name.csx", "if (Request.Query.Count > 9) return Respond(400);\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Check_Good_ExitsWithZeroAndListensNowhere()
    {
        var (code, output, errors) = await ProgramProcess.RunAsync(_folder.Root, "check");
        Assert.Equal((0, ""), (code, errors));
        Assert.Equal("proxy.csx is good: 1 route, 1 upstream, listening on http://127.0.0.1:18099", output);
    }

    [Fact]
    public async Task Check_SeveralErrors_TellsAllOnStandardErrorAndExitsWithOne()
    {
        _folder.Write("proxy.csx", Proxy.Replace(".To(\"shop\")", ".To(\"shpo\")", StringComparison.Ordinal) + "\nRoute(\"/{open\").To(\"http://x\");\n");
        var (code, output, errors) = await ProgramProcess.RunAsync(_folder.Root, "check", "proxy.csx");
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("proxy.csx(7,5): error SP1003: there is no upstream 'shpo'", errors, StringComparison.Ordinal);
        Assert.Contains("did you mean \"shop\"?", errors, StringComparison.Ordinal);
        Assert.Contains("proxy.csx(8,1): error SP1006", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_ScriptInAnotherFolder_FindsItsFilesBesideIt()
    {
        using var elsewhere = new TestFolder();
        var (code, output, _) = await ProgramProcess.RunAsync(elsewhere.Root, "check", _folder.PathOf("proxy.csx"), "--cache", "none");
        Assert.Equal(0, code);
        Assert.Contains("is good", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Routes_NoTerminal_PrintsPlainTextWithoutBrokenWords()
    {
        var (code, output, errors) = await ProgramProcess.RunAsync(_folder.Root, "routes");
        Assert.Equal((0, ""), (code, errors));
        Assert.Equal(
            """
            +-------------------------------------------------------------------------------------------+
            | route          | handlers                                         | goes to | written at  |
            |----------------+--------------------------------------------------+---------+-------------|
            | (every route)  | Log proxy.csx:3                                  |         |             |
            | /shop/{**path} | Access scripts/a-phase-file-with-a-long-name.csx | shop    | proxy.csx:4 |
            |   GET HEAD     | HeaderFilter proxy.csx:6                         |         |             |
            +-------------------------------------------------------------------------------------------+
            """,
            string.Join('\n', output.Split('\n').Take(7)));
        Assert.DoesNotContain('\x1b', output);
        Assert.Contains("http://10.0.0.12:8080 weight 3 [canary]", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plugins_TellsOwnAndShippedOnes()
    {
        _folder.Drop("Marking", PluginSource.Plugin("Marking", "public void Register(PluginBuilder plugin) => plugin.LoadBalancer(\"mine\", () => null!).Log(l => { });", version: "1.2.3"));
        _folder.Write("plugins/Source/Source.csproj", "<Project />");
        var (code, output, errors) = await ProgramProcess.RunAsync(_folder.Root, "plugins");
        Assert.Equal((0, ""), (code, errors));
        var lines = output.Split('\n').Select(l => string.Join(' ', l.Split([' ', '|'], StringSplitOptions.RemoveEmptyEntries))).ToList();
        Assert.Equal("plugin version folder generation supplies state", lines[1]);
        Assert.Contains("LoadBalancing 0.1.0 (comes with the program) policy first registered", lines);
        Assert.Contains("policy least-time", lines);
        Assert.Contains("Marking 1.2.3 plugins/Marking Log registered", lines);
        Assert.Contains("policy mine", lines);
        Assert.Contains("Source plugins/Source source", lines);
    }

    [Fact]
    public async Task Plugins_OneIsRefused_TellsAllAndExitsWithOne()
    {
        _folder.Write("plugins/Broken/Broken.dll", "no assembly");
        var (code, output, errors) = await ProgramProcess.RunAsync(_folder.Root, "plugins");
        Assert.Equal(1, code);
        Assert.Matches(@"Broken\b.*\brefused\b", output);
        Assert.Contains("plugins/Broken: error SP2001: Broken.dll is no whole assembly", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plugins_OfARunningGateway_TellsItsGenerationAndState()
    {
        var ports = Ports.Free(2);
        var admin = $"http://127.0.0.1:{ports[1]}";
        _folder.Write("proxy.csx", $"Listen(\"http://127.0.0.1:{ports[0]}\");\nAdmin(\"{admin}\");");
        await using var program = ProgramProcess.Start(_folder.Root, "run");
        await program.ReadyAsync();
        _folder.Drop("Marking", PluginSource.Plugin("Marking", "public void Register(PluginBuilder plugin) => plugin.Log(l => { });", version: "1.2.3"));
        await program.SaysAsync("generation 2 serves");

        var (code, output, errors) = await ProgramProcess.RunAsync(_folder.Root, "plugins", "--admin", admin);
        Assert.Equal((0, ""), (code, errors));
        var lines = output.Split('\n').Select(l => string.Join(' ', l.Split([' ', '|'], StringSplitOptions.RemoveEmptyEntries))).ToList();
        Assert.Contains("Marking 1.2.3 plugins/Marking 2 Log running", lines);
        Assert.Contains("LoadBalancing 0.1.0 (comes with the program) 2 policy first running", lines);

        (code, _, errors) = await ProgramProcess.RunAsync(_folder.Root, "plugins", "--admin", $"http://127.0.0.1:{ports[0]}");
        Assert.Equal(1, code);
        Assert.Contains("is no admin API of a gateway", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version")]
    [InlineData("--version")]
    public async Task Version_PrintsIt(string argument)
    {
        var (code, output, errors) = await ProgramProcess.RunAsync(_folder.Root, argument);
        Assert.Equal((0, ""), (code, errors));
        Assert.Matches(@"\A\d+\.\d+\.\d+\z", output);
    }

    [Fact]
    public async Task Help_NamesEveryCommand()
    {
        var (code, output, _) = await ProgramProcess.RunAsync(_folder.Root, "--help");
        Assert.Equal(0, code);
        Assert.All(["run", "check", "routes", "restore", "cache", "version", "--no-reload", "--cache"], part => Assert.Contains(part, output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("There is no option --bogus.", "check", "--bogus")]
    [InlineData("There is no option --bogus.", "--bogus")]
    [InlineData("'b'", "run", "a", "b")]
    [InlineData("The path of the script is empty.", "check", "")]
    [InlineData("The folder of --cache is empty", "check", "--cache", "")]
    public async Task WrongArguments_AreToldOnStandardError(string message, params string[] arguments)
    {
        var (code, output, errors) = await ProgramProcess.RunAsync(_folder.Root, arguments);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains(message, errors, StringComparison.Ordinal);
    }
}
