namespace ScriptProxy.Tests.Scripting;

// Inside, so that these stand before the real language's types of the same names.
using Surface;

public sealed class ScriptDiagnosticTests : IDisposable
{
    private readonly ScriptFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Errors_OfAllFilesAndStages_AreToldAtOnceInOrder()
    {
        _folder.Write("a.csx", "int a = \"x\";");

        var errors = _folder.Fail("#load \"a.csx\"\nint b = 1\nGone();\nreturn new Missing();");

        Assert.Equal(["a.csx(1,9) CS0029", "main.csx(2,10) CS1002", "main.csx(3,1) CS0103", "main.csx(4,12) CS0246"], errors.Select(error => $"{error.File}({error.Line},{error.Column}) {error.Code}"));
    }

    [Fact]
    public void Format_ShowsLineCaretAndHint()
    {
        var error = Assert.Single(_folder.Fail("\tvar x = Bearertoken;", typeof(AccessContext), typeof(Verdict)));

        Assert.Equal("main.csx(1,10): error CS0103: The name 'Bearertoken' does not exist in the current context\n    \tvar x = Bearertoken;\n    \t        ^\n    hint: did you mean `BearerToken`?", error.Format());
    }

    [Fact]
    public void File_OutsideTheBaseFolder_IsTheFullPath()
    {
        var error = Assert.Single(_folder.Fail("int a = \"x\";", options: _folder.Options with { BaseFolder = _folder["elsewhere"] }));

        Assert.Equal(_folder["main.csx"], error.File);
    }

    [Fact]
    public void Import_ThatIsNotThere_IsAnErrorAndNoCrash() =>
        Assert.Contains(_folder.Fail("return 1;", options: _folder.Options with { Imports = ["No.Such.Space"] }), error => error.File == "main.csx");

    [Theory]
    [InlineData("Respond(503);", "`Respond` is for Rewrite and Access; HeaderFilter does not have it")]
    [InlineData("var t = Target;", "`Target` is for Rewrite; HeaderFilter does not have it")]
    [InlineData("Headrs[\"a\"] = \"b\";", "did you mean `Headers`?")]
    [InlineData("Console.Writeline(1);", "did you mean `WriteLine`?")]
    [InlineData("Console.WriteLine(Path.Lenght);", "did you mean `Length`?")]
    [InlineData("Dictionnary<string, int> d;", "did you mean `Dictionary`?")]
    [InlineData("var s = new StringBuilder();", "add `using System.Text;` at the top")]
    [InlineData("JsonSerializer.Serialize(1);", "add `using System.Text.Json;` at the top")]
    [InlineData("System.Text.Jsn.JsonSerializer.Serialize(1);", "did you mean `Json`?")]
    [InlineData("Number(valu: 1);", "did you mean `value`?")]
    [InlineData("string s = new HttpClient().GetStringAsync(\"x\");", "await it")]
    [InlineData("int n = new HttpClient().GetStringAsync(\"x\").Length;", "await it first: `(await ...).Member`")]
    [InlineData("Action a = () => await Task.Yield();", "write `async` in front of the lambda: `async r => ...`")]
    [InlineData("void F() { await Task.Yield(); }", "write `async` in front of the function and let it return `Task` or `Task<...>`")]
    [InlineData("await (Task)Items[\"a\"];", "at the top level `await (` reads as a call: leave the parentheses out, or put the task into a variable and await that")]
    [InlineData("var p = r.Headers;", "a phase file has the members of its context as they are: write `Headers`")]
    [InlineData("new HttpClient().GetStream(\"x\");", "did you mean `await ...GetStreamAsync(...)`?")]
    [InlineData("string s = 'x';", "texts stand in double quotes")]
    [InlineData("var n = \"x\".Length();", "leave the parentheses out; what has a key is asked with `[...]`")]
    [InlineData("#load \"gone.csx\"", "the path is relative to the folder of the script that loads it")]
    [InlineData("if (System.Net.IPAddress.Loopback == \"127.0.0.1\") return;", "compare texts: `ClientIp.ToString() == \"10.0.0.1\"`")]
    [InlineData("Items[\"a\"] = 1; this[\"a\"] = 2;", "a phase file has no `this`: write `Get(key)` and `Set(key, value)`")]
    [InlineData("var p = this.Path;", "a phase file has the members of its context as they are: leave `this.` out")]
    [InlineData("static class Texts { public static string Up(this string s) => s.ToUpper(); }", "write the method at the top level of the script, without a class around it")]
    public void Hint_CommonMistakeInPhaseFile(string text, string hint) =>
        Assert.Contains(_folder.Fail(text, typeof(HeaderFilterContext)), error => error.Hint == hint);

    [Theory]
    [InlineData("HeaderHandler(h => h.Respond(503));", "`Respond` is for Rewrite and Access; HeaderFilter does not have it")]
    [InlineData("Handler(r => Respond(503));", "write `r.Respond`")]
    [InlineData("Verdict F(AccessContext r) => Respond(503);", "write `r.Respond`")]
    [InlineData("Respond(503);", "`Respond` is a member of the context that Rewrite and Access get: write it behind the handler's parameter")]
    [InlineData("Handlr(r => r.Next);", "did you mean `Handler`?")]
    [InlineData("Handler(r => r.BearrToken is null ? r.Next : null);", "did you mean `BearerToken`?")]
    [InlineData("AsyncHandler(r => { await Task.Yield(); return r.Next; });", "write `async` in front of the lambda: `async r => ...`")]
    [InlineData("Handler(r => { if (r.Path == \"/\") return r.Next; });", "let every path answer: end with `return r.Next;`")]
    [InlineData("Handler(F); Verdict F(HeaderFilterContext h) => null!;", "the function must take `AccessContext`, this phase's context, and answer with what this phase answers")]
    [InlineData("using var m = new MemoryStream();", "at the top level of a script `using` imports a namespace: write `using (var x = ...) { ... }` or move it into a function")]
    [InlineData("var n = 1;\nusing Stream m = new MemoryStream();", "at the top level of a script `using` imports a namespace: write `using (var x = ...) { ... }` or move it into a function")]
    public void Hint_CommonMistakeInComposition(string text, string hint) =>
        Assert.Contains(_folder.Fail(text), error => error.Hint == hint);

    [Theory]
    [InlineData("int a = 1")]
    [InlineData("Completely();")]
    [InlineData("x.y.z = 1;")]
    public void Hint_NothingSensible_IsNone(string text) => Assert.All(_folder.Fail(text), error => Assert.Null(error.Hint));

    [Theory]
    [InlineData("return 1;", 1, 8, "Access answers with `Verdict`, not with `int`.")]
    [InlineData("if (Path == \"/\")\n    return \"no\";\nreturn Next;", 2, 12, "Access answers with `Verdict`, not with `string`.")]
    [InlineData("return Path == \"/\" ? Next : (object)1;", 1, 29, "Access answers with `Verdict`, not with `object`.")]
    [InlineData("foreach (var c in Path) { try { return c; } finally { } }", 1, 40, "Access answers with `Verdict`, not with `char`.")]
    [InlineData("return new();", 1, 8, "Access answers with `Verdict`, not with `object`.")]
    [InlineData("return () => 1;", 1, 8, "Access answers with `Verdict`, not with `Func<int>`.")]
    public void Answer_OfAnotherType_IsRefusedAtTheExpression(string text, int line, int column, string message)
    {
        var error = Assert.Single(_folder.Fail(text, typeof(AccessContext), typeof(Verdict)));

        Assert.Equal((line, column, "SP0003", message), (error.Line, error.Column, error.Code, error.Message));
    }

    [Theory]
    [InlineData("return RespondLater(1);", "await it")]
    [InlineData("Path.Length", "the last line has no `;`, so its value is the answer: end it with `;`")]
    public void Answer_OfAnotherType_HasAHint(string text, string hint) =>
        Assert.Equal(hint, Assert.Single(_folder.Fail(text, typeof(AccessContext), typeof(Verdict))).Hint);

    [Theory]
    [InlineData("return Path == \"/\" ? Next : null;")]
    [InlineData("return Path switch { \"/\" => Next, \"/a\" => throw new Exception(), _ => null };")]
    [InlineData("return await RespondLater(1);")]
    [InlineData("Func<int> f = () => { return 1; }; int G() { return 2; } return Next;")]
    [InlineData("if (Path == \"/\") { Local(); int Local() { return 2; } } return Next;")]
    [InlineData("class C { public int M() { return 1; } }\nreturn Next!;")]
    [InlineData("int F() { return 1; }\nRespond(1)")]
    [InlineData("Console.Out.Flush()")]
    public void Answer_OfTheRightType_Compiles(string text) => _folder.Compile(text, typeof(AccessContext), typeof(Verdict));

    [Fact]
    public void Answer_WherePhaseHasNone_IsRefused()
    {
        var error = Assert.Single(_folder.Fail("return Path;", typeof(HeaderFilterContext)));

        Assert.Equal(("SP0003", "HeaderFilter answers with nothing, so its file must not return a value."), (error.Code, error.Message));
    }

    [Theory]
    [InlineData("return;")]
    [InlineData("Headers[\"a\"] = \"b\"")]
    public void Answer_WherePhaseHasNone_CodeWithoutOneCompiles(string text) => _folder.Compile(text, typeof(HeaderFilterContext));

    [Fact]
    public void Answer_InLoadedFile_IsJudgedToo()
    {
        _folder.Write("a.csx", "if (Path == \"/a\") return 1;");

        Assert.Equal(("a.csx", "SP0003"), Assert.Single(_folder.Fail("#load \"a.csx\"\nreturn Next;", typeof(AccessContext), typeof(Verdict))) is var error ? (error.File, error.Code) : default);
    }

    [Theory]
    [InlineData("dynamic d = 1;", 1, 1)]
    [InlineData("var l = new List<dynamic>();", 1, 18)]
    [InlineData("\nvoid F(dynamic d) { d.X(); }", 2, 8)]
    [InlineData("var x = ((dynamic)1).Foo;", 1, 11)]
    public void Dynamic_IsRefused(string text, int line, int column)
    {
        var error = Assert.Single(_folder.Fail(text));

        Assert.Equal((line, column, "SP0002"), (error.Line, error.Column, error.Code));
    }

    [Fact]
    public void Dynamic_FromAnApi_IsRefusedWhereItIsUsed()
    {
        var errors = _folder.Fail("Microsoft.AspNetCore.Mvc.Controller? c = null;\nc!.ViewBag.Title = 1;");

        Assert.All(errors, error => Assert.Equal((2, "SP0002"), (error.Line, error.Code)));
    }

    [Fact]
    public void Dynamic_AsAName_IsAllowed() => _folder.Compile("int @dynamic = 1; return @dynamic;");

    [Theory]
    [InlineData("Thread.Sleep(1);", 8, "SP0101")]
    [InlineData("Task.Delay(1).Wait();", 15, "SP0101")]
    [InlineData("var x = Task.FromResult(1).Result;", 28, "SP0101")]
    [InlineData("var x = new ValueTask<int>(1).Result;", 31, "SP0101")]
    [InlineData("Task.Delay(1).GetAwaiter().GetResult();", 28, "SP0101")]
    [InlineData("Task.Delay(1).ConfigureAwait(false).GetAwaiter().GetResult();", 50, "SP0101")]
    [InlineData("Task.WaitAll(Task.CompletedTask);", 6, "SP0101")]
    [InlineData("Console.ReadLine();", 9, "SP0101")]
    [InlineData("GC.Collect();", 4, "SP0102")]
    [InlineData("Environment.Exit(1);", 13, "SP0102")]
    [InlineData("Environment.FailFast(null);", 13, "SP0102")]
    public void Warning_HarmfulCall(string text, int column, string code)
    {
        var warning = Assert.Single(_folder.Compile(text).Warnings);

        Assert.Equal((1, column, false, code), (warning.Line, warning.Column, warning.IsError, warning.Code));
        Assert.NotNull(warning.Hint);
    }

    [Theory]
    [InlineData("var x = new { Result = 1 }.Result; void Sleep() { } Sleep();")]
    [InlineData("string name = null!; string? other = null; return name + other;")]
    [InlineData("using System.Text.Json; return JsonSerializer.Serialize(1);")]
    public void Warning_OrdinaryCode_HasNone(string text) => Assert.Empty(_folder.Compile(text).Warnings);

    [Fact]
    public void Warning_NullableMistake_IsToldButNotFatal() =>
        Assert.Contains(_folder.Compile("string? s = null; return s.Length;").Warnings, warning => warning.Code == "CS8602");

    [Fact]
    public void Warning_TaskNotAwaited_HasAHint() =>
        Assert.Equal("await it: otherwise its errors are lost and it may outlive the request", Assert.Single(_folder.Compile("async Task F() { Task.Delay(1); await Task.Yield(); }").Warnings).Hint);

    [Fact]
    public void Warnings_OfAFailedCompile_AreLeftOut() =>
        Assert.All(_folder.Fail("Thread.Sleep(1); int x = \"a\";"), error => Assert.True(error.IsError));
}
