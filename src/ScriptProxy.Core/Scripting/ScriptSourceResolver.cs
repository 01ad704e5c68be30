using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace ScriptProxy.Core.Scripting;

/// <summary>Finds what <c>#load</c> names, beside the loading file, and keeps the hash of exactly the text that the compiler got.</summary>
/// <param name="main">The script that the compile is about.</param>
/// <param name="owns">The main script is a phase file, which may own things: <see cref="UsingDeclarations"/>.</param>
internal sealed class ScriptSourceResolver(SourceFile main, bool owns) : SourceFileResolver(ImmutableArray<string>.Empty, Path.GetDirectoryName(main.Path))
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SourceText> _texts = new(StringComparer.Ordinal);
    private readonly List<ScriptSource> _sources = [];
    private readonly HashSet<string> _absent = new(StringComparer.Ordinal);

    /// <summary>In the order they were read.</summary>
    public IReadOnlyList<ScriptSource> Sources
    {
        get
        {
            lock (_gate)
            {
                return [.. _sources];
            }
        }
    }

    /// <summary>The variables of <c>using var x = ...</c> in the main script.</summary>
    public IReadOnlyList<string> Owned { get; private set; } = [];

    /// <summary>What was looked for and is not there, or cannot be read.</summary>
    public IReadOnlyList<string> Absent
    {
        get
        {
            lock (_gate)
            {
                return [.. _absent];
            }
        }
    }

    public override string? ResolveReference(string path, string? baseFilePath)
    {
        var resolved = base.ResolveReference(path, baseFilePath);
        if (resolved is null)
        {
            lock (_gate)
            {
                _absent.Add(Path.GetFullPath(path, Path.GetDirectoryName(baseFilePath ?? main.Path)!));
            }
        }

        return resolved;
    }

    public override SourceText ReadText(string resolvedPath)
    {
        // Once per file: a second read could find other text than the one that is hashed.
        lock (_gate)
        {
            if (!_texts.TryGetValue(resolvedPath, out var text))
            {
                // Until it has been read; an exception is the compiler's to tell.
                _absent.Add(resolvedPath);
                var file = resolvedPath == main.Path ? main : SourceFile.Read(resolvedPath);
                text = SomethingToRun(SourceText.From(
                    file.Bytes, file.Bytes.Length, checksumAlgorithm: SourceHashAlgorithm.Sha256, throwIfBinaryDetected: true, canBeEmbedded: true));
                if (owns && resolvedPath == main.Path)
                {
                    (text, Owned) = UsingDeclarations.TakeOut(text);
                }

                _texts.Add(resolvedPath, text);
                _sources.Add(new ScriptSource(resolvedPath, file.Sha256));
                _absent.Remove(resolvedPath);
            }

            return text;
        }
    }

    /// <summary>
    /// For a file without any code the compiler writes a place of no width into the symbols, which no reader understands: an empty statement behind
    /// its last line gives it a width.
    /// </summary>
    private static SourceText SomethingToRun(SourceText text) =>
        CSharpSyntaxTree.ParseText(text, RoslynCompiler.Parsing).GetCompilationUnitRoot().Members.Count > 0
            ? text
            : SourceText.From(text + "\n;", text.Encoding ?? Encoding.UTF8, SourceHashAlgorithm.Sha256);

    // Two compilers are never the same, whatever the base class thinks: each has its own texts.
    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
