using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json.Nodes;
using ScriptProxy.Tests.Docs;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Program;

/// <summary>Packs the program as people install it, and runs what came out. In CI only: each builds the whole program once more.</summary>
public sealed class PackagingTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public PackagingTests() => Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", "packs the program: in CI only (CI=true)");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Tool_InstalledFromTheFolder_RunsVersionAndCheck()
    {
        SourceCopy.To(_folder);
        await DotnetAsync("pack", "src/ScriptProxy", "--output", "packages", SourceCopy.Unanalyzed);
        await DotnetAsync("tool", "install", "ScriptProxy", "--tool-path", "tools", "--source", _folder.PathOf("packages"));

        var tool = _folder.PathOf("tools/scriptproxy");
        var (code, output, _) = await ProgramProcess.RunFileAsync(tool, _folder.Root, "version");
        Assert.Equal(0, code);
        Assert.Matches(@"\A\d+\.\d+\.\d+\z", output);
        (code, output, var errors) = await ProgramProcess.RunFileAsync(tool, Repository.Root, "check", "--cache", "none");
        Assert.Equal((0, ""), (code, errors));
        Assert.StartsWith("proxy.csx is good", output, StringComparison.Ordinal);
        (_, output, _) = await ProgramProcess.RunFileAsync(tool, Repository.Root, "plugins", "--cache", "none");
        Assert.Matches(@"LoadBalancing\b.*comes with the program", output);
    }

    [Fact]
    public async Task Container_PublishedWithoutDocker_HoldsAllThatItNeeds()
    {
        SourceCopy.To(_folder);
        await using var registry = await EmptyRegistry.StartAsync();
        await DotnetAsync(
            "publish", "src/ScriptProxy", "--runtime", "linux-x64", "--self-contained", "-t:PublishContainer", SourceCopy.Unanalyzed,
            $"-p:ContainerBaseImage={registry.Image}", "-p:ContainerArchiveOutputPath=" + _folder.PathOf("image.tar.gz"));

        var image = await UnpackAsync(_folder.PathOf("image.tar.gz"), "image");
        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(image, "manifest.json")))![0]!;
        Assert.Equal("scriptproxy:latest", (string?)manifest["RepoTags"]![0]);
        var config = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(image, (string)manifest["Config"]!)))!["config"]!;
        Assert.Equal(["/app/scriptproxy"], Texts(config["Entrypoint"]));
        Assert.Equal(["run", "/gateway/proxy.csx", "--cache", "/tmp/scriptproxy"], Texts(config["Cmd"]));
        Assert.Equal("/app/", (string?)config["WorkingDir"]);
        Assert.NotNull(config["ExposedPorts"]!["8080/tcp"]);

        // The last layer is the program's own. It is run from there: a runtime of this machine would not be found.
        var root = await UnpackAsync(Path.Combine(image, Texts(manifest["Layers"])[^1]), "root");
        var (code, output, errors) = await ProgramProcess.RunFileAsync(
            "env", Repository.Root, "--ignore-environment", Path.Combine(root, "app/scriptproxy"), "check", "--cache", "none");
        Assert.Equal((0, ""), (code, errors));
        Assert.StartsWith("proxy.csx is good", output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(root, "app/plugins/LoadBalancing/LoadBalancing.dll")));
    }

    /// <summary>What is not compiled ahead is compiled at every start, the script compiler itself included. Asked of the build alone: publishing takes a minute.</summary>
    [Theory]
    [InlineData("-p:RuntimeIdentifier=linux-x64")]
    [InlineData("-p:UseCurrentRuntimeIdentifier=true")]
    public async Task Publish_ForOnePlatform_CompilesAhead(string platform)
    {
        var (code, output, errors) = await ProgramProcess.RunFileAsync("dotnet", Repository.Root, "msbuild", "src/ScriptProxy", "-getProperty:PublishReadyToRun", platform);
        Assert.Equal((0, "true", ""), (code, output, errors));
    }

    private static string[] Texts(JsonNode? list) => [.. list!.AsArray().Select(t => (string)t!)];

    private async Task DotnetAsync(params string[] arguments)
    {
        var (code, output, errors) = await ProgramProcess.RunFileAsync("dotnet", _folder.Root, arguments);
        Assert.True(code == 0, $"dotnet {string.Join(' ', arguments)}\n{output}\n{errors}");
    }

    private async Task<string> UnpackAsync(string archive, string name)
    {
        var folder = Directory.CreateDirectory(_folder.PathOf(name)).FullName;
        await using var file = File.OpenRead(archive);
        var zipped = file.ReadByte() == 0x1f;
        file.Position = 0;
        await using Stream tar = zipped ? new GZipStream(file, CompressionMode.Decompress) : file;
        await TarFile.ExtractToDirectoryAsync(tar, folder, overwriteFiles: true);
        return folder;
    }
}
