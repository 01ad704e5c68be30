using System.Globalization;
using ScriptProxy.Bench.Comparing;

namespace ScriptProxy.Bench.Running;

/// <summary>How the backend, the peers and the gateway are started.</summary>
internal static class Servers
{
    private static readonly string[] ModuleFolders = ["/usr/lib/nginx/modules", "/usr/share/nginx/modules", "/usr/lib64/nginx/modules"];

    /// <exception cref="BenchException">There is no nginx.</exception>
    internal static Child StartBackend(Workspace workspace, int[] ports, string? cpus)
    {
        var files = Directory.CreateDirectory(workspace.PathOf("files")).FullName;
        File.WriteAllText(Path.Combine(files, "1k.txt"), new string('x', 1024));
        File.WriteAllText(Path.Combine(files, "10k.txt"), string.Concat(Enumerable.Repeat("one foo of many in here\n", 427))[..10240]);
        File.WriteAllText(Path.Combine(files, "100k.bin"), new string('y', 100 * 1024));
        var configuration = workspace.Fill("peers/backend.conf", ("backend1", Text(ports[0])), ("backend2", Text(ports[1])));
        return Child.Start(Nginx(workspace, configuration, "backend-error.log"), workspace.Root, cpus: cpus);
    }

    /// <returns>Null where the Lua module is not installed.</returns>
    internal static Child? StartLua(Workspace workspace, int port, int[] backends, int workers, string? cpus)
    {
        if (ModuleFolders.FirstOrDefault(f => File.Exists(Path.Combine(f, "ngx_http_lua_module.so"))) is not { } folder)
        {
            return null;
        }

        var modules = string.Join('\n', new[] { "ndk_http_module", "ngx_http_lua_module" }.Select(m => $"load_module {folder}/{m}.so;"));
        var configuration = workspace.Fill(
            "peers/nginx-lua.conf",
            ("modules", modules),
            ("workers", Text(workers)),
            ("lua", Text(port)),
            ("backend1", Text(backends[0])),
            ("backend2", Text(backends[1])));
        return Child.Start(Nginx(workspace, configuration, "nginx-lua-error.log"), workspace.Root, cpus: cpus);
    }

    /// <param name="workspace">The run's.</param>
    /// <param name="port">Where it listens.</param>
    /// <param name="backend">Behind it.</param>
    /// <param name="slow">Behind /slow/.</param>
    /// <param name="megabytes">What its cache may take on disk.</param>
    internal static Child StartCache(Workspace workspace, int port, int backend, int slow, int megabytes)
    {
        var configuration = workspace.Fill(
            "peers/nginx-cache.conf", ("port", Text(port)), ("backend", Text(backend)), ("slow", Text(slow)), ("megabytes", Text(megabytes)));
        return Child.Start(Nginx(workspace, configuration, "nginx-cache-error.log"), workspace.Root);
    }

    internal static Child StartBare(Workspace workspace, int port, int[] backends, string? cpus) => Child.Start(
        [.. Self(workspace), "bare", "--port", Text(port), "--backends", Addresses(backends)],
        workspace.Root,
        cpus: cpus);

    internal static Child StartGateway(Workspace workspace, string script, string cache, int port, int[] backends, string? cpus = null) =>
        StartGateway(workspace, script, cache, Environment(port, backends), cpus);

    internal static Child StartGateway(Workspace workspace, string script, string cache, Dictionary<string, string> environment, string? cpus = null) => Child.Start(
        [Path.Combine(workspace.GatewayFolder, "scriptproxy"), "run", script, "--cache", cache],
        workspace.Root,
        environment,
        cpus);

    /// <summary>This program again, under the published gateway's runtime settings.</summary>
    internal static IReadOnlyList<string> Self(Workspace workspace) =>
    [
        "dotnet", "exec", "--runtimeconfig", Path.Combine(workspace.GatewayFolder, "scriptproxy.runtimeconfig.json"), typeof(Servers).Assembly.Location,
    ];

    internal static Dictionary<string, string> Environment(int port, int[] backends) => new(StringComparer.Ordinal)
    {
        ["BENCH_PORT"] = Text(port),
        ["BENCH_BACKENDS"] = Addresses(backends),
    };

    internal static string Addresses(int[] ports) => string.Join(',', ports.Select(p => $"http://127.0.0.1:{Text(p)}"));

    /// <summary>Waits until it answers.</summary>
    /// <exception cref="BenchException">It ended, or gave no answer in time.</exception>
    internal static async Task WaitAsync(Child child, string url, CancellationToken stop)
    {
        for (var i = 0; i < 1500; i++)
        {
            child.ThrowIfEnded();
            try
            {
                using var answer = await Agreement.Client.GetAsync(new Uri(url), stop);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(20, stop);
            }
        }

        throw new BenchException($"{url} does not answer:\n{string.Join('\n', child.Said)}");
    }

    private static string[] Nginx(Workspace workspace, string configuration, string log) =>
        ["nginx", "-p", workspace.Root, "-e", log, "-c", configuration, "-g", "daemon off;"];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
