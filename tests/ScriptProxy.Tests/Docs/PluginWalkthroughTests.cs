using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Program;

namespace ScriptProxy.Tests.Docs;

/// <summary>docs/plugins.md from the templates to a hot-swapped plugin, with packages that are packed for it. In CI only: it builds the engine once more.</summary>
public sealed class PluginWalkthroughTests
{
    [Fact]
    public async Task FiveMinutes_EveryStep_HappensAsWritten()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", "packs the templates and what they refer to: in CI only (CI=true)");
        using var sources = new TestFolder();
        SourceCopy.To(sources);
        foreach (var project in new[] { "Abstractions", "Core", "Testing", "Templates" })
        {
            var (code, output, errors) = await ProgramProcess.RunFileAsync("dotnet", sources.Root, "pack", $"src/ScriptProxy.{project}", "--output", "packages", SourceCopy.Unanalyzed);
            Assert.True(code == 0, output + errors);
        }

        await using var walk = new Walkthrough("docs/plugins.md", "scriptproxy run gateway/proxy.csx", "scriptproxy", sources.PathOf("bin"));
        var known = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

        // Packages of its own: those of another build have the same version.
        walk.Folder.Write("nuget.config", $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="packages" /></config>
              <packageSources><add key="here" value="{sources.PathOf("packages")}" /></packageSources>
              <fallbackPackageFolders><add key="known" value="{known}" /></fallbackPackageFolders>
            </configuration>
            """);
        Command(sources, "dotnet", $"""
            export MSBUILDDISABLENODEREUSE=1 DOTNET_NOLOGO=1
            if [ "$1" = new ]; then set -- "$@" --debug:custom-hive "{walk.Folder.PathOf("hive")}"; fi
            exec dotnet "$@"
            """);
        Command(sources, "scriptproxy", $"""exec dotnet "{Path.Combine(AppContext.BaseDirectory, "scriptproxy.dll")}" "$@" """);
        await walk.RunAsync(file => walk.OnFreePorts(file));
    }

    [Fact]
    public void Templates_Version_IsTheProjectsOwn()
    {
        var version = Repository.Read("Directory.Build.props").Split("<Version>")[1].Split("</Version>")[0];
        Assert.Contains($"\"defaultValue\": \"{version}\"", Repository.Read("src/ScriptProxy.Templates/content/plugin/.template.config/template.json"), StringComparison.Ordinal);
        var xunit = Repository.Read("Directory.Packages.props").Split("Include=\"xunit.v3\" Version=\"")[1].Split('"')[0];
        Assert.Contains($"\"xunit.v3\" Version=\"{xunit}\"", Repository.Read("src/ScriptProxy.Templates/content/plugin/MyPlugin.Tests/MyPlugin.Tests.csproj"), StringComparison.Ordinal);
    }

    /// <summary>A command that comes before the machine's of that name.</summary>
    private static void Command(TestFolder folder, string name, string script)
    {
        folder.Write("bin/" + name, "#!/bin/sh\nPATH=\"${PATH#*:}\"\n" + script + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder.PathOf("bin/" + name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
