using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Plugins;

namespace ScriptProxy.Tests.Program;

public sealed class RunTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private readonly int _port = Ports.Free(1)[0];

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Run_Saved_ServesTheNewText()
    {
        await using var program = await StartAsync("""Route("/").Content(c => c.Text("one\n"));""");
        Assert.Equal("one\n", await GetAsync("/"));

        Write("""Route("/").Content(c => c.Text("two\n"));""");
        await program.SaysAsync("generation 2 serves");
        Assert.Equal("two\n", await GetAsync("/"));
    }

    [Fact]
    public async Task Compiler_IsInAProcessOfItsOwn_ThatEndsWithTheGateway()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "asks /proc");
        int compiler;
        await using (var program = await StartAsync($"// {Guid.NewGuid()}\nRoute(\"/\").Content(c => c.Text(\"one\\n\"));"))
        {
            Assert.Equal("one\n", await GetAsync("/"));
            Assert.DoesNotContain("Microsoft.CodeAnalysis", await File.ReadAllTextAsync($"/proc/{program.Id}/maps", TestContext.Current.CancellationToken), StringComparison.Ordinal);
            compiler = Assert.Single(ChildrenOf(program.Id));
            Assert.Contains("Microsoft.CodeAnalysis", await File.ReadAllTextAsync($"/proc/{compiler}/maps", TestContext.Current.CancellationToken), StringComparison.Ordinal);
            program.Kill();
            await program.EndAsync();
        }

        await TestGateway.WaitAsync(() => !Directory.Exists($"/proc/{compiler}"));
    }

    [Fact]
    public async Task Threads_OfAScript_DoNotKeepTheProcess()
    {
        await using var program = await StartAsync("""new Thread(() => { while (true) Thread.Sleep(1000); }).Start(); Limits(l => l.ShutdownGrace = Seconds(1)); Route("/").Content(c => c.Text("one\n"));""");
        Assert.Equal("one\n", await GetAsync("/"));
        program.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await program.EndAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Check_WhatNobodyCanCatch_IsTold_AndEndsNothing()
    {
        Write("async void F() { await Task.Yield(); throw new FormatException(\"left\"); }\nF();\nawait Task.Delay(300);\nRoute(\"/\").Content(c => c.Text(\"one\"));");
        var (code, output, _) = await ProgramProcess.RunAsync(_folder.Root, "check");
        Assert.Contains("FormatException: left at proxy.csx:", output, StringComparison.Ordinal);
        Assert.Equal(0, code);
    }

    [Fact]
    public async Task Run_BrokenSave_TellsItAndGoesOn()
    {
        await using var program = await StartAsync("""Route("/").Content(c => c.Text("one\n"));""");
        Write("""Route("/").Content(c => c.Texts("two\n"));""");
        await program.SaysAsync("the last good one goes on");
        await program.SaysAsync("CS1061");
        Assert.Equal("one\n", await GetAsync("/"));
    }

    [Fact]
    public async Task Sighup_NothingChanged_LoadsAgain()
    {
        await using var program = await StartAsync("""Route("/").Content(c => c.Text("one\n"));""");
        program.Signal(PosixSignal.SIGHUP);
        await program.SaysAsync("generation 2 serves");
        Assert.Equal("one\n", await GetAsync("/"));
    }

    [Fact]
    public async Task NoReload_SavedAndSighup_ServesTheOldText()
    {
        await using var program = await StartAsync("""Route("/").Content(c => c.Text("one\n"));""", "--no-reload");
        Assert.Contains("--no-reload", program.Output, StringComparison.Ordinal);
        Write("""Route("/").Content(c => c.Text("two\n"));""");
        program.Signal(PosixSignal.SIGHUP);
        await program.SaysAsync("nothing is loaded again");
        Assert.Equal("one\n", await GetAsync("/"));
    }

    [Theory]
    [InlineData("async void F() { await Task.Yield(); throw new FormatException(\"lost\"); } F();")]
    [InlineData("new Thread(() => throw new FormatException(\"lost\")).Start();")]
    [InlineData("ThreadPool.QueueUserWorkItem(_ => throw new FormatException(\"lost\"));")]
    public async Task Script_ThrowsWhereNobodyCatches_IsToldAndTheGatewayGoesOn(string wrong)
    {
        await using var program = await StartAsync($$"""
            Route("/wrong").Content(c => { {{wrong}} return c.Text("done"); });
            """);
        Assert.Equal("done", await _client.GetStringAsync(Url("/wrong")));
        await program.SaysAsync("a script failed where no request waits for it");
        Assert.Equal("done", await _client.GetStringAsync(Url("/wrong")));
        program.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await program.EndAsync());
        Assert.Contains("FormatException: lost at proxy.csx:", program.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Lost();")]
    [InlineData("new Thread(() => throw new FormatException(\"lost\")).Start();")]
    [InlineData("_timer = new Timer(_ => throw new FormatException(\"lost\"), null, 0, Timeout.Infinite);")]
    public async Task Plugin_ThrowsWhereNobodyCatches_IsToldAndTheGatewayGoesOn(string wrong)
    {
        _folder.Drop("Bad", PluginSource.Plugin("Bad", $$"""
            private static Timer? _timer;
            public void Register(PluginBuilder plugin) => plugin.Access(r => { {{wrong}} });
            private static async void Lost() { await Task.Yield(); throw new FormatException("lost"); }
            """));
        await using var program = await StartAsync("""Route("/").Content(c => c.Text("done"));""");
        Assert.Equal("done", await GetAsync("/"));
        await program.SaysAsync("plugins/Bad failed where no request waits for it (async void, a timer or a thread of its own): FormatException: lost");
        Assert.Equal("done", await GetAsync("/"));
        program.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await program.EndAsync());
    }

    [Theory]
    [InlineData(PosixSignal.SIGTERM)]
    [InlineData(PosixSignal.SIGINT)]
    public async Task Signal_RequestUnderWay_EndsItAndExitsWithZero(PosixSignal signal)
    {
        // Longer than the two seconds that the library of the command line would grant.
        await using var program = await StartAsync("""
            Route("/slow").Content(async c =>
            {
                await c.Response.WriteAsync("begin ");
                await c.Response.Body.FlushAsync();
                await Task.Delay(Seconds(2.5), c.Time, c.Aborted);
                await c.Response.WriteAsync("end\n");
            });
            Exit(() => Logger.LogInformation("Exit has run"));
            """);
        using var slow = await _client.GetAsync(Url("/slow"), HttpCompletionOption.ResponseHeadersRead);
        program.Signal(signal);
        await program.SaysAsync("accepts nothing more");
        await RefusedAsync();
        Assert.Equal("begin end\n", await slow.Content.ReadAsStringAsync());
        Assert.Equal(0, await program.EndAsync());
        Assert.Contains("Exit has run", program.Output, StringComparison.Ordinal);
        Assert.Equal("", program.Errors);
    }

    [Fact]
    public async Task Sigterm_RequestOutlastsTheGrace_CutsItOffAndExitsWithZero()
    {
        await using var program = await StartAsync("""
            Limits(l => l.ShutdownGrace = Seconds(0.2));
            Route("/endless").Content(async c =>
            {
                await c.Response.WriteAsync("begin ");
                await c.Response.Body.FlushAsync();
                await Task.Delay(Timeout.Infinite, c.Aborted);
            });
            """);
        using var endless = await _client.GetAsync(Url("/endless"), HttpCompletionOption.ResponseHeadersRead);
        program.Signal(PosixSignal.SIGTERM);
        await Assert.ThrowsAnyAsync<Exception>(() => endless.Content.ReadAsStringAsync());
        Assert.Equal(0, await program.EndAsync());
    }

    [Fact]
    public async Task Sigterm_HandlerDoesNotHeedTheCut_RunsExitAndExitsWithZero()
    {
        await using var program = await StartAsync("""
            Limits(l => l.ShutdownGrace = Seconds(0.2));
            Exit(() => Logger.LogInformation("Exit has run"));
            Route("/endless").Content(async c =>
            {
                await c.Response.WriteAsync("begin ");
                await c.Response.Body.FlushAsync();
                await Task.Delay(Timeout.Infinite);
            });
            """);
        using var endless = await _client.GetAsync(Url("/endless"), HttpCompletionOption.ResponseHeadersRead);
        program.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await program.EndAsync());
        Assert.Contains("1 requests do not heed", program.Output, StringComparison.Ordinal);
        Assert.Contains("Exit has run", program.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sigterm_Twice_DoesNotWaitForTheGrace()
    {
        await using var program = await StartAsync("""
            Route("/endless").Content(async c =>
            {
                await c.Response.WriteAsync("begin ");
                await c.Response.Body.FlushAsync();
                await Task.Delay(Timeout.Infinite, c.Aborted);
            });
            """);
        using var endless = await _client.GetAsync(Url("/endless"), HttpCompletionOption.ResponseHeadersRead);
        program.Signal(PosixSignal.SIGTERM);
        await program.SaysAsync("accepts nothing more");
        program.Signal(PosixSignal.SIGTERM);
        Assert.NotEqual(0, await program.EndAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Run_PortInUse_NamesPortHolderAndLine()
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var taken = ((IPEndPoint)holder.LocalEndpoint).Port;
        _folder.Write("proxy.csx", $"""
            // A line before.
            Listen("http://127.0.0.1:{taken}");
            Route("/").Content(c => c.Text("x"));
            """);
        var (code, output, errors) = await ProgramProcess.RunAsync(_folder.Root);
        Assert.Equal(1, code);
        Assert.Equal("", output);
        Assert.Contains("proxy.csx(2,1): error SP1020", errors, StringComparison.Ordinal);
        Assert.Contains($"port {taken} is in use by ", errors, StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
        {
            Assert.Contains($"(process {Environment.ProcessId})", errors, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("missing.csx", "missing.csx(1,1): error SP0001", "there is no such file")]
    [InlineData("folder", "folder(1,1): error SP0001", "it is a folder")]
    [InlineData("empty.csx", "empty.csx(1,1): error SP1023", "nothing listens")]
    [InlineData("binary.csx", "binary.csx(1,1): error SP0001", "not a text file")]
    public async Task Run_NothingToRun_SaysWhy(string file, string place, string why)
    {
        _folder.Write("folder/inside.txt", "");
        _folder.Write("empty.csx", "");
        await File.WriteAllBytesAsync(_folder.PathOf("binary.csx"), [1, 0, 0, 0, 255]);
        var (code, output, errors) = await ProgramProcess.RunAsync(_folder.Root, "run", file);
        Assert.Equal(1, code);
        Assert.Equal("", output);
        Assert.Contains(place, errors, StringComparison.Ordinal);
        Assert.Contains(why, errors, StringComparison.Ordinal);
    }

    private async Task<ProgramProcess> StartAsync(string proxy, params string[] options)
    {
        Write(proxy);
        var program = ProgramProcess.Start(_folder.Root, ["run", .. options]);
        try
        {
            await program.ReadyAsync();
            return program;
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    private void Write(string proxy) => _folder.Write("proxy.csx", $"Listen(\"http://127.0.0.1:{_port}\");\n{proxy}\n");

    private static IEnumerable<int> ChildrenOf(int process) => Directory.EnumerateDirectories($"/proc/{process}/task")
        .SelectMany(thread => File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(id => int.Parse(id, System.Globalization.CultureInfo.InvariantCulture));

    private string Url(string path) => $"http://127.0.0.1:{_port}{path}";

    private Task<string> GetAsync(string path) => _client.GetStringAsync(Url(path));

    /// <summary>Waits until the door is closed: what comes now is refused at once.</summary>
    private Task RefusedAsync() => TestGateway.WaitAsync(() =>
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Connect(IPAddress.Loopback, _port);
            socket.Send(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    });
}
