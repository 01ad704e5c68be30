using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Tests.Scripting;

// Inside, so that these stand before the real language's types of the same names.
using Surface;

public sealed class ScriptErrorsTests : IDisposable
{
    private readonly ScriptFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("var a = 1;\nthrow new Exception(\"x\");", 2, "(top level)")]
    [InlineData("await Task.Yield();\n\nthrow new Exception(\"x\");", 3, "(top level)")]
    [InlineData("void F()\n{\n    throw new Exception(\"x\");\n}\nF();", 3, "F")]
    [InlineData("async Task F()\n{\n    await Task.Yield();\n    throw new Exception(\"x\");\n}\nawait F();", 4, "F")]
    [InlineData("T F<T>(T x)\n{\n    throw new Exception(\"x\");\n}\nF(1);", 3, "F")]
    [InlineData("Action f = () =>\n    throw new Exception(\"x\");\nf();", 2, "handler")]
    [InlineData("var n = 1;\nFunc<Task> f = async () =>\n{\n    await Task.Yield();\n    throw new Exception(\"x\" + n);\n};\nawait f();", 5, "handler")]
    [InlineData("void F(int n)\n{\n    Action f = () => throw new Exception(\"x\" + n);\n    f();\n}\nF(1);", 3, "lambda in F")]
    [InlineData("async Task F(int n)\n{\n    await Task.Yield(); Func<Task> f = async () => { await Task.Yield(); throw new Exception(\"x\" + n); };\n    await f();\n}\nawait F(1);", 3, "lambda in F")]
    [InlineData("void F(int n)\n{\n    Inner();\n    void Inner() => throw new Exception(\"x\" + n);\n}\nF(1);", 4, "Inner")]
    [InlineData("IEnumerable<int> F()\n{\n    yield return 1;\n    throw new Exception(\"x\");\n}\nF().ToList();", 4, "F")]
    [InlineData("class C\n{\n    public int P => throw new Exception(\"x\");\n}\nvar p = new C().P;", 3, "C.P")]
    [InlineData("class C\n{\n    public C() => throw new Exception(\"x\");\n}\nnew C();", 3, "new C")]
    [InlineData("class C<T>\n{\n    public void M() => throw new Exception(\"x\");\n}\nnew C<int>().M();", 3, "C.M")]
    [InlineData("class C\n{\n    public static int X = int.Parse(\"x\");\n}\nvar p = C.X;", 3, "new C")]
    [InlineData("int X => throw new Exception(\"x\");\n\nvar p = X;", 1, "X")]
    [InlineData("var n = int.Parse(\"x\");", 1, "(top level)")]
    [InlineData("Parallel.For(0, 1, i =>\n    throw new Exception(\"x\"));", 2, "handler")]
    [InlineData("try { int.Parse(\"x\"); }\ncatch (Exception e)\n{\n    throw new Exception(\"x\", e);\n}", 4, "(top level)")]
    public async Task Locate_NamesLineAndMethodInTheUsersTerms(string text, int line, string method)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => _folder.RunAsync(text));

        Assert.Equal(new ScriptPlace(_folder["main.csx"], line, method), ScriptErrors.Locate(error));
        var described = ScriptErrors.Describe(error, _folder.Root);
        Assert.EndsWith($" at main.csx:{line}", described.Summary, StringComparison.Ordinal);
        Assert.Contains($"at {method} in main.csx:{line}", described.Stack, StringComparison.Ordinal);
        Assert.DoesNotMatch("DisplayClass|MoveNext|<|Submission|d__|b__|Script\\.", described.ToString());
    }

    [Fact]
    public async Task Describe_TellsTypeMessageAndTheWay()
    {
        _folder.Write("scripts/x.csx", "[System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)] void Inner(string s)\n{\n    int.Parse(s);\n}");

        var error = await Assert.ThrowsAnyAsync<Exception>(() => _folder.RunAsync("#load \"scripts/x.csx\"\nawait Task.Yield();\nasync Task Outer()\n{\n    await Task.Yield();\n    Inner(\"a\");\n}\nawait Outer();"));
        var described = ScriptErrors.Describe(error, _folder.Root);

        Assert.Equal("FormatException: The input string 'a' was not in a correct format. at scripts/x.csx:3", described.Summary.Replace('\\', '/'));
        var lines = described.Stack.Replace('\\', '/').Split('\n');
        Assert.Equal(["  at Inner in scripts/x.csx:3", "  at Outer in main.csx:6", "  at (top level) in main.csx:8"], lines[^3..]);
        Assert.StartsWith("  at System.", lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Describe_EndlessRecursionOfFrames_IsCutShort()
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => _folder.RunAsync("int F(int n) => n == 0 ? throw new Exception(\"x\") : G(n - 1);\nint G(int n) => 1 + F(n);\nF(200);"));

        Assert.InRange(ScriptErrors.Describe(error).Stack.Split('\n').Length, 2, 41);
    }

    [Fact]
    public void Locate_NoScriptTookPart_IsNull()
    {
        var error = Assert.Throws<FormatException>(() => int.Parse("x"));

        Assert.Null(ScriptErrors.Locate(error));
        Assert.Equal(new ScriptErrorText("FormatException: The input string 'x' was not in a correct format.", ""), ScriptErrors.Describe(error));
        Assert.Null(ScriptErrors.Locate(new InvalidOperationException("never thrown")));
    }

    [Fact]
    public async Task Locate_WrappedByTheHost_FindsTheScript()
    {
        var inner = await Assert.ThrowsAnyAsync<Exception>(() => _folder.RunAsync("\nthrow new FormatException(\"mine\");"));

        var error = new AggregateException(new InvalidOperationException("outer", inner));

        Assert.Equal(2, ScriptErrors.Locate(error)?.Line);
        Assert.Equal("FormatException: mine at main.csx:2", ScriptErrors.Describe(error, _folder.Root).Summary);
    }

    [Fact]
    public async Task Locate_HandlerCalledLater_FindsIt()
    {
        var handler = (Func<AccessContext, Verdict>)(await _folder.RunAsync("return Handler(r =>\n    throw new Exception(\"x\"));"))!;

        var error = Assert.Throws<Exception>(() => handler(new AccessContext()));

        Assert.Equal((2, "handler"), ScriptErrors.Locate(error) is { } location ? (location.Line, location.Method) : default);
    }
}
