using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;

namespace ScriptProxy.Bench.Running;

/// <summary>The temporary folder of a run: the published gateway, configurations, logs, caches. Gone at the end.</summary>
internal sealed class Workspace : IDisposable
{
    private Workspace(string root) => Root = root;

    internal static string Repository { get; } = typeof(Workspace).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .First(a => a.Key == "RepositoryRoot").Value!;

    internal static string BenchFolder => Path.Combine(Repository, "bench");

    internal string Root { get; }

    internal string GatewayFolder => PathOf("gateway");

    internal static Workspace Create()
    {
        var workspace = new Workspace(Directory.CreateTempSubdirectory("scriptproxy-bench-").FullName);

        // The workers of an nginx that root started are another user.
        File.SetUnixFileMode(workspace.Root, (UnixFileMode)0b111_101_101);
        return workspace;
    }

    internal string PathOf(string name) => Path.Combine(Root, name);

    /// <summary>The gateway's Release build, as it is shipped.</summary>
    internal async Task PublishAsync(CancellationToken stop)
    {
        Report.Progress("publishing the gateway");
        var project = Path.Combine(Repository, "src", "ScriptProxy", "ScriptProxy.csproj");
        await Child.RunAsync(
            ["dotnet", "publish", project, "-c", "Release", "--use-current-runtime", "--no-self-contained", "-o", GatewayFolder, "-nologo", "-v", "quiet"],
            Repository,
            stop);
    }

    /// <summary>Copies a configuration of bench/, with its placeholders filled in.</summary>
    internal string Fill(string source, params (string Name, string Value)[] values)
    {
        var text = new StringBuilder(File.ReadAllText(Path.Combine(BenchFolder, source)));
        foreach (var (name, value) in values)
        {
            text.Replace("{{" + name + "}}", value);
        }

        var path = PathOf(Path.GetFileName(source));
        File.WriteAllText(path, text.ToString());
        return path;
    }

    internal static int[] FreePorts(int count)
    {
        // All open at once, or the same one would be handed out twice.
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(l => l.Start());
        var ports = listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port).ToArray();
        listeners.ForEach(l => l.Dispose());
        return ports;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
