using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ScriptProxy.Core.Scripting;

/// <summary>
/// A <c>#load</c> that leads back to the script itself: the compiler would take it in a second time and complain of everything in it.
/// A circle among loaded files does no harm, each is taken in once.
/// </summary>
internal static class LoadCycle
{
    /// <exception cref="ScriptException">There is one: nothing else about the script is worth telling.</exception>
    public static void ThrowIfAny(IEnumerable<SyntaxTree> trees, ScriptRequest request, ScriptSourceResolver sources, ScriptCompilerOptions options)
    {
        var ways = new Dictionary<string, string[]>(StringComparer.Ordinal) { [request.Path] = [request.Path] };
        var loads = trees.DistinctBy(tree => tree.FilePath, StringComparer.Ordinal).ToDictionary(tree => tree.FilePath, LoadsOf, StringComparer.Ordinal);
        var next = new Queue<string>([request.Path]);
        while (next.TryDequeue(out var file))
        {
            foreach (var load in loads.GetValueOrDefault(file, []))
            {
                if (sources.ResolveReference(load.File.ValueText, file) is not { } loaded)
                {
                    continue;
                }

                if (loaded == request.Path)
                {
                    throw new ScriptException([Describe(load, [.. ways[file], loaded], options)]);
                }

                if (ways.TryAdd(loaded, [.. ways[file], loaded]))
                {
                    next.Enqueue(loaded);
                }
            }
        }
    }

    private static IEnumerable<LoadDirectiveTriviaSyntax> LoadsOf(SyntaxTree tree) =>
        tree.GetCompilationUnitRoot().GetLoadDirectives().Where(load => load.IsActive && !load.File.IsMissing);

    private static ScriptDiagnostic Describe(LoadDirectiveTriviaSyntax load, IEnumerable<string> way, ScriptCompilerOptions options)
    {
        var place = load.File.GetLocation().GetLineSpan();
        return new ScriptDiagnostic(
            options.Display(place.Path),
            place.StartLinePosition.Line + 1,
            place.StartLinePosition.Character + 1,
            IsError: true,
            "SP0009",
            $"This #load goes round in a circle: {string.Join(" -> ", way.Select(options.Display))}.",
            load.SyntaxTree.GetText().Lines[place.StartLinePosition.Line].ToString(),
            "take it out, and move what both files use into a third one that both load");
    }
}
