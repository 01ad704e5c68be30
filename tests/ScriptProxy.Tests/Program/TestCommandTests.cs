using ScriptProxy.Tests.Docs;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Program;

public sealed class TestCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public TestCommandTests() => _folder.Write("proxy.csx", """
        Listen("http://localhost:8080");
        Route("/hello").Content(c => c.Text("hello\n"));
        Route("/{**path}").Access(r => r.Request.Query.ContainsKey("in") ? r.Next : r.Respond(403)).To("http://app:5000");
        """);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Test_ShippedConfiguration_Passes()
    {
        var (code, output, errors) = await ProgramProcess.RunAsync(Repository.Root, "test", "proxy.tests.csx");
        Assert.Equal((0, ""), (code, errors));
        Assert.Matches(@"\Aproxy\.tests\.csx\n(  passed  .+ \(\d+ ms\)\n){4}4 passed, 0 failed, 0 skipped in [\d.]+ s\z", output);
    }

    [Fact]
    public async Task Test_PassedFailedSkipped_TellsEachAndExitsWithOne()
    {
        _folder.Write("tests/a.tests.csx", """
            var shared = 0;
            Test("greets", async gateway => { shared++; Equal("hello\n", (await gateway.Get("/hello")).Text); });
            Test("shares nothing", () => Equal(0, shared));
            Test("lets everybody in", async gateway =>
            {
                var answer = await gateway.Get("/shop");
                Equal(200, answer.Status);
            });
            Skip("is faster", "not yet");
            Test("throws", async () =>
            {
                await Task.Yield();
                throw new InvalidDataException("odd");
            });
            Test("never ends", () => { while (true) { } });
            """);
        var (code, output, errors) = await ProgramProcess.RunAsync(_folder.Root, "test");
        Assert.Equal((1, ""), (code, errors));
        Assert.Contains("tests/a.tests.csx\n  passed  greets (", output, StringComparison.Ordinal);
        Assert.Contains("\n  passed  shares nothing (", output, StringComparison.Ordinal);
        Assert.Contains(
            """
                      at tests/a.tests.csx:7
                          Equal(200, answer.Status);
                      answer.Status
                      expected: 200
                      actual:   403
                      handlers that ran:
                          Access proxy.csx:3 -> Respond(403)
            """,
            output,
            StringComparison.Ordinal);
        Assert.Contains("\n  skipped is faster: not yet\n", output, StringComparison.Ordinal);
        Assert.Contains("at tests/a.tests.csx:13\n", output, StringComparison.Ordinal);
        Assert.Contains("InvalidDataException: odd\n", output, StringComparison.Ordinal);
        Assert.Contains("at tests/a.tests.csx:15\n", output, StringComparison.Ordinal);
        Assert.Contains("The script ran for more than its budget", output, StringComparison.Ordinal);
        Assert.Matches(@"\n2 passed, 3 failed, 1 skipped in [\d.]+ s\z", output);
    }

    [Fact]
    public async Task Test_FileThatDoesNotCompile_TellsWhereAndRunsTheOthers()
    {
        _folder.Write("a.tests.csx", "Test(\"x\", async gateway => await gateway.Gett(\"/\"));\n");
        _folder.Write("b.tests.csx", "Test(\"greets\", async gateway => Equal(200, (await gateway.Get(\"/hello\")).Status));\n");
        _folder.Write("c.tests.csx", "\nthrow new Exception(\"no\");\n");
        var (code, output, errors) = await ProgramProcess.RunAsync(_folder.Root, "test");
        Assert.Equal(2, code);
        Assert.Contains("a.tests.csx(1,42): error CS1061: 'TestGateway' does not contain a definition for 'Gett'", errors, StringComparison.Ordinal);
        Assert.Contains("    Test(\"x\", async gateway => await gateway.Gett(\"/\"));\n                                             ^", errors, StringComparison.Ordinal);
        Assert.Contains("c.tests.csx(2,1): error SP1000: Exception: no", errors, StringComparison.Ordinal);
        Assert.Contains("passed  greets", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Test_ConfigurationThatDoesNotLoad_FailsItsTests()
    {
        _folder.Write("proxy.csx", "Route(\"/\").To(\"nowhere\");\n");
        _folder.Write("a.tests.csx", "Test(\"x\", async gateway => await gateway.Get(\"/\"));\n");
        var (code, output, _) = await ProgramProcess.RunAsync(_folder.Root, "test");
        Assert.Equal(1, code);
        Assert.Contains("proxy.csx(1,1): error SP1003: there is no upstream 'nowhere'", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Test_Filter_RunsWhatHasTheText()
    {
        _folder.Write("a.tests.csx", "Test(\"one\", () => { }); Test(\"two\", () => Fail(\"not wanted\"));\n");
        var (code, output, _) = await ProgramProcess.RunAsync(_folder.Root, "test", "--filter", "ONE");
        Assert.Equal(0, code);
        Assert.Contains("1 passed, 0 failed, 0 skipped", output, StringComparison.Ordinal);
        Assert.DoesNotContain("two", output, StringComparison.Ordinal);
        var (none, _, errors) = await ProgramProcess.RunAsync(_folder.Root, "test", "--filter", "three");
        Assert.Equal((2, "error: no test has 'three' in its file or name"), (none, errors));
    }

    [Fact]
    public async Task Test_ThatWaitsForEver_IsLeftBehind()
    {
        _folder.Write("a.tests.csx", "Test(\"waits\", async () => await Task.Delay(-1));\nTest(\"goes on\", () => { });\n");
        var (code, output, _) = await ProgramProcess.RunAsync(_folder.Root, "test", "--timeout", "1");
        Assert.Equal(1, code);
        Assert.Contains("did not end within 1 s of real time", output, StringComparison.Ordinal);
        Assert.Contains("at a.tests.csx:1\n", output, StringComparison.Ordinal);
        Assert.Contains("passed  goes on", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("error: there is no *.tests.csx in .", ".")]
    [InlineData("error: nowhere does not exist", "nowhere")]
    public async Task Test_NothingToRun_ExitsWithTwo(string message, string place)
    {
        var (code, output, errors) = await ProgramProcess.RunAsync(_folder.Root, "test", place);
        Assert.Equal((2, "", message), (code, output, errors));
    }
}
