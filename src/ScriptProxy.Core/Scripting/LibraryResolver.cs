using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ScriptProxy.Core.Scripting;

/// <summary>Answers the <c>#r</c> lines of one compile: a file beside the script, a package of the lock file, or the name of a framework assembly.</summary>
/// <remarks>All lines are resolved before the compiler asks, because one package stands for several assemblies and the compiler takes one per line.</remarks>
internal sealed class LibraryResolver(FrameworkReferences frameworks, ScriptCompilerOptions options) : MetadataReferenceResolver
{
    private readonly Dictionary<(string File, string Reference), PortableExecutableReference> _answers = [];
    private readonly Dictionary<string, (ScriptLibrary Library, PortableExecutableReference Reference)> _libraries = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _absent = new(StringComparer.Ordinal);
    private PackageLock? _lock;

    public IEnumerable<ScriptLibrary> Libraries => _libraries.Values.Select(entry => entry.Library);

    public IEnumerable<PortableExecutableReference> References => _libraries.Values.Select(entry => entry.Reference);

    public IReadOnlyCollection<string> Absent => _absent;

    /// <summary>The lock file as it was read; null where no script asks for a package or there is none.</summary>
    public SourceFile? LockFile => _lock?.File;

    /// <summary>What is wrong with the line; null where it is answered.</summary>
    public LibraryError? Resolve(ReferenceDirectiveTriviaSyntax directive)
    {
        var file = directive.SyntaxTree.FilePath;
        var reference = directive.File.ValueText;
        try
        {
            _answers[(file, reference)] = PackageReference.TryParse(reference) is { } package ? OfPackage(package) : OfFile(reference, file);
            return null;
        }
        catch (LibraryException error)
        {
            return error.Error;
        }
    }

    public override ImmutableArray<PortableExecutableReference> ResolveReference(string reference, string? baseFilePath, MetadataReferenceProperties properties) =>
        _answers.TryGetValue((baseFilePath ?? "", reference), out var answer) ? [answer] : [];

    public override bool Equals(object? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    private PortableExecutableReference OfFile(string reference, string scriptFile)
    {
        // An editor needs `#r` to what the gateway gives anyway; the gateway's own copy always wins, whether that file is there or not.
        var name = Path.GetExtension(reference).Equals(".dll", StringComparison.OrdinalIgnoreCase) ? Path.GetFileNameWithoutExtension(reference) : reference;
        if (frameworks.Find(name) is { } provided)
        {
            return provided;
        }

        var path = Path.GetFullPath(reference, Path.GetDirectoryName(scriptFile)!);
        if (SourceFile.TryRead(path) is not { } file)
        {
            throw new LibraryException("SP0005", $"The library {options.Display(path)} cannot be read: {(File.Exists(path) ? "no permission" : "there is no such file")}.");
        }

        return Add(file, neighbours: true);
    }

    private PortableExecutableReference OfPackage(PackageReference package)
    {
        if (frameworks.Find(package.Id) is { } provided)
        {
            return provided;
        }

        _lock ??= ReadLock(package);
        if (_lock.Find(package) is not { } files)
        {
            throw NotRestored(package, "is not in the lock file");
        }

        // A package may hold no assembly at all, or only such as the frameworks have; the compiler still wants an answer.
        var answer = frameworks.Find("System.Runtime")!;
        foreach (var (path, sha256) in files)
        {
            if (frameworks.Provides(Path.GetFileNameWithoutExtension(path)))
            {
                continue;
            }

            if (SourceFile.TryRead(path) is not { } file)
            {
                throw NotRestored(package, $"misses {options.Display(path)}");
            }

            if (file.Sha256 != sha256)
            {
                throw NotRestored(package, $"has changed since it was restored ({options.Display(path)})");
            }

            answer = Add(file, neighbours: false);
        }

        return answer;
    }

    private PackageLock ReadLock(PackageReference package)
    {
        var file = options.PackageLock is { } path ? SourceFile.TryRead(path) : null;
        if (file is null)
        {
            throw NotRestored(package, "is not restored: there is no lock file");
        }

        return PackageLock.TryParse(file) ?? throw NotRestored(package, $"cannot be looked up: the lock file {options.Display(file.Path)} is damaged");
    }

    private static LibraryException NotRestored(PackageReference package, string why) =>
        new("SP0004", $"The package {package} {why}: run `scriptproxy restore`.");

    private PortableExecutableReference Add(SourceFile file, bool neighbours)
    {
        var (name, references) = NamesIn(file);
        if (frameworks.Find(name) is { } provided)
        {
            return provided;
        }

        if (_libraries.TryGetValue(name, out var known))
        {
            return known.Library.Sha256 == file.Sha256
                ? known.Reference
                : throw new LibraryException("SP0006", $"Two different libraries are called {name}: {options.Display(known.Library.Path)} and {options.Display(file.Path)}.");
        }

        var reference = MetadataReference.CreateFromImage(ImmutableArray.Create(file.Bytes), filePath: file.Path);
        _libraries.Add(name, (new ScriptLibrary(name, file.Path, file.Sha256, file.Bytes), reference));
        foreach (var needed in neighbours ? references : [])
        {
            AddNeighbour(file.Path, needed);
        }

        return reference;
    }

    private void AddNeighbour(string libraryPath, string needed)
    {
        if (frameworks.Provides(needed) || _libraries.ContainsKey(needed))
        {
            return;
        }

        var path = Path.Combine(Path.GetDirectoryName(libraryPath)!, needed + ".dll");
        if (SourceFile.TryRead(path) is { } file)
        {
            Add(file, neighbours: true);
        }
        else
        {
            _absent.Add(path);
        }
    }

    private (string Own, List<string> Needed) NamesIn(SourceFile file)
    {
        try
        {
            using var image = new PEReader(ImmutableArray.Create(file.Bytes));
            var metadata = image.HasMetadata ? image.GetMetadataReader() : null;
            if (metadata is { IsAssembly: true })
            {
                return (
                    metadata.GetString(metadata.GetAssemblyDefinition().Name),
                    [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))]);
            }
        }
        catch (BadImageFormatException)
        {
            // Told below, together with the images that are sound but hold no assembly.
        }

        throw new LibraryException("SP0005", $"The library {options.Display(file.Path)} is not a .NET assembly.");
    }

    private sealed class LibraryException(string code, string message) : Exception(message)
    {
        public LibraryError Error => new(code, Message);
    }
}

internal sealed record LibraryError(string Code, string Message);
