using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Text.Json;
using McMaster.NETCore.Plugins;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Plugins;

namespace ScriptProxy.Core.Plugins;

/// <summary>A plugin's code in a load context of its own. Abstractions and the frameworks are shared, all else is the plugin's own.</summary>
internal sealed class PluginCode : IDisposable
{
    private static readonly string Abstractions = typeof(IGatewayPlugin).Assembly.GetName().Name!;

    private readonly PluginLoader? _loader;
    private readonly HashSet<string>? _promised;

    private PluginCode(AssemblyLoadContext context, PluginFiles plugin, PluginLoader? loader, HashSet<string>? promised)
    {
        Context = context;
        _loader = loader;
        Files = plugin;
        _promised = promised;
    }

    internal AssemblyLoadContext Context { get; }

    /// <summary>As they were read.</summary>
    internal PluginFiles Files { get; }

    internal Assembly Main { get; private set; } = null!;

    /// <summary>The version as its author wrote it.</summary>
    internal string Version => Main.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? Main.GetName().Version!.ToString(3);

    /// <summary>Whether the name is the gateway's to give: a plugin's own file of that name is not used.</summary>
    internal static bool IsShared(string name) =>
        name.Equals(Abstractions, StringComparison.OrdinalIgnoreCase) || FrameworkReferences.FrameworkNames.Contains(name);

    /// <summary>Loads NAME.dll and everything that it needs, so that no request pays for that or meets its errors.</summary>
    /// <param name="plugin">As it was read and checked.</param>
    /// <param name="folder">The copy of it.</param>
    /// <param name="unloadable">False: at full speed of code that is never unloaded.</param>
    /// <exception cref="PluginException">Something is missing, or does not fit.</exception>
    internal static PluginCode Load(PluginFiles plugin, string folder, bool unloadable)
    {
        var promised = Promised(plugin);
        try
        {
            var loader = PluginLoader.CreateFromAssemblyFile(Path.Combine(folder, $"{plugin.Name}.dll"), config =>
            {
                config.LoadInMemory = true;
                config.IsUnloadable = unloadable;

                // Otherwise every framework assembly is loaded here and now, whether the plugin needs it or not.
                config.IsLazyLoaded = true;
                foreach (var name in FrameworkReferences.FrameworkNames.Append(Abstractions))
                {
                    config.SharedAssemblies.Add(new AssemblyName(name));
                }
            });
            var code = new PluginCode(loader.LoadContext, plugin, loader, promised);
            try
            {
                code.Main = loader.LoadDefaultAssembly();
                code.LoadNeeded();
                return code;
            }
            catch
            {
                code.Dispose();
                throw;
            }
        }
        catch (Exception error) when (error is BadImageFormatException or FileLoadException or FileNotFoundException or InvalidOperationException)
        {
            throw new PluginException("SP2001", error.Message);
        }
    }

    /// <summary>Loads what comes with the program, as the program itself is loaded: from its place, what it needs when it needs it, for good.</summary>
    /// <exception cref="PluginException">It is damaged.</exception>
    internal static PluginCode LoadShipped(PluginFiles plugin)
    {
        var context = new ShippedContext(plugin);
        try
        {
            return new PluginCode(context, plugin, loader: null, promised: null) { Main = context.LoadFromAssemblyPath(PluginHome.Main(plugin.Folder)) };
        }
        catch (Exception error) when (error is BadImageFormatException or FileLoadException or FileNotFoundException)
        {
            throw new PluginException("SP2001", error.Message);
        }
    }

    /// <exception cref="PluginException">There is none, or more than one.</exception>
    internal Type EntryType()
    {
        var types = Exported().Where(t => t is { IsClass: true, IsAbstract: false } && typeof(IGatewayPlugin).IsAssignableFrom(t)).ToList();
        return types switch
        {
            [var only] when only.GetConstructor(Type.EmptyTypes) is not null => only,
            [var only] => throw new PluginException("SP2001", $"{only.FullName} has no public constructor without parameters"),
            [] => throw new PluginException("SP2001", $"no public class of {Files.Name}.dll implements {nameof(IGatewayPlugin)}"),
            _ => throw new PluginException("SP2001", $"one class implements {nameof(IGatewayPlugin)}, not {types.Count}: {string.Join(", ", types.Select(t => t.FullName))}"),
        };
    }

    /// <summary>What scripts get a using of: namespaces with extension methods, and what the plugin asked for.</summary>
    /// <exception cref="PluginException">It asked for what it does not have.</exception>
    internal IReadOnlyList<string> Imports(IEnumerable<string> asked)
    {
        var types = Exported();
        var known = types.Select(t => t.Namespace).Concat(types.Select(t => t.FullName?.Replace('+', '.'))).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var imports = types.Where(t => t.IsDefined(typeof(ExtensionAttribute), inherit: false) && t.Namespace is not null).Select(t => t.Namespace!).ToList();
        foreach (var import in asked)
        {
            imports.Add(known.Contains(import)
                ? import
                : throw new PluginException("SP2001", $"Import(\"{import}\"): {Files.Name}.dll has no public type of that name, nor in a namespace of that name", NearestName.Find(import, known) is { } near ? $"did you mean \"{near}\"?" : null));
        }

        return [.. imports.Distinct(StringComparer.Ordinal)];
    }

    public void Dispose() => _loader?.Dispose();

    private Type[] Exported()
    {
        try
        {
            return Main.GetExportedTypes();
        }
        catch (Exception error) when (error is IOException or TypeLoadException or ReflectionTypeLoadException)
        {
            throw new PluginException("SP2001", error.Message);
        }
    }

    private void LoadNeeded()
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { Files.Name };
        var waiting = new Queue<(Assembly By, AssemblyName Needed)>(Main.GetReferencedAssemblies().Select(n => (Main, n)));
        while (waiting.TryDequeue(out var next))
        {
            var (by, needed) = next;
            if (!seen.Add(needed.Name!))
            {
                continue;
            }

            if (IsShared(needed.Name!))
            {
                CheckShared(by, needed);
            }
            else if (LoadOwn(by, needed) is { } own)
            {
                if (by == Main)
                {
                    PluginAssembly.CheckOwn(Files, own);
                }

                foreach (var reference in own.GetReferencedAssemblies())
                {
                    waiting.Enqueue((own, reference));
                }
            }
        }
    }

    private static void CheckShared(Assembly by, AssemblyName needed)
    {
        try
        {
            AssemblyLoadContext.Default.LoadFromAssemblyName(needed);
        }
        catch (FileLoadException)
        {
            var provided = AssemblyLoadContext.Default.LoadFromAssemblyName(new AssemblyName(needed.Name!)).GetName().Version;
            throw new PluginException("SP2002", $"{by.GetName().Name}.dll needs {needed.Name} {needed.Version}, and this gateway runs on {provided}", "build it for this gateway's framework");
        }
        catch (FileNotFoundException)
        {
            throw new PluginException("SP2002", $"{by.GetName().Name}.dll needs {needed.Name} {needed.Version}, which this gateway's framework does not have");
        }
    }

    /// <returns>Null where a library can do without.</returns>
    private Assembly? LoadOwn(Assembly by, AssemblyName needed)
    {
        Assembly? found = null;
        try
        {
            found = Context.LoadFromAssemblyName(needed);
        }
        catch (FileNotFoundException)
        {
            // Told below.
        }

        // What the gateway itself is built of is not for plugins: it changes without notice.
        if (found is not null && AssemblyLoadContext.GetLoadContext(found) == Context)
        {
            return found.GetName().Version >= needed.Version
                ? found
                : throw new PluginException("SP2001", $"{by.GetName().Name}.dll needs {needed.Name} {needed.Version}, and the one in the folder is {found.GetName().Version}", "copy all files of one build");
        }

        // Libraries refer to others that they use only where those are there; the list of files knows which ones those are.
        return by != Main && _promised is not null && !_promised.Contains(needed.Name!)
            ? null
            : throw new PluginException(
                "SP2001", $"{by.GetName().Name}.dll needs {needed.Name} {needed.Version?.ToString(3)}, which is not in the folder", "build it with <EnableDynamicLoading>true</EnableDynamicLoading>, or publish it");
    }

    /// <summary>The assemblies that NAME.deps.json lists, all of which have arrived, and so have the native libraries for this machine; null where there is no such file.</summary>
    private static HashSet<string>? Promised(PluginFiles plugin)
    {
        var file = $"{plugin.Name}.deps.json";
        if (plugin.Find(file) is not { } list)
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(list.Bytes);
            var libraries = json.RootElement.GetProperty("targets").EnumerateObject().SelectMany(target => target.Value.EnumerateObject()).Select(library => library.Value).ToList();
            var files = libraries.SelectMany(library => Listed(library, "runtime"))
                .Select(file => file.Name)
                .Where(path => !IsShared(Path.GetFileNameWithoutExtension(path)))
                .ToList();
            var native = libraries.SelectMany(library => Listed(library, "native"))
                .Concat(libraries.SelectMany(library => Listed(library, "runtimeTargets")).Where(IsOfThisMachine))
                .Select(file => file.Name);
            var missing = files.Concat(native).Where(path => plugin.Find(path) is null && plugin.Find(Path.GetFileName(path)) is null).Select(path => Path.GetFileName(path)).Distinct(StringComparer.Ordinal).ToList();
            if (missing.Count > 0)
            {
                throw new PluginException(
                    "SP2001", $"{string.Join(", ", missing)}: not in the folder, though {file} lists it", "build it with <EnableDynamicLoading>true</EnableDynamicLoading>, or publish it");
            }

            CheckWhole(json.RootElement);
            return files.Select(path => Path.GetFileNameWithoutExtension(path)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new PluginException("SP2001", $"{file} is damaged: {error.Message}");
        }
    }

    /// <remarks>The runtime reads the list once more, and ends the process where one of these is missing.</remarks>
    private static void CheckWhole(JsonElement list)
    {
        var target = Part(list, "runtimeTarget");
        var libraries = Part(Part(list, "targets"), Text(target.ValueKind == JsonValueKind.String ? target : Part(target, "name"))).EnumerateObject().Select(library => library.Value);
        foreach (var file in libraries.SelectMany(library => Listed(library, "runtimeTargets")))
        {
            _ = (Text(Part(file.Value, "rid")), Text(Part(file.Value, "assetType")));
        }

        foreach (var library in Part(list, "libraries").EnumerateObject())
        {
            _ = (Text(Part(library.Value, "type")), Text(Part(library.Value, "sha512")), Part(library.Value, "serviceable").GetBoolean());
        }

        static JsonElement Part(JsonElement of, string name) => of.TryGetProperty(name, out var part) ? part : throw new KeyNotFoundException($"'{name}' is missing");

        static string Text(JsonElement element) => element.GetString() ?? throw new KeyNotFoundException("a text is null");
    }

    private static IEnumerable<JsonProperty> Listed(JsonElement library, string kind) => library.TryGetProperty(kind, out var files) ? files.EnumerateObject() : [];

    private static bool IsOfThisMachine(JsonProperty file) =>
        file.Value.TryGetProperty("rid", out var rid) && rid.GetString() is { } name
        && (name == RuntimeInformation.RuntimeIdentifier || name == (OperatingSystem.IsWindows() ? "win" : "unix"));

    private sealed class ShippedContext(PluginFiles plugin) : AssemblyLoadContext(plugin.Name, isCollectible: false)
    {
        protected override Assembly? Load(AssemblyName assemblyName) =>
            !IsShared(assemblyName.Name!) && plugin.Find($"{assemblyName.Name}.dll") is { } own ? LoadFromAssemblyPath(Path.Combine(plugin.Folder, own.Path)) : null;
    }
}
