namespace ScriptProxy.Tests.Harness;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TestFolder : IDisposable
{
    /// <summary>Compiled scripts of all tests of this run; keyed by content, so tests do not disturb one another.</summary>
    internal static string SharedCache { get; } = Path.Combine(Path.GetTempPath(), $"scriptproxy-tests-cache-{Environment.ProcessId}");

    internal string Root { get; } = Directory.CreateTempSubdirectory("scriptproxy-test-").FullName;

    internal string PathOf(string name) => Path.Combine(Root, name);

    /// <summary>Writes as an editor does that is careful: beside it, then renamed over it.</summary>
    internal void Write(string name, string text)
    {
        var path = PathOf(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var aside = path + ".new";
        File.WriteAllText(aside, text);
        File.Move(aside, path, overwrite: true);
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
