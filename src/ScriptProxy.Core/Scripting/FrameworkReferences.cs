using System.IO.MemoryMappedFiles;
using System.Reflection;
using System.Text.Json;
using Microsoft.CodeAnalysis;

namespace ScriptProxy.Core.Scripting;

/// <summary>The metadata of the shared frameworks and the host's assemblies, read in place, and of plugins.</summary>
/// <remarks>
/// The files are mapped, not copied, so they cost address space and the few pages that are touched.
/// <c>Microsoft.CSharp</c> is left out on purpose: without it no use of <c>dynamic</c> compiles.
/// </remarks>
internal sealed class FrameworkReferences
{
    private const string Binder = "Microsoft.CSharp";

    /// <summary>The one library whose types are members of the script language. Named here, and not loaded where nobody uses it.</summary>
    internal const string RedisClient = "StackExchange.Redis";

    private static readonly Lazy<List<Mapped>> Frameworks = new(() => [.. FrameworkFiles().Select(Map).OfType<Mapped>()]);

    private readonly Dictionary<string, Mapped> _byName;

    private FrameworkReferences(Dictionary<string, Mapped> byName) => _byName = byName;

    public FrameworkReferences(IEnumerable<Assembly> hosts)
    {
        _byName = new Dictionary<string, Mapped>(StringComparer.OrdinalIgnoreCase);
        foreach (var mapped in Frameworks.Value)
        {
            _byName[mapped.Name] = mapped;
        }

        foreach (var host in hosts)
        {
            var name = host.GetName().Name!;
            _byName[name] = Map(host.Location) ?? throw new InvalidOperationException($"The assembly {name} has no file to compile against.");
        }
    }

    /// <summary>The simple names of what the frameworks have, also of what scripts do not compile against.</summary>
    public static IReadOnlySet<string> FrameworkNames { get; } = FrameworkFiles().Select(path => Path.GetFileNameWithoutExtension(path)).Append(Binder).ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>These and what plugins bring, for one compile.</summary>
    public FrameworkReferences With(IReadOnlyList<ScriptLibrary> plugins)
    {
        if (plugins.Count == 0)
        {
            return this;
        }

        var byName = new Dictionary<string, Mapped>(_byName, StringComparer.OrdinalIgnoreCase);
        foreach (var plugin in plugins)
        {
            var module = ModuleMetadata.CreateFromImage(plugin.Bytes);
            byName[plugin.Name] = new Mapped(plugin.Name, module, AssemblyMetadata.Create(module).GetReference(filePath: plugin.Path), View: null);
        }

        return new FrameworkReferences(byName);
    }

    public IEnumerable<PortableExecutableReference> All => _byName.Values.Select(mapped => mapped.Reference);

    /// <summary>The reference with this simple name, or null. What the process has itself is never taken from a library's folder.</summary>
    public PortableExecutableReference? Find(string simpleName) => _byName.GetValueOrDefault(simpleName)?.Reference;

    /// <summary>Whether the frameworks answer to this name at run time, also where scripts must not compile against it.</summary>
    public bool Provides(string simpleName) => _byName.ContainsKey(simpleName) || simpleName == Binder;

    /// <summary>Namespaces with a public type of this name, wherever it is.</summary>
    public IEnumerable<string> NamespacesWith(string typeName)
    {
        foreach (var mapped in _byName.Values)
        {
            var reader = mapped.Module.GetMetadataReader();
            foreach (var handle in reader.TypeDefinitions)
            {
                var type = reader.GetTypeDefinition(handle);
                if ((type.Attributes & TypeAttributes.VisibilityMask) == TypeAttributes.Public && reader.StringComparer.Equals(type.Name, typeName))
                {
                    yield return reader.GetString(type.Namespace);
                }
            }
        }
    }

    // By name and not by folder: the program may carry a newer copy of a framework's assembly, which then is the one that runs.
    private static IEnumerable<string> FrameworkFiles()
    {
        var trusted = ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        var home = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        var folders = trusted.Select(path => Path.GetDirectoryName(path)!).Where(folder => folder != home).Distinct(StringComparer.Ordinal);
        var names = folders.SelectMany(folder => Directory.EnumerateFiles(folder, "*.dll")).Select(path => Path.GetFileName(path)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (!names.Contains("System.Private.CoreLib.dll"))
        {
            names = BundledFrameworkFiles(trusted);
        }

        names.Remove($"{Binder}.dll");
        names.Add($"{RedisClient}.dll");
        return trusted.Where(path => names.Contains(Path.GetFileName(path)));
    }

    // Self-contained: the frameworks lie among the program's own files, and only its manifest knows which they are.
    // The extensions come by name, because a newer copy of one is listed under its package.
    private static HashSet<string> BundledFrameworkFiles(IEnumerable<string> trusted)
    {
        var names = trusted.Select(path => Path.GetFileName(path))
            .Where(name => name is "System.Private.CoreLib.dll" || name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        var manifests = ((string?)AppContext.GetData("APP_CONTEXT_DEPS_FILES") ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries);
        foreach (var manifest in manifests.Where(File.Exists))
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(manifest));
            var packs = json.RootElement.GetProperty("targets").EnumerateObject()
                .SelectMany(target => target.Value.EnumerateObject())
                .Where(library => library.Name.StartsWith("runtimepack.", StringComparison.Ordinal) && library.Value.TryGetProperty("runtime", out _));
            names.UnionWith(packs.SelectMany(pack => pack.Value.GetProperty("runtime").EnumerateObject()).Select(file => Path.GetFileName(file.Name)));
        }

        return names;
    }

    private static Mapped? Map(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var view = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, capacity: 0, MemoryMappedFileAccess.Read)
            .CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        var module = ModuleMetadata.CreateFromImage(view.SafeMemoryMappedViewHandle.DangerousGetHandle(), checked((int)new FileInfo(path).Length));
        try
        {
            var assembly = AssemblyMetadata.Create(module);
            return new Mapped(Path.GetFileNameWithoutExtension(path), module, assembly.GetReference(filePath: path), view);
        }
        catch (BadImageFormatException)
        {
            // A native library among the framework's files.
            view.Dispose();
            return null;
        }
    }

    /// <summary>Keeps the view, and with it the memory that the metadata points into; null where that is the garbage collector's.</summary>
    private sealed record Mapped(string Name, ModuleMetadata Module, PortableExecutableReference Reference, MemoryMappedViewAccessor? View);
}
