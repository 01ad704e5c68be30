namespace ScriptProxy.Testing;

/// <summary>Where a test's configuration lies: the user's own folder, or one of the test's.</summary>
internal sealed class TestFolder : IDisposable
{
    private readonly bool _own;

    private TestFolder(string main, bool own)
    {
        Main = main;
        _own = own;
    }

    internal string Main { get; }

    internal string Root => Path.GetDirectoryName(Main)!;

    internal string? Cache => _own ? null : Path.Combine(Root, ".scriptproxy", "cache");

    internal static TestFolder Of(string main) => new(Path.GetFullPath(main), own: false);

    internal static TestFolder Of(string proxy, IEnumerable<(string Name, string Text)> files)
    {
        var folder = new TestFolder(Path.Combine(Directory.CreateTempSubdirectory("scriptproxy-test-").FullName, "proxy.csx"), own: true);
        folder.Write("proxy.csx", proxy);
        foreach (var (name, text) in files)
        {
            folder.Write(name, text);
        }

        return folder;
    }

    internal void Write(string name, string text)
    {
        ThrowIfNotOwn();
        var path = Path.GetFullPath(name, Root);
        var listens = path != Main || text.Contains("Listen(", StringComparison.Ordinal);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);

        // At the end, so that the lines of the text keep their numbers.
        File.WriteAllText(path, listens ? text : text + "\nListen(\"http://localhost:8080\");\n");
    }

    internal void Install(TestPlugin plugin)
    {
        ThrowIfNotOwn();
        plugin.CopyTo(Path.Combine(Root, "plugins"));
    }

    internal void Remove(string name)
    {
        ThrowIfNotOwn();
        var path = Path.GetFullPath(name, Root);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
        else
        {
            File.Delete(path);
        }
    }

    public void Dispose()
    {
        if (_own && Directory.Exists(Root))
        {
            Directory.Delete(Root, recursive: true);
        }
    }

    private void ThrowIfNotOwn()
    {
        if (!_own)
        {
            throw new InvalidOperationException($"{Root} is not the test's to write: load the configuration from text");
        }
    }
}
