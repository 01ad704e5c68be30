#pragma warning disable
using System.Runtime.Loader;
using System.Reflection;
using ScriptProxy.Core.Generations;
using ScriptProxy.Runtime;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
namespace ScriptProxy.Core.Scripting
{
    internal sealed record ScriptRequest(string Path, Type? GlobalsType, Type? AnswerType);
    internal sealed record ScriptDiagnostic(string File, int Line, int Column, bool IsError, string Code, string Message, string? SourceLine, string? Hint);
    internal sealed class ScriptException(IReadOnlyList<ScriptDiagnostic> d) : Exception(string.Join("\n", d)) { internal IReadOnlyList<ScriptDiagnostic> Diagnostics => d; internal string Format() => string.Join("\n", d); internal IReadOnlyList<string> WatchedFiles => []; }
    internal sealed record ScriptSource(string Path, string Hash);
    internal sealed class ScriptImage { internal byte[] Pe, Pdb; internal IReadOnlyList<ScriptSource> Sources; internal IReadOnlyList<string> WatchedFiles; internal IReadOnlyList<ScriptDiagnostic> Warnings = []; }
    internal sealed class ScriptCompiler {
        class Res : SourceFileResolver { public List<string> Read = []; public Res(string b) : base([], b) {} public override Stream OpenRead(string p) { lock (Read) Read.Add(p); return base.OpenRead(p); } }
        internal ScriptImage Compile(ScriptRequest r, CancellationToken c) {
            var refs = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(':').Where(p => !p.Contains("CodeAnalysis") && !p.Contains("Yarp") && !p.Contains("ScriptProxy.Core")).Select(p => MetadataReference.CreateFromFile(p));
            var res = new Res(Path.GetDirectoryName(r.Path)!);
            string text; try { text = File.ReadAllText(r.Path); } catch (Exception e) { throw new ScriptException([new(r.Path,1,1,true,"SP0001",e.Message,null,null)]); }
            var tree = CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Preview, kind: SourceCodeKind.Script), r.Path, System.Text.Encoding.UTF8);
            var comp = CSharpCompilation.CreateScriptCompilation("s" + Guid.NewGuid().ToString("N"), tree, refs, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, sourceReferenceResolver: res,
                usings: "System,System.IO,System.Linq,System.Net.Http,System.Collections.Generic,System.Threading,System.Threading.Tasks,Microsoft.AspNetCore.Http,Microsoft.Extensions.Configuration,Microsoft.Extensions.Logging,ScriptProxy,ScriptProxy.Gateway".Split(',')), globalsType: r.GlobalsType);
            var pe = new MemoryStream(); var pdb = new MemoryStream();
            var e2 = comp.Emit(pe, pdb, options: new EmitOptions(debugInformationFormat: DebugInformationFormat.PortablePdb));
            if (!e2.Success) throw new ScriptException(e2.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => new ScriptDiagnostic(d.Location.GetLineSpan().Path, d.Location.GetLineSpan().StartLinePosition.Line + 1, d.Location.GetLineSpan().StartLinePosition.Character + 1, true, d.Id, d.GetMessage(), null, null)).ToList());
            var rw = new ScriptProxy.Core.Guarding.GuardRewriter().Rewrite(pe.ToArray(), pdb.ToArray()); return new ScriptImage { Pe = rw.Pe, Pdb = rw.Pdb, Sources = [new(r.Path, "")], WatchedFiles = [r.Path, ..res.Read] };
        } }
    internal sealed class ScriptLoadContext(string name, bool collectible) : AssemblyLoadContext(name, collectible) { internal ScriptEntry Load(ScriptImage i) {
        var a = LoadFromStream(new MemoryStream(i.Pe), new MemoryStream(i.Pdb)); var t = a.GetType("Script")!; var m = t.GetMethod("<Factory>", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!;
        return new ScriptEntry(m.CreateDelegate<Func<object?[], Task<object?>>>()); } }
    internal sealed class ScriptEntry(Func<object?[], Task<object?>> f) { internal Task<object?> RunAsync(object? globals) => f([globals, null]); }
    internal static class ScriptErrors { internal static string Describe(Exception e) => e.ToString(); internal static (string File, int Line, string? M)? Locate(Exception e) => null; }
    internal static class EditDistance { internal static int Between(string a, string b) => 0; }
}
