using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;

namespace ScriptProxy.Core.Scripting;

/// <summary>Compiles a script that the cache does not have.</summary>
internal sealed class RoslynCompiler(ScriptCompilerOptions options)
{
    internal static readonly CSharpParseOptions Parsing = new(LanguageVersion.Latest, DocumentationMode.None, SourceCodeKind.Script);
    private static readonly EmitOptions Emitting = new(debugInformationFormat: DebugInformationFormat.PortablePdb, pdbChecksumAlgorithm: System.Security.Cryptography.HashAlgorithmName.SHA256);

    // Bindings of libraries to older framework versions: harmless, and nothing that a script's author can change.
    // And CS8619 to CS8621: what gives a Task<Verdict>, never null, where a Task<Verdict?> may be given.
    private static readonly ImmutableDictionary<string, ReportDiagnostic> Silenced = ImmutableDictionary.CreateRange(
        new[] { "CS1701", "CS1702", "CS1705", "CS8619", "CS8620", "CS8621" }.Select(code => KeyValuePair.Create(code, ReportDiagnostic.Suppress)));

    private readonly FrameworkReferences _frameworks = new(options.HostAssemblies);

    /// <exception cref="ScriptException">The script does not compile.</exception>
    public ScriptImage Compile(ScriptRequest request, SourceFile main, string key, CancellationToken stop)
    {
        var sources = new ScriptSourceResolver(main, owns: request.GlobalsType is not null);
        var references = _frameworks.With(request.Extension.Libraries);
        var libraries = new LibraryResolver(references, options);
        try
        {
            return Compile(request, main, key, sources, references, libraries, stop);
        }
        catch (ScriptException error)
        {
            var read = sources.Sources.Select(source => source.Links).Concat(libraries.Libraries.Select(library => library.Links));
            throw new ScriptException(error.Diagnostics)
            {
                WatchedFiles = [.. sources.Absent, .. libraries.Absent, .. read.SelectMany(links => links.Links.Prepend(links.Target).Prepend(links.Path))],
            };
        }
    }

    private ScriptImage Compile(
        ScriptRequest request, SourceFile main, string key, ScriptSourceResolver sources, FrameworkReferences references, LibraryResolver libraries, CancellationToken stop)
    {
        var report = new DiagnosticReport(options, request);
        var compilation = Create(request, main, sources, references, libraries, report);

        // Asking for the trees reads every #load, so all hashes are known before the assembly gets its name.
        var trees = compilation.SyntaxTrees;
        LoadCycle.ThrowIfAny(trees, request, sources, options);
        ResolveLibraries(trees, libraries, report);
        var identity = ScriptCache.ContentKey(key, [.. sources.Sources], [.. libraries.Libraries]);
        compilation = compilation.AddReferences(libraries.References).WithAssemblyName(AssemblyNameOf(request.Path, identity));

        using var pe = new MemoryStream();
        using var pdb = new MemoryStream();
        try
        {
            var embedded = trees.Select(tree => EmbeddedText.FromSource(tree.FilePath, tree.GetText(stop)));
            var result = compilation.Emit(pe, pdb, embeddedTexts: embedded, options: Emitting, cancellationToken: stop);
            report.Add(result.Diagnostics);
            if (!result.Success)
            {
                // Emit stops at the first stage that fails; this tells the errors of the later ones as well.
                report.Add(compilation.GetDiagnostics(stop));
            }

            report.AddRules(compilation, stop);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Some wrong code at top level trips the compiler itself, such as a deconstruction of what has no type.
            report.Add(compilation.GetParseDiagnostics(stop));
            report.Add(Location.None, "SP0008", $"The compiler failed on this script: {error.Message}", "take out what was changed last, or put it into a function");
        }

        report.ThrowIfFailed(compilation, references);

        var rewriter = pe.Length == 0 ? null : options.Rewriter;
        var (rewrittenPe, rewrittenPdb) = rewriter?.Rewrite(pe.ToArray(), pdb.ToArray()) ?? (pe.ToArray(), pdb.ToArray());
        IEnumerable<ScriptSource> lockFile = libraries.LockFile is { } file ? [new ScriptSource(file.Path, file.Sha256)] : [];
        return new ScriptImage
        {
            Path = request.Path,
            AssemblyName = compilation.AssemblyName!,
            Pe = rewrittenPe,
            Pdb = rewrittenPdb,
            Sources = [.. sources.Sources, .. lockFile],
            Libraries = [.. libraries.Libraries],
            Absent = [.. libraries.Absent],
            Warnings = report.Warnings(compilation, references),
            Picks = [.. report.Picks],
            Owned = sources.Owned,
        };
    }

    private CSharpCompilation Create(
        ScriptRequest request, SourceFile main, ScriptSourceResolver sources, FrameworkReferences references, LibraryResolver libraries, DiagnosticReport report)
    {
        SourceText text;
        try
        {
            text = sources.ReadText(main.Path);
        }
        catch (InvalidDataException)
        {
            throw new ScriptException([report.At(main.Path, "SP0001", "The script is not a text file.")]);
        }

        var compiling = new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary,
            usings: options.Imports.Concat(request.Extension.Imports),
            optimizationLevel: OptimizationLevel.Release,
            nullableContextOptions: NullableContextOptions.Enable,
            specificDiagnosticOptions: Silenced,
            sourceReferenceResolver: sources,
            metadataReferenceResolver: libraries,
            assemblyIdentityComparer: DesktopAssemblyIdentityComparer.Default,
            deterministic: true);
        var tree = CSharpSyntaxTree.ParseText(text, Parsing, main.Path);
        return CSharpCompilation.CreateScriptCompilation("Script", tree, references.All, compiling, globalsType: request.GlobalsType);
    }

    private static void ResolveLibraries(ImmutableArray<SyntaxTree> trees, LibraryResolver libraries, DiagnosticReport report)
    {
        var directives = trees.SelectMany(tree => ((CompilationUnitSyntax)tree.GetRoot()).GetReferenceDirectives());
        foreach (var directive in directives.Where(directive => directive.IsActive && !directive.File.IsMissing))
        {
            if (libraries.Resolve(directive) is { } error)
            {
                report.Add(directive.GetLocation(), error.Code, error.Message);
            }
        }
    }

    private static string AssemblyNameOf(string path, string identity)
    {
        var name = string.Concat(Path.GetFileNameWithoutExtension(path).Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));
        return $"{ScriptLoadContext.AssemblyPrefix}{name}.{identity[..16]}";
    }
}
