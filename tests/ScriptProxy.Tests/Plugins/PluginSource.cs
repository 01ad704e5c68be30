using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using ScriptProxy.Plugins;

namespace ScriptProxy.Tests.Plugins;

/// <summary>Compiles plugins, and what they depend on, as their authors would.</summary>
internal static class PluginSource
{
    private const string Usings = """
        using System;
        using System.Collections.Generic;
        using System.Linq;
        using System.Threading;
        using System.Threading.Tasks;
        using Microsoft.AspNetCore.Http;
        using Microsoft.Extensions.Logging;
        using ScriptProxy;
        using ScriptProxy.Plugins;

        """;

    private static readonly Lazy<List<MetadataReference>> Frameworks = new(() =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Core.Scripting.FrameworkReferences.FrameworkNames.Contains(Path.GetFileNameWithoutExtension(path)))
            .Select(path => MetadataReference.CreateFromFile(path)),
    ]);

    /// <summary>A plugin with these members, and these other types.</summary>
    internal static byte[] Plugin(string name, string members, string types = "", string version = "1.0.0", params byte[][] libraries) => Compile(
        name, $$"""{{Usings}} [assembly: System.Reflection.AssemblyInformationalVersion("{{version}}")] public sealed class Entry : IGatewayPlugin { {{members}} } {{types}}""", typeof(IGatewayPlugin).Assembly, libraries);

    /// <summary>A plugin whose gateway-level HeaderFilter sends a header X-NAME.</summary>
    internal static byte[] Marking(string name, string mark, string more = "") => Plugin(
        name, $$"""public void Register(PluginBuilder plugin) => plugin.HeaderFilter(h => { h.Response.Headers["X-{{name}}"] = "{{mark}}"; }); {{more}}""");

    internal static byte[] Compile(string name, string source, Assembly? abstractions = null, params byte[][] libraries)
    {
        var references = Frameworks.Value.Concat(libraries.Select(l => (MetadataReference)MetadataReference.CreateFromImage(l)));
        if (abstractions is not null)
        {
            references = references.Append(MetadataReference.CreateFromFile(abstractions.Location));
        }

        using var image = new MemoryStream();
        var result = CSharpCompilation.Create(
            name,
            [CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(LanguageVersion.Latest))],
            references,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable, optimizationLevel: OptimizationLevel.Release)).Emit(image);
        return result.Success ? image.ToArray() : throw new InvalidOperationException(string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)));
    }
}
