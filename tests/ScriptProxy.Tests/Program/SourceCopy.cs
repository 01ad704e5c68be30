using ScriptProxy.Tests.Docs;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Program;

/// <summary>What is packed, apart from the tests' own build, whose intermediate files a build for another runtime would change.</summary>
internal static class SourceCopy
{
    /// <summary>For its builds: the build of this run has analysed the same sources.</summary>
    internal const string Unanalyzed = "-p:RunAnalyzersDuringBuild=false";

    internal static void To(TestFolder folder)
    {
        string[] top = ["Directory.Build.props", "Directory.Packages.props", ".editorconfig", "global.json", "README.md"];
        var sources = new[] { "src", "plugins" }
            .SelectMany(f => Directory.EnumerateFiles(Repository.PathOf(f), "*", SearchOption.AllDirectories))
            .Select(f => Path.GetRelativePath(Repository.Root, f))
            .Where(f => !f.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));
        foreach (var file in top.Concat(sources))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.PathOf(file))!);
            File.Copy(Repository.PathOf(file), folder.PathOf(file));
        }
    }
}
