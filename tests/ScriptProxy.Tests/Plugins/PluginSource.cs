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
        Assert.True(result.Success, string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)));
        return image.ToArray();
    }
}

/// <summary>A gateway's folder with plugins in it.</summary>
internal static class PluginFolderExtensions
{
    internal static string PluginPath(this Harness.TestFolder folder, string name, string file = "") => folder.PathOf(Path.Combine("plugins", name, file));

    /// <summary>Writes NAME.dll in place, as a plain copy does.</summary>
    internal static void Drop(this Harness.TestFolder folder, string name, byte[] image, params (string Name, byte[] Bytes)[] others)
    {
        Directory.CreateDirectory(folder.PluginPath(name));
        foreach (var (other, bytes) in others)
        {
            File.WriteAllBytes(folder.PluginPath(name, other), bytes);
        }

        File.WriteAllBytes(folder.PluginPath(name, $"{name}.dll"), image);
    }
}
