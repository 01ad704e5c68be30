using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Program;

namespace ScriptProxy.Tests.BadInput;

/// <summary>Loads that never end by themselves.</summary>
public class EndlessLoadTests
{
    [Theory]
    [InlineData("await Task.Delay(-1);", 1)]
    [InlineData("while (true) await Task.Delay(Hours(1));", 1)]
    [InlineData("await new TaskCompletionSource().Task;", 1)]
    [InlineData("var n = 1;\nInit(async () => await Task.Delay(-1));", 2)]
    public async Task Load_WaitsForEver_IsGivenUpAndNamesTheFile(string proxy, int line)
    {
        var time = new FakeTimeProvider();
        var starting = Task.Run(() => TestGateway.StartAsync(proxy, time));
        await AdvanceUntilAsync(time, () => starting.IsCompleted);
        var error = Assert.Single((await Assert.ThrowsAsync<ScriptException>(() => starting)).Diagnostics);
        Assert.Equal(("proxy.csx", line, "SP1000"), (error.File, error.Line, error.Code));
        Assert.Equal("the load was given up after 60 s: it still waits for something", error.Message);
    }

    [Fact]
    public async Task Reload_WaitsForEver_TheLastGoodOneServesAndANewSaveIsTaken()
    {
        var time = new FakeTimeProvider();
        const string Route = """Route("/").Content(c => c.Text("first"));""";
        await using var gateway = await TestGateway.StartAsync(Route, time);
        gateway.Folder.Write("proxy.csx", "await Task.Delay(-1);" + Route + "\nListen(\"http://127.0.0.1:0\");");
        await AdvanceUntilAsync(time, () => gateway.Log.Has("the load was given up after 60 s"));
        Assert.Equal("first", await gateway.Client.GetStringAsync("/"));
        gateway.Folder.Write("proxy.csx", """Route("/").Content(c => c.Text("second")); Listen("http://127.0.0.1:0");""");
        await AdvanceUntilAsync(time, () => gateway.Host.Current!.Number > 2);
        Assert.Equal("second", await gateway.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task Exit_WaitsForEver_IsLeftBehind()
    {
        var time = new FakeTimeProvider();
        var gateway = await TestGateway.StartAsync("Exit(async () => await Task.Delay(-1));", time);
        var ending = gateway.DisposeAsync().AsTask();
        await AdvanceUntilAsync(time, () => ending.IsCompleted);
        await ending;
        Assert.True(gateway.Log.Has("it still waits after 10 s and is left behind"));
    }

    /// <summary>The program itself, since the limit of regular expressions is the process's.</summary>
    [Theory]
    [InlineData("var n = 1;\nwhile (true) { n++; }", 2)]
    [InlineData("\nRegex.IsMatch(new string('a', 40) + \"!\", \"^(a+)+$\");", 3)]
    [InlineData("\nInit(() => { while (true) { } });", 2)]
    [InlineData("int F(int n) => F(n + 1) + 1;\nF(0);", 1)]
    public async Task Run_RunsForEver_EndsWithOneAndNamesTheLine(string proxy, int line)
    {
        using var folder = new TestFolder();
        var (port, text) = (Ports.Free(1)[0], proxy.Contains("Regex", StringComparison.Ordinal) ? "using System.Text.RegularExpressions;\n" + proxy : proxy);
        folder.Write("proxy.csx", $"{text}\nListen(\"http://127.0.0.1:{port}\");");
        var (code, output, errors) = await ProgramProcess.RunAsync(folder.Root, "run");
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith($"proxy.csx({line},1): error SP1000: ", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check")]
    [InlineData("run")]
    public async Task Program_DanglingLink_IsNoSuchFile(string command)
    {
        using var folder = new TestFolder();
        File.CreateSymbolicLink(folder.PathOf("proxy.csx"), folder.PathOf("gone.csx"));
        var (code, output, errors) = await ProgramProcess.RunAsync(folder.Root, command);
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("proxy.csx(1,1): error SP0001: ", errors, StringComparison.Ordinal);
        Assert.Contains("there is no such file", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing.csx", "SP0001", "there is no such file")]
    [InlineData("folder", "SP0001", "it is a folder")]
    [InlineData("empty.csx", "SP1023", "nothing listens")]
    [InlineData("binary.csx", "SP0001", "not a text file")]
    public async Task Check_NothingToRun_SaysWhy(string file, string code, string why)
    {
        using var folder = new TestFolder();
        folder.Write("folder/inside.txt", "");
        folder.Write("empty.csx", "");
        await File.WriteAllBytesAsync(folder.PathOf("binary.csx"), [1, 0, 0, 0, 255]);
        var (exit, output, errors) = await ProgramProcess.RunAsync(folder.Root, "check", file);
        Assert.Equal((1, ""), (exit, output));
        Assert.StartsWith($"{file}(1,1): error {code}: ", errors, StringComparison.Ordinal);
        Assert.Contains(why, errors, StringComparison.Ordinal);
    }

    private static Task AdvanceUntilAsync(FakeTimeProvider time, Func<bool> holds) => TestGateway.WaitAsync(() =>
    {
        time.Advance(TimeSpan.FromSeconds(1));
        return holds();
    });
}
