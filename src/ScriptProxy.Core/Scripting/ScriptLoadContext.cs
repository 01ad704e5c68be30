using System.Reflection;
using System.Runtime.Loader;

namespace ScriptProxy.Core.Scripting;

/// <summary>
/// Holds the scripts of one generation and the libraries they name with <c>#r</c>. The frameworks and what the host shares come
/// from the default context, plugins from theirs, so that a type is the same on both sides.
/// </summary>
internal sealed class ScriptLoadContext(string name, bool isCollectible = true) : AssemblyLoadContext(name, isCollectible)
{
    /// <summary>How the assemblies of scripts are told from libraries.</summary>
    public const string AssemblyPrefix = "Script.";

    private readonly Lock _gate = new();

    // Weak: from Unload to its end the runtime holds this object, and a plugin that holds a script's function would then hold both for ever.
    private readonly Dictionary<string, WeakReference<AssemblyLoadContext>> _plugins = new(StringComparer.OrdinalIgnoreCase);

    // Names and hashes only: from Unload to its end the runtime holds this object, so an Assembly in a field would keep itself for ever.
    private readonly Dictionary<string, string> _libraries = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Loads an image and, before it, its libraries, so that no request pays for that or meets its errors.</summary>
    /// <exception cref="ScriptException">A library is not the one that another script of this generation has loaded under its name.</exception>
    public ScriptEntry Load(ScriptImage image)
    {
        lock (_gate)
        {
            foreach (var library in image.Libraries)
            {
                LoadLibrary(image, library);
            }

            return new ScriptEntry(image.Path, image.Pe.Length == 0 ? null : LoadScript(image), image.Owned);
        }
    }

    /// <summary>Scripts find the assembly of this name in a plugin's context, which the generation must hold. Before the first script is loaded.</summary>
    public void Share(string name, AssemblyLoadContext plugin) => _plugins.Add(name, new WeakReference<AssemblyLoadContext>(plugin));

    protected override Assembly? Load(AssemblyName assemblyName) =>
        assemblyName.Name is { } name && _plugins.TryGetValue(name, out var plugin) && plugin.TryGetTarget(out var context)
            ? context.LoadFromAssemblyName(assemblyName)
            : null;

    private Assembly LoadScript(ScriptImage image)
    {
        if (Assemblies.FirstOrDefault(assembly => assembly.GetName().Name == image.AssemblyName) is { } loaded)
        {
            return loaded;
        }

        using var pe = new MemoryStream(image.Pe, writable: false);
        using var pdb = new MemoryStream(image.Pdb, writable: false);
        return LoadFromStream(pe, pdb);
    }

    // Once it is here, the runtime finds it by its name before it asks the default context.
    private void LoadLibrary(ScriptImage image, ScriptLibrary library)
    {
        if (_libraries.TryGetValue(library.Name, out var known))
        {
            if (known != library.Sha256)
            {
                throw Refuse(image, "SP0006", $"Another script has loaded a different library called {library.Name} than {library.Path}.");
            }

            return;
        }

        try
        {
            using var pe = new MemoryStream(library.Bytes, writable: false);
            LoadFromStream(pe);
            _libraries.Add(library.Name, library.Sha256);
        }
        catch (Exception error) when (error is BadImageFormatException or FileLoadException)
        {
            throw Refuse(image, "SP0005", $"The library {library.Path} cannot be loaded: {error.Message}");
        }
    }

    private static ScriptException Refuse(ScriptImage image, string code, string message) =>
        new([new ScriptDiagnostic(image.Path, 1, 1, IsError: true, code, message)]);
}

/// <summary>A loaded script, ready to run any number of times, also at the same time.</summary>
internal sealed class ScriptEntry
{
    private static readonly Func<object?[], Task<object?>> Nothing = _ => Task.FromResult<object?>(null);

    private readonly Func<object?[], Task<object?>> _factory;
    private readonly FieldInfo[] _owned = [];

    /// <param name="path">The script's file.</param>
    /// <param name="assembly">Null where the script holds no code.</param>
    /// <param name="owned">See <see cref="ScriptImage.Owned"/>.</param>
    public ScriptEntry(string path, Assembly? assembly, IReadOnlyList<string> owned)
    {
        Path = path;
        if (owned.Count > 0 && assembly?.GetType("Script") is { } script)
        {
            // The last one first, as C# does it.
            _owned = [.. owned.Reverse().Select(name => script.GetField(name, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)).OfType<FieldInfo>()];
        }

        _factory = assembly?.GetType("Script", throwOnError: true)!
            .GetMethod("<Factory>", BindingFlags.Public | BindingFlags.Static)!
            .CreateDelegate<Func<object?[], Task<object?>>>() ?? Nothing;
    }

    public string Path { get; }

    /// <summary>Runs the script's body: with fresh top-level variables each time, while statics last as long as the load context.</summary>
    /// <param name="globals">The phase's context; null in composition.</param>
    /// <returns>What the body returned; null where it fell off its end.</returns>
    public Task<object?> RunAsync(object? globals) => _owned.Length == 0 ? _factory([globals, null]) : RunOwningAsync(globals);

    private async Task<object?> RunOwningAsync(object? globals)
    {
        // The body puts itself into the second place before it begins.
        object?[] parts = [globals, null];
        try
        {
            return await _factory(parts);
        }
        finally
        {
            foreach (var field in _owned)
            {
                switch (parts[1] is { } body ? field.GetValue(body) : null)
                {
                    case IAsyncDisposable later:
                        await later.DisposeAsync();
                        break;
                    case IDisposable now:
                        now.Dispose();
                        break;
                }
            }
        }
    }
}
