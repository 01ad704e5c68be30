using System.Reflection;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Tests.Scripting;

// Inside, so that these stand before the real language's types of the same names.
using Surface;

/// <summary>A real folder with scripts in it, and what it takes to compile and run them.</summary>
internal sealed class ScriptFolder : IDisposable
{
    public static IReadOnlyList<string> Imports { get; } =
    [
        .. ScriptCompilerOptions.DefaultImports.Where(import => !import.StartsWith("ScriptProxy", StringComparison.Ordinal)),
        typeof(Verdict).Namespace!, typeof(Verbs).FullName!,
    ];

    public ScriptFolder() => Root = Directory.CreateTempSubdirectory("scripting-").FullName;

    public string Root { get; }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public ScriptCompilerOptions Options => new() { Imports = Imports, HostAssemblies = [typeof(Verdict).Assembly], BaseFolder = Root };

    public string this[string name] => Path.Combine(Root, name);

    public string Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], text);
        return this[name];
    }

    public ScriptCache Cache(int maximumEntries = 64, long maximumBytes = 64L << 20) =>
        ScriptCache.Open(this["cache"], Time, out _, maximumEntries, maximumBytes) ?? throw new InvalidOperationException("no cache");

    /// <summary>Compiles <c>main.csx</c>, as composition unless told the phase.</summary>
    public ScriptImage Compile(string text, Type? globals = null, Type? answer = null, ScriptCompilerOptions? options = null) =>
        new ScriptCompiler(options ?? Options).Compile(new ScriptRequest(Write("main.csx", text), globals, answer), TestContext.Current.CancellationToken);

    public IReadOnlyList<ScriptDiagnostic> Fail(string text, Type? globals = null, Type? answer = null, ScriptCompilerOptions? options = null) =>
        Assert.Throws<ScriptException>(() => Compile(text, globals, answer, options)).Diagnostics;

    public async Task<object?> RunAsync(string text, object? globals = null, Type? answer = null)
    {
        var image = Compile(text, globals?.GetType(), answer);
        var context = new ScriptLoadContext("test");
        try
        {
            return await context.Load(image).RunAsync(globals);
        }
        finally
        {
            context.Unload();
        }
    }

    /// <summary>A library of one public static class <c>Lib.{name}</c> whose <c>Value()</c> returns the text, or what another library's does.</summary>
    public string WriteLibrary(string path, string value, string? inner = null)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        var expression = inner is null ? $"\"{value}\"" : $"Lib.{Path.GetFileNameWithoutExtension(inner)}.Value()";
        var tree = Microsoft.CodeAnalysis.CSharp.CSharpSyntaxTree.ParseText($"namespace Lib; public static class {name} {{ public static string Value() => {expression}; }}");
        var references = new List<Microsoft.CodeAnalysis.MetadataReference>
        {
            Microsoft.CodeAnalysis.MetadataReference.CreateFromFile(typeof(object).Assembly.Location),
            Microsoft.CodeAnalysis.MetadataReference.CreateFromFile(Assembly.Load("System.Runtime").Location),
        };
        if (inner is not null)
        {
            references.Add(Microsoft.CodeAnalysis.MetadataReference.CreateFromFile(this[inner]));
        }

        var options = new Microsoft.CodeAnalysis.CSharp.CSharpCompilationOptions(Microsoft.CodeAnalysis.OutputKind.DynamicallyLinkedLibrary);
        Directory.CreateDirectory(Path.GetDirectoryName(this[path])!);
        using var file = File.Create(this[path]);
        Assert.True(Microsoft.CodeAnalysis.CSharp.CSharpCompilation.Create(name, [tree], references, options).Emit(file).Success);
        return this[path];
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
