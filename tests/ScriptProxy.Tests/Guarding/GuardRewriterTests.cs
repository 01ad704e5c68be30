using System.Collections.Immutable;
using System.IO.Compression;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;
using System.Text;
using ScriptProxy.Core.Guarding;

namespace ScriptProxy.Tests.Guarding;

public sealed class GuardRewriterTests
{
    private static readonly Guid EmbeddedSource = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");

    [Fact]
    public async Task Rewrite_OrdinaryCode_GivesEqualResults()
    {
        var image = GuardedCode.CompileClass(GuardCorpus.Source);
        using var plain = GuardedCode.Load(image);
        using var guarded = GuardedCode.Load(GuardedCode.Rewrite(image));

        var expected = await Results(plain);
        var actual = await Results(guarded);

        Assert.Equal(expected, actual);
        Assert.Equal(GuardCorpus.Bodies.Length + GuardCorpus.AsyncBodies.Length, actual.Count);
    }

    [Fact]
    public void Rewrite_OrdinaryCode_EveryMethodCompilesToMachineCode()
    {
        using var code = GuardedCode.Class(GuardCorpus.Source);

        var prepared = 0;
        foreach (var type in code.Assembly.GetTypes())
        {
            const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
            foreach (var method in type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)))
            {
                if (method.GetMethodBody() is null)
                    continue;
                var arguments = (type.IsGenericTypeDefinition ? type.GetGenericArguments() : [])
                    .Concat(method.IsGenericMethodDefinition ? method.GetGenericArguments() : [])
                    .Select(parameter => parameter.GetGenericParameterConstraints() is [var constraint, ..] ? constraint.TypeHandle : typeof(object).TypeHandle)
                    .ToArray();
                RuntimeHelpers.PrepareMethod(method.MethodHandle, arguments);
                prepared++;
            }
        }
        Assert.True(prepared > 200, $"{prepared} methods");
    }

    [Fact]
    public void Rewrite_SameInput_GivesSameBytes()
    {
        var image = GuardedCode.CompileClass(GuardCorpus.Source);

        var first = GuardedCode.Rewrite(image);
        var second = GuardedCode.Rewrite(image);

        Assert.Equal(first.Pe, second.Pe);
        Assert.Equal(first.Pdb, second.Pdb);
    }

    [Fact]
    public void Rewrite_Script_KeepsIdentityAndEmbeddedSource()
    {
        var image = GuardedCode.CompileScript("return 1;", "/scripts/one.csx");

        var rewritten = GuardedCode.Rewrite(image);

        using var before = new PEReader(ImmutableArray.Create(image.Pe));
        using var after = new PEReader(ImmutableArray.Create(rewritten.Pe));
        Assert.Equal(Mvid(before), Mvid(after));
        using var symbols = MetadataReaderProvider.FromPortablePdbImage(ImmutableArray.Create(rewritten.Pdb));
        var reader = symbols.GetMetadataReader();
        var document = Assert.Single(reader.Documents);
        Assert.Equal("/scripts/one.csx", reader.GetString(reader.GetDocument(document).Name));
        var source = reader.GetCustomDebugInformation(document).Select(reader.GetCustomDebugInformation)
            .Single(information => reader.GetGuid(information.Kind) == EmbeddedSource);
        // The format: the length of the text, then the text deflated.
        using var text = new StreamReader(new DeflateStream(new MemoryStream(reader.GetBlobBytes(source.Value)[4..]), CompressionMode.Decompress), Encoding.UTF8);
        Assert.Contains("return 1;", text.ReadToEnd(), StringComparison.Ordinal);

        static Guid Mvid(PEReader pe) => pe.GetMetadataReader().GetGuid(pe.GetMetadataReader().GetModuleDefinition().Mvid);
    }

    [Fact]
    public void Rewrite_Script_RefersOnlyToCoreAndWhatItReferredTo()
    {
        var image = GuardedCode.CompileScript("while (true) { }");

        using var before = new PEReader(ImmutableArray.Create(image.Pe));
        using var after = new PEReader(ImmutableArray.Create(GuardedCode.Rewrite(image).Pe));

        Assert.Equal(Names(before).Append("ScriptProxy.Core").Order(), Names(after).Order());

        static IEnumerable<string> Names(PEReader pe)
        {
            var reader = pe.GetMetadataReader();
            return [.. reader.AssemblyReferences.Select(handle => reader.GetString(reader.GetAssemblyReference(handle).Name))];
        }
    }

    [Theory]
    [InlineData("try { } finally { while (true) { } }")]
    [InlineData("try { while (true) { } } finally { for (;;) { } }")]
    [InlineData("try { } finally { again: n++; goto again; }")]
    [InlineData("try { } finally { while (true) try { throw new Exception(); } catch { } }")]
    [InlineData("try { } finally { while (true) try { n++; } finally { n--; } }")]
    [InlineData("try { } finally { try { } finally { while (true) { } } }")]
    public void Rewrite_FinallyWithoutEnd_IsRefusedWithItsLine(string body)
    {
        var (pe, pdb) = GuardedCode.CompileClass($"\npublic static void Run() {{ var n = 0;\n{body}\n}}", "refused.cs");
        var rewriter = new GuardRewriter();

        rewriter.Rewrite(pe, pdb);

        var refusal = Assert.Single(rewriter.Refusals);
        Assert.Equal("refused.cs", refusal.File);
        Assert.Equal(3, refusal.Line);
        Assert.InRange(refusal.Column, 1, body.Length);
        Assert.Contains("finally", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("try { } finally { throw new Exception(); }")]
    [InlineData("try { } finally { while (n < 5) n++; }")]
    [InlineData("try { } finally { while (true) { if (n++ > 5) break; } }")]
    [InlineData("try { } finally { while (true) { if (n++ > 5) throw new Exception(); } }")]
    [InlineData("try { n++; } finally { try { n++; } catch { n--; } finally { n++; } }")]
    [InlineData("foreach (var x in new[] { 1 }.Where(x => x > 0)) { }")]
    public void Rewrite_FinallyWithEnd_IsNotRefused(string body)
    {
        var (pe, pdb) = GuardedCode.CompileClass($"public static void Run() {{ var n = 0; {body} }}");
        var rewriter = new GuardRewriter();

        rewriter.Rewrite(pe, pdb);

        Assert.Empty(rewriter.Refusals);
    }

    [Fact]
    public void Rewrite_Twice_ForgetsTheFirstRefusal()
    {
        var rewriter = new GuardRewriter();
        var (pe, pdb) = GuardedCode.CompileClass("public static void Run() { try { } finally { while (true) { } } }");
        rewriter.Rewrite(pe, pdb);
        Assert.NotEmpty(rewriter.Refusals);

        (pe, pdb) = GuardedCode.CompileClass("public static void Run() { }");
        rewriter.Rewrite(pe, pdb);

        Assert.Empty(rewriter.Refusals);
    }

    [Fact]
    public void Rewrite_NoAssembly_IsAnErrorOfTheImage()
    {
        Assert.Throws<BadImageFormatException>(() => new GuardRewriter().Rewrite([1, 2, 3], []));
        var (pe, _) = GuardedCode.CompileClass("public static void Run() { }");
        Assert.ThrowsAny<Exception>(() => new GuardRewriter().Rewrite(pe, [1, 2, 3]));
    }

    [Fact]
    public void Rewrite_LongLoopBody_WidensItsBranches()
    {
        var body = string.Concat(Enumerable.Range(0, 40).Select(i => $"if (n > {i}) s += n; "));
        using var code = GuardedCode.Class($"public static int Run(int n) {{ var s = 0; while (n-- > 0) {{ {body} }} return s; }}");

        Assert.Equal(GuardedCodeSum(60), code.Method<Func<int, int>>()(60));

        static int GuardedCodeSum(int n)
        {
            var sum = 0;
            while (n-- > 0)
                sum += n * Math.Min(n, 40);
            return sum;
        }
    }

    [Theory]
    [InlineData("public static void Run() {\n\n while (true) { }\n}", 3)]
    [InlineData("public static void Run() {\n var n = 1;\n for (;;)\n  n++;\n}", 4)]
    [InlineData("public static void Run() {\n try {\n  while (true) { }\n }\n catch (Exception) { }\n}", 3)]
    [InlineData("public static void Run() {\n Inner();\n}\n static void Inner() {\n  while (true) { }\n }", 5)]
    public async Task Stop_StackTrace_NamesTheLine(string source, int line)
    {
        using var code = GuardedCode.Class(source);

        var error = await GuardRunner.OnThread(() => GuardRunner.Run(code.Method<Action>()));

        var first = Assert.IsType<ScriptOverrunException>(error).StackTrace!.Split('\n')[0];
        Assert.StartsWith("   at P.", first, StringComparison.Ordinal);
        Assert.EndsWith($"code.cs:line {line}", first.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_StackTraceOfAScriptAfterAnAwait_NamesTheLine()
    {
        using var code = GuardedCode.Script("\nawait Task.Yield();\n\nwhile (true)\n{\n}");

        var error = await Task.Run(() => GuardRunner.RunAsync(code.RunScript)).WaitAsync(GuardRunner.Patience);

        Assert.Contains("code.csx:line 4", Assert.IsType<ScriptOverrunException>(error).StackTrace!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Error_StackTraceOfAnOrdinaryError_NamesTheLine()
    {
        using var code = GuardedCode.Class("public static void Run() {\n for (var i = 0; i < 3; i++)\n  if (i == 2)\n   throw new Exception();\n}");

        var error = await GuardRunner.OnThread(() => GuardRunner.Run(code.Method<Action>()));

        Assert.Contains("code.cs:line 4", error!.StackTrace!, StringComparison.Ordinal);
    }

    private static async Task<List<string>> Results(GuardedCode code)
    {
        var results = new List<string>();
        for (var i = 0; i < GuardCorpus.Bodies.Length; i++)
            results.Add($"{i}: {code.Method<Func<object>>($"Sync{i}")()}");
        for (var i = 0; i < GuardCorpus.AsyncBodies.Length; i++)
            results.Add($"{i}: {await code.Method<Func<Task<object>>>($"Async{i}")().WaitAsync(GuardRunner.Patience)}");
        return results;
    }
}
