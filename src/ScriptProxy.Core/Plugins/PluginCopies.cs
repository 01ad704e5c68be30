using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Core.Plugins;

/// <summary>
/// Copies of plugins, one per content, kept while a generation uses it. What a plugin loads late, a native library or a translation, then
/// fits its code, whatever was done to its folder meanwhile.
/// </summary>
internal sealed class PluginCopies : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string Folder, int Users)> _copies = new(StringComparer.Ordinal);

    // Its files are code that will run: the folder is for this user alone.
    private string? _root;

    /// <exception cref="IOException">There is no room for temporary files.</exception>
    internal Copy Rent(PluginFiles plugin)
    {
        var key = ScriptToolchain.Combine([plugin.Name, .. plugin.Files.SelectMany(f => new[] { f.Path, f.Sha256 })]);
        lock (_lock)
        {
            if (!_copies.TryGetValue(key, out var copy))
            {
                _root ??= Directory.CreateTempSubdirectory("scriptproxy-plugins-").FullName;
                copy = (Path.Combine(_root, key[..16], plugin.Name), 0);
                Write(plugin, copy.Folder);
            }

            _copies[key] = copy with { Users = copy.Users + 1 };
            return new Copy(this, key, copy.Folder);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_root is not null)
            {
                Delete(_root);
            }
        }
    }

    private static void Write(PluginFiles plugin, string folder)
    {
        foreach (var file in plugin.Files)
        {
            var path = Path.Combine(folder, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, file.Bytes);
        }
    }

    private void Return(string key)
    {
        lock (_lock)
        {
            var copy = _copies[key];
            if (copy.Users > 1)
            {
                _copies[key] = copy with { Users = copy.Users - 1 };
                return;
            }

            _copies.Remove(key);
            Delete(Path.GetDirectoryName(copy.Folder)!);
        }
    }

    private static void Delete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Something in it is still open; the system clears temporary files away.
        }
    }

    internal sealed class Copy(PluginCopies owner, string key, string folder) : IDisposable
    {
        private int _returned;

        internal string Folder { get; } = folder;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _returned, 1) == 0)
            {
                owner.Return(key);
            }
        }
    }
}
