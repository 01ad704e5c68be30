using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;
using ScriptProxy.Core.Guarding;

namespace ScriptProxy.Tests.Guarding;

/// <summary>A small program, compiled as scripts are (Release, portable pdb, embedded source), rewritten or not, and loaded.</summary>
internal sealed class GuardedCode : IDisposable
{
    private const string Usings = "using System; using System.Collections.Generic; using System.Linq; using System.Threading; using System.Threading.Tasks; ";

    private static readonly MetadataReference[] References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal) || Path.GetFileName(path) is "netstandard.dll")
            .Select(path => MetadataReference.CreateFromFile(path))];

    private GuardedCode(byte[] pe, byte[] pdb)
    {
        Context = new AssemblyLoadContext("guarded", isCollectible: true);
        Assembly = Context.LoadFromStream(new MemoryStream(pe), new MemoryStream(pdb));
    }

    public AssemblyLoadContext Context { get; }

    public Assembly Assembly { get; }

    /// <summary>The members of a static class <c>P</c>. The first line of the source is line 1.</summary>
    public static (byte[] Pe, byte[] Pdb) CompileClass(string members, string file = "code.cs") =>
        Emit(CSharpCompilation.Create("code", [Parse(Usings + "public static partial class P {" + members + "\n}", file, SourceCodeKind.Regular)], References, Options));

    public static (byte[] Pe, byte[] Pdb) CompileScript(string source, string file = "code.csx") =>
        Emit(CSharpCompilation.CreateScriptCompilation("script", Parse(Usings + source, file, SourceCodeKind.Script), References, Options));

    public static (byte[] Pe, byte[] Pdb) Rewrite((byte[] Pe, byte[] Pdb) image)
    {
        var rewriter = new GuardRewriter();
        var result = rewriter.Rewrite(image.Pe, image.Pdb);
        Assert.Empty(rewriter.Refusals);
        return result;
    }

    public static GuardedCode Load((byte[] Pe, byte[] Pdb) image) => new(image.Pe, image.Pdb);

    public static GuardedCode Class(string members) => Load(Rewrite(CompileClass(members)));

    public static GuardedCode Script(string source) => Load(Rewrite(CompileScript(source)));

    public T Method<T>(string name = "Run")
        where T : Delegate =>
        Assembly.GetType("P", throwOnError: true)!.GetMethod(name, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)!.CreateDelegate<T>();

    /// <summary>The script's body, run as the gateway runs it.</summary>
    public Task<object> RunScript() =>
        Assembly.GetTypes().Single(type => type.Name == "Script")
            .GetMethod("<Factory>")!.CreateDelegate<Func<object?[], Task<object>>>()([null, null]);

    public void Dispose() => Context.Unload();

    private static CSharpCompilationOptions Options { get; } =
        new(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, allowUnsafe: false, deterministic: true);

    private static SyntaxTree Parse(string source, string file, SourceCodeKind kind) =>
        SyntaxFactory.ParseSyntaxTree(SourceText.From(source, Encoding.UTF8), new CSharpParseOptions(LanguageVersion.Latest, kind: kind), file);

    private static (byte[] Pe, byte[] Pdb) Emit(CSharpCompilation compilation)
    {
        using var pe = new MemoryStream();
        using var pdb = new MemoryStream();
        var tree = compilation.SyntaxTrees[0];
        var result = compilation.Emit(pe, pdb, options: new EmitOptions(debugInformationFormat: DebugInformationFormat.PortablePdb),
            embeddedTexts: [EmbeddedText.FromSource(tree.FilePath, tree.GetText())]);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        return (pe.ToArray(), pdb.ToArray());
    }
}
