using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using NuGet.Packaging;
using NuGet.Packaging.Core;
using NuGet.Versioning;

namespace ScriptProxy.Core.Scripting;

/// <summary>Finds the packages that scripts ask for, without compiling them: what they need is not there yet.</summary>
internal static class PackageRequests
{
    /// <summary>The packages of these scripts and of all that they load, each once.</summary>
    /// <exception cref="ScriptException">A line names no version, or two lines ask for two versions of one package.</exception>
    public static IReadOnlyList<PackageIdentity> In(IEnumerable<string> scripts, string? baseFolder)
    {
        var found = new Dictionary<string, PackageIdentity>(StringComparer.OrdinalIgnoreCase);
        var errors = new List<ScriptDiagnostic>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var queue = new Queue<string>(scripts.Select(Path.GetFullPath));
        while (queue.TryDequeue(out var path))
        {
            // A script that cannot be read is told by the compile.
            if (!seen.Add(path) || SourceFile.TryRead(path) is not { } file)
            {
                continue;
            }

            var text = System.Text.Encoding.UTF8.GetString(file.Bytes);
            var root = CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Latest, kind: SourceCodeKind.Script), path).GetCompilationUnitRoot();
            foreach (var load in root.GetLoadDirectives().Where(load => load.IsActive))
            {
                queue.Enqueue(Path.GetFullPath(load.File.ValueText, Path.GetDirectoryName(path)!));
            }

            foreach (var directive in root.GetReferenceDirectives().Where(directive => directive.IsActive))
            {
                if (PackageReference.TryParse(directive.File.ValueText) is { } reference && Add(reference, found) is { } problem)
                {
                    errors.Add(ErrorAt(directive, problem, baseFolder));
                }
            }
        }

        return errors.Count == 0 ? [.. found.Values] : throw new ScriptException(errors);
    }

    private static string? Add(PackageReference reference, Dictionary<string, PackageIdentity> found)
    {
        if (!PackageIdValidator.IsValidPackageId(reference.Id) || !NuGetVersion.TryParse(reference.Version, out var version))
        {
            return "A package needs its name and its exact version: #r \"nuget: Name, 1.2.3\".";
        }

        return found.TryAdd(reference.Id, new PackageIdentity(reference.Id, version)) || found[reference.Id].Version == version
            ? null
            : $"The package {reference.Id} is asked for in the versions {found[reference.Id].Version} and {version}.";
    }

    private static ScriptDiagnostic ErrorAt(ReferenceDirectiveTriviaSyntax directive, string message, string? baseFolder)
    {
        var place = directive.GetLocation().GetLineSpan();
        var line = directive.SyntaxTree.GetText().Lines[place.StartLinePosition.Line].ToString();
        return new ScriptDiagnostic(
            ScriptPaths.Display(place.Path, baseFolder), place.StartLinePosition.Line + 1, place.StartLinePosition.Character + 1, IsError: true, "SP0004", message, line);
    }
}
