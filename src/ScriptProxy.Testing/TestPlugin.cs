using System.Reflection;
using ScriptProxy.Core.Plugins;
using ScriptProxy.Plugins;

namespace ScriptProxy.Testing;

/// <summary>A plugin that a test puts into the gateway's plugins folder. It is loaded as the gateway loads it: apart from the test, with statics of its own.</summary>
public sealed class TestPlugin
{
    private readonly IReadOnlyList<string> _files;
    private readonly string? _folder;

    private TestPlugin(string name, IReadOnlyList<string> files, string? folder = null)
    {
        Name = name;
        _files = files;
        _folder = folder;
    }

    /// <summary>The name of the plugin's dll and folder.</summary>
    public string Name { get; }

    /// <summary>A plugin of a project that the test project refers to, with the libraries that it needs.</summary>
    /// <typeparam name="T">The class that the gateway makes one of.</typeparam>
    public static TestPlugin Of<T>()
        where T : IGatewayPlugin
    {
        var main = typeof(T).Assembly;
        var found = new Dictionary<string, Assembly>(StringComparer.OrdinalIgnoreCase) { [main.GetName().Name!] = main };
        Add(main, found);
        var files = found.Values.Select(a => a.Location).ToList();
        return new TestPlugin(main.GetName().Name!, [.. files, .. files.Select(f => Path.ChangeExtension(f, ".pdb")).Where(File.Exists)]);
    }

    /// <summary>A plugin that is built.</summary>
    /// <param name="folder">With NAME.dll and what that needs; NAME is the folder's own name.</param>
    public static TestPlugin From(string folder)
    {
        var path = Path.GetFullPath(folder).TrimEnd(Path.DirectorySeparatorChar);
        return Directory.Exists(path)
            ? new TestPlugin(Path.GetFileName(path), [.. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)], path)
            : throw new DirectoryNotFoundException($"there is no folder {path}");
    }

    internal void CopyTo(string plugins)
    {
        var to = Path.Combine(plugins, Name);
        if (Directory.Exists(to))
        {
            Directory.Delete(to, recursive: true);
        }

        foreach (var file in _files)
        {
            var target = Path.Combine(to, _folder is null ? Path.GetFileName(file) : Path.GetRelativePath(_folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static void Add(Assembly by, Dictionary<string, Assembly> found)
    {
        foreach (var name in by.GetReferencedAssemblies().Where(n => !PluginCode.IsShared(n.Name!) && !found.ContainsKey(n.Name!)))
        {
            var needed = Assembly.Load(name);
            found.Add(name.Name!, needed);
            Add(needed, found);
        }
    }
}
