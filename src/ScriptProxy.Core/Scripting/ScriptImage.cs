namespace ScriptProxy.Core.Scripting;

/// <summary>A text file that went into an image.</summary>
/// <param name="Path">Its full path as the scripts name it, links not followed.</param>
/// <param name="Sha256">Of exactly the bytes that were compiled, lower-case hex.</param>
internal sealed record ScriptSource(string Path, string Sha256)
{
    /// <summary>Where <see cref="Path"/> leads and over which links, at the time of the compile.</summary>
    public LinkedPath Links { get; init; } = LinkedPath.Of(Path);
}

/// <summary>An assembly that scripts name with <c>#r</c>, or one that such an assembly needs.</summary>
/// <remarks>The name is the assembly's own, whatever its file is called. The bytes are what was compiled against, and so what is loaded: the file is not read again.</remarks>
internal sealed record ScriptLibrary(string Name, string Path, string Sha256, byte[] Bytes)
{
    public LinkedPath Links { get; init; } = LinkedPath.Of(Path);
}

/// <summary>A policy that a script names.</summary>
internal sealed record ScriptPick(string Policy, string File, int Line);

/// <summary>A compiled script, ready for a <see cref="ScriptLoadContext"/>. It names no compiler type, so that using one from the cache loads no compiler.</summary>
internal sealed class ScriptImage
{
    /// <summary>The main script's full path.</summary>
    public required string Path { get; init; }

    /// <summary>Unique to this content, the same for the same content.</summary>
    public required string AssemblyName { get; init; }

    /// <summary>Empty where the script holds no code: the compiler makes no assembly of nothing.</summary>
    public required byte[] Pe { get; init; }

    public required byte[] Pdb { get; init; }

    /// <summary>The main script first, then what it loads; the packages' lock file too where a script asks for a package.</summary>
    public required IReadOnlyList<ScriptSource> Sources { get; init; }

    public required IReadOnlyList<ScriptLibrary> Libraries { get; init; }

    /// <summary>Files that would have been used if they had been there: their arrival asks for a new compile.</summary>
    public required IReadOnlyList<string> Absent { get; init; }

    public required IReadOnlyList<ScriptDiagnostic> Warnings { get; init; }

    /// <summary>The load balancing policies that <c>Pick("...")</c> names, and where.</summary>
    public IReadOnlyList<ScriptPick> Picks { get; init; } = [];

    /// <summary>The variables of a phase file's <c>using var x = ...</c>, in the order written: disposed when its body has run.</summary>
    public IReadOnlyList<string> Owned { get; init; } = [];

    public bool FromCache { get; init; }

    /// <summary>Every path whose change can change this image: files as written, their targets, and the links on the way.</summary>
    public IReadOnlySet<string> WatchList()
    {
        var paths = new HashSet<string>(Absent, StringComparer.Ordinal);
        foreach (var links in Sources.Select(source => source.Links).Concat(Libraries.Select(library => library.Links)))
        {
            paths.Add(links.Path);
            paths.Add(links.Target);
            paths.UnionWith(links.Links);
        }

        return paths;
    }
}
