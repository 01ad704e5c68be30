using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Scripting;

/// <summary>The compiler in a process of its own: the built program as a gateway starts it, or a shell that does what that never should.</summary>
public sealed class CompilerProcessTests : IDisposable
{
    private static readonly string Greeting = $"\\{Convert.ToString(CompilerCall.Greeting.Length, 8)}{CompilerCall.Greeting}";

    private readonly TestFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly ConcurrentQueue<string> _warnings = new();

    private string Main => _folder.PathOf("proxy.csx");

    public CompilerProcessTests() => _folder.Write("proxy.csx", "Route(\"/\").Content(c => c.Text(\"one\"));");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Script_CompiledApart_IsWhatItIsCompiledHere()
    {
        _folder.Write("part.csx", "string Hello() => \"hello\";");
        _folder.Write("proxy.csx", "#load \"part.csx\"\nint unused;\nRoute(\"/\").Content(c => { while (true) { c.Text(Hello()); } });\nRoute(\"/b\").Balancer(b => b.Pick(\"random\")).To(\"http://localhost\");");
        using var process = Program();
        var (apart, here) = (Compiler(process).Compile(new ScriptRequest(Main)), Compiler(null).Compile(new ScriptRequest(Main)));
        Assert.Equal(here.AssemblyName, apart.AssemblyName);
        Assert.Equal(here.Pe.Length, apart.Pe.Length);
        Assert.Equal(here.WatchList().Order(), apart.WatchList().Order());
        Assert.Equal(here.Warnings, apart.Warnings);
        Assert.Single(here.Warnings);
        Assert.Equal(here.Picks, apart.Picks);
        Assert.False(apart.FromCache);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void PhaseFile_CompiledApart_IsWhatItIsCompiledHere()
    {
        _folder.Write("access.csx", "using var a = new System.IO.MemoryStream();\nif (BearerToken is null) return Respond(401);");
        using var process = Program();
        var request = new ScriptRequest(_folder.PathOf("access.csx"), typeof(AccessContext), typeof(Verdict));
        var (apart, here) = (Compiler(process).Compile(request), Compiler(null).Compile(request));
        Assert.Equal(here.Pe.Length, apart.Pe.Length);
        Assert.Equal(["a"], apart.Owned);
    }

    [Fact]
    public void Script_ThatDoesNotCompile_IsToldAsHere_AndTheNextOneCompiles()
    {
        using var process = Program();
        var compiler = Compiler(process);
        foreach (var wrong in new[] { "Route(\"/\").To(1);\nRoutes();", "#load \"none.csx\"", "void F() { try { } finally { while (true) { } } }", "Route(\"/\"" })
        {
            _folder.Write("proxy.csx", wrong);
            var apart = Assert.Throws<ScriptException>(() => compiler.Compile(new ScriptRequest(Main)));
            var here = Assert.Throws<ScriptException>(() => Compiler(null).Compile(new ScriptRequest(Main)));
            Assert.Equal(here.Diagnostics, apart.Diagnostics);
            Assert.Equal(here.WatchedFiles.Order(), apart.WatchedFiles.Order());
        }

        _folder.Write("proxy.csx", "Route(\"/\").Content(c => c.Text(\"\"));");
        Assert.NotEmpty(compiler.Compile(new ScriptRequest(Main)).Pe);
    }

    [Fact]
    public void Plugins_OfTheGateway_AreCompiledAgainst_AsItHasThemInMemory()
    {
        using var scripts = new ScriptFolder();
        var bytes = File.ReadAllBytes(scripts.WriteLibrary("Words.dll", "a word"));
        var library = new ScriptLibrary("Words", _folder.PathOf("gone.dll"), SourceFile.Hash(bytes), bytes);
        _folder.Write("proxy.csx", "Route(\"/\").Content(c => c.Text(Words.Value()));");
        using var process = Program();
        Assert.NotEmpty(Compiler(process).Compile(new ScriptRequest(Main) { Extension = new ScriptExtension(["Lib"], [library]) }).Pe);
    }

    [Fact]
    public async Task Idle_ItEnds_AndBeginsAgainWhenAsked()
    {
        using var process = Program();
        var compiler = Compiler(process);
        compiler.Compile(new ScriptRequest(Main));
        var first = Started().Single();
        _time.Advance(TimeSpan.FromMinutes(9));
        compiler.Compile(new ScriptRequest(Main));
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.True(IsThere(first));
        _time.Advance(TimeSpan.FromMinutes(1));
        await TestGateway.WaitAsync(() => !IsThere(first));
        compiler.Compile(new ScriptRequest(Main));
        Assert.Equal(2, Started().Count);
    }

    [Fact]
    public async Task KilledMeanwhile_AnotherOneTakesItsPlace()
    {
        using var process = Program();
        var compiler = Compiler(process);
        compiler.Compile(new ScriptRequest(Main));
        var first = Started().Single();
        using (var running = System.Diagnostics.Process.GetProcessById(first))
        {
            running.Kill();
        }

        await TestGateway.WaitAsync(() => !IsThere(first));
        Assert.NotEmpty(compiler.Compile(new ScriptRequest(Main)).Pe);
        Assert.Equal(2, Started().Count);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void EndsWhileItCompiles_IsAnErrorOfThatScript()
    {
        using var process = Shell($"printf '{Greeting}'; head -c 10 >/dev/null; exit 3");
        var error = Assert.Single(Assert.Throws<ScriptException>(() => Compiler(process).Compile(new ScriptRequest(Main))).Diagnostics);
        Assert.Equal("proxy.csx(1,1): error SP0008: The compiler's process ended while it compiled this script, with exit code 3.", error.ToString());
    }

    [Fact]
    public void EndsWhileItCompiles_AChangeOfAnyFileThatIsLoadedMayMendIt()
    {
        _folder.Write("proxy.csx", "#load \"sub/part.csx\"\n// #load \"no.csx\"\n  # load \"later.csx\"");
        _folder.Write("sub/part.csx", "#load \"../other.csx\"");
        _folder.Write("other.csx", "#load \"sub/part.csx\"");
        using var process = Shell($"printf '{Greeting}'; head -c 10 >/dev/null; exit 3");
        var error = Assert.Throws<ScriptException>(() => Compiler(process).Compile(new ScriptRequest(Main)));
        Assert.Equal(new[] { "later.csx", "other.csx", "proxy.csx", "sub/part.csx" }.Select(_folder.PathOf).Order(), error.WatchedFiles.Order());
    }

    [Theory]
    [InlineData("exit 7", "it ended with exit code 7")]
    [InlineData("printf '\\005hello'; cat >/dev/null", "the program on disk is another one by now")]
    public void NoSuchCompiler_CompilesHere_AndSaysSoOnce(string command, string why)
    {
        using var process = Shell(command);
        var compiler = Compiler(process);
        Assert.NotEmpty(compiler.Compile(new ScriptRequest(Main)).Pe);
        Assert.NotEmpty(compiler.Compile(new ScriptRequest(Main)).Pe);
        Assert.Contains(why, Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void NoSuchProgram_CompilesHere()
    {
        using var process = new CompilerProcess([_folder.PathOf("nothing")], _folder.Root, _time, _warnings.Enqueue);
        Assert.NotEmpty(Compiler(process).Compile(new ScriptRequest(Main)).Pe);
        Assert.Single(_warnings);
    }

    [Fact]
    public async Task TakesTooLong_IsAnErrorOfThatScript_AndTheNextOneCompiles()
    {
        using var process = Shell($"printf '{Greeting}'; exec sleep 1000");
        var compiling = Task.Run(() => Compiler(process).Compile(new ScriptRequest(Main)));
        await TestGateway.WaitAsync(() => Started().Count == 1);
        _time.Advance(TimeSpan.FromSeconds(30));
        var error = await Assert.ThrowsAsync<ScriptException>(() => compiling);
        Assert.Equal("proxy.csx(1,1): error SP0008: The compiler took more than 30 s for this script, and was stopped.", Assert.Single(error.Diagnostics).ToString());
        Assert.False(IsThere(Started().Single()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task GivenUp_WhatCompilesWithoutEndIsKilled(bool greets)
    {
        using var process = Shell((greets ? $"printf '{Greeting}'; " : "") + "exec sleep 1000");
        using var stop = new CancellationTokenSource();
        var compiling = Task.Run(() => Compiler(process).Compile(new ScriptRequest(Main), stop.Token));
        await TestGateway.WaitAsync(() => Started().Count == 1);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => compiling);
        Assert.False(IsThere(Started().Single()));
        Assert.Empty(_warnings);
    }

    private ScriptCompiler Compiler(CompilerProcess? process) => ScriptEngine.Create(new GatewaySetup(Main), _time, NullLogger.Instance, process);

    private CompilerProcess Program() => Shell($"exec dotnet '{Path.Combine(AppContext.BaseDirectory, "scriptproxy.dll")}' compiler-of-gateway '{Main}'");

    private CompilerProcess Shell(string command) =>
        new(["sh", "-c", $"echo $$ >> started; {command}"], _folder.Root, _time, _warnings.Enqueue);

    private List<int> Started() => File.Exists(_folder.PathOf("started"))
        ? [.. File.ReadAllLines(_folder.PathOf("started")).Select(l => int.Parse(l, CultureInfo.InvariantCulture))]
        : [];

    private static bool IsThere(int process) => Directory.Exists($"/proc/{process}");
}
