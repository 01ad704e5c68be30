using System.Reflection;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Scripting;

/// <summary>What all scripts of a gateway are compiled with.</summary>
internal sealed record ScriptCompilerOptions
{
    public static IReadOnlyList<string> DefaultImports { get; } =
    [
        "System", "System.IO", "System.Linq", "System.Net.Http", "System.Collections.Generic", "System.Threading", "System.Threading.Tasks",
        "Microsoft.AspNetCore.Http", "Microsoft.Extensions.Configuration", "Microsoft.Extensions.Logging", "ScriptProxy", "ScriptProxy.Gateway",
    ];

    /// <summary>Namespaces, and types whose static members need no name in front.</summary>
    public IReadOnlyList<string> Imports { get; init; } = DefaultImports;

    /// <summary>What scripts see besides the shared frameworks. Their public <c>*Context</c> types in imported namespaces are the phases that hints speak of.</summary>
    public IReadOnlyList<Assembly> HostAssemblies { get; init; } = [typeof(GatewayRuntime).Assembly];

    /// <summary>Diagnostics name files relative to this folder; null: full paths.</summary>
    public string? BaseFolder { get; init; }

    /// <summary>The lock file that answers <c>#r "nuget: ..."</c>; null: packages are refused.</summary>
    public string? PackageLock { get; init; }

    public IImageRewriter? Rewriter { get; init; }

    public ScriptCache? Cache { get; init; }

    /// <summary>Where the compiler runs; null: in this process.</summary>
    public CompilerProcess? Process { get; init; }

    /// <summary>The name of a file in diagnostics.</summary>
    public string Display(string path) => ScriptPaths.Display(path, BaseFolder);
}

internal static class ScriptPaths
{
    /// <summary>The place as messages name it.</summary>
    public static string Display(ScriptLocation at, string? baseFolder) => (at with { File = Display(at.File, baseFolder) }).ToString();

    /// <summary>Relative to <paramref name="baseFolder"/> where the path lies below it.</summary>
    public static string Display(string path, string? baseFolder)
    {
        if (baseFolder is null || path.Length == 0)
        {
            return path;
        }

        var relative = Path.GetRelativePath(baseFolder, path);
        return relative == ".." || relative.StartsWith($"..{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? path : relative;
    }
}
