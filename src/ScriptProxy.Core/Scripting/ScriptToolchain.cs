using System.Text;
using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Core.Scripting;

/// <summary>What makes the same source compile to the same image: compiler, frameworks, host and options, as one string.</summary>
internal sealed class ScriptToolchain(ScriptCompilerOptions options)
{
    // Raise it when the cache's format or the meaning of a script changes without any assembly changing.
    private const string Format = "1";

    private readonly string _identity = Describe(options);

    /// <summary>The first half of a cache key: all that is known before the script's <c>#load</c>s are.</summary>
    public string KeyOf(ScriptRequest request, SourceFile main) => Combine(
    [
        _identity,
        request.Path,
        request.GlobalsType?.AssemblyQualifiedName ?? "",
        request.AnswerType?.AssemblyQualifiedName ?? "",
        main.Sha256,
        .. request.Extension.Imports,
        "",
        .. request.Extension.Libraries.Select(library => $"{library.Name} {library.Sha256}"),
    ]);

    /// <summary>A hash over parts that cannot run into each other.</summary>
    public static string Combine(params IEnumerable<string> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            text.Append(part.Length).Append(':').Append(part);
        }

        return SourceFile.Hash(Encoding.UTF8.GetBytes(text.ToString()));
    }

    private static string Describe(ScriptCompilerOptions options)
    {
        List<string> parts =
        [
            Format,
            FileMark("Microsoft.CodeAnalysis.dll"),
            FileMark("Microsoft.CodeAnalysis.CSharp.dll"),
            FileMark("Mono.Cecil.dll"),
            FileMark($"{FrameworkReferences.RedisClient}.dll"),
            Mvid(typeof(object)),
            Mvid(typeof(HttpContext)),
            Mvid(typeof(ScriptToolchain)),
            options.Rewriter?.Version ?? "",
            options.BaseFolder ?? "",
            options.PackageLock ?? "",
            .. options.Imports,
            "",
            .. options.HostAssemblies.Select(assembly => $"{assembly.FullName} {assembly.ManifestModule.ModuleVersionId}"),
        ];
        return Combine(parts);
    }

    private static string Mvid(Type type) => type.Module.ModuleVersionId.ToString();

    // The compiler's headers: they hold a time stamp that a deterministic build derives from the content. Asking the assembly itself, or a
    // metadata reader, would load tens of megabytes into a start that needs no compiler.
    private static string FileMark(string name)
    {
        var path = Path.Combine(AppContext.BaseDirectory, name);
        if (!File.Exists(path))
        {
            return "none";
        }

        using var file = File.OpenHandle(path);
        Span<byte> headers = stackalloc byte[512];
        return Convert.ToHexStringLower(headers[..RandomAccess.Read(file, headers, fileOffset: 0)]);
    }
}
