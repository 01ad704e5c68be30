using System.Globalization;
using System.Text.Json;
using ScriptProxy.Bench.Comparing;
using ScriptProxy.Bench.Running;

namespace ScriptProxy.Bench.Caching;

/// <summary>nginx and the gateway in front of the same origins, with empty caches.</summary>
internal sealed class CachePair : IAsyncDisposable
{
    /// <summary>A file of 1 KB takes a block of 4 KiB on disk, an entry in the gateway's memory about 2.7: with that room both hold about as many.</summary>
    private const double DiskForMemory = 1.5;

    private readonly Workspace _workspace;
    private readonly int _admin;

    private CachePair(Workspace workspace, int[] origins, int[] own, int megabytes)
    {
        _workspace = workspace;
        _admin = own[2];
        if (Directory.Exists(Files))
        {
            Directory.Delete(Files, recursive: true);
        }

        var environment = Servers.Environment(own[1], origins[..1]);
        environment["BENCH_ADMIN"] = _admin.ToString(CultureInfo.InvariantCulture);
        environment["BENCH_SLOW"] = $"http://127.0.0.1:{origins[1]}";
        environment["Plugins__Caching__MemoryMegabytes"] = megabytes.ToString(CultureInfo.InvariantCulture);
        Nginx = new(Results.Cache, $"http://127.0.0.1:{own[0]}", Servers.StartCache(workspace, own[0], origins[0], origins[1], (int)(megabytes * DiskForMemory)));
        Gateway = new(
            Results.Own,
            $"http://127.0.0.1:{own[1]}",
            Servers.StartGateway(workspace, Path.Combine(Workspace.BenchFolder, "caching.csx"), workspace.PathOf("cache"), environment));
    }

    internal Contender Nginx { get; }

    internal Contender Gateway { get; }

    internal Contender[] Both => [Nginx, Gateway];

    private string Files => _workspace.PathOf("nginx-cache");

    /// <param name="workspace">The run's.</param>
    /// <param name="origins">Ports of the backend and of the slow one.</param>
    /// <param name="megabytes">Of memory for the gateway's cache.</param>
    /// <param name="stop">Gives up.</param>
    internal static async Task<CachePair> StartAsync(Workspace workspace, int[] origins, int megabytes, CancellationToken stop)
    {
        var pair = new CachePair(workspace, origins, Workspace.FreePorts(3), megabytes);
        try
        {
            foreach (var contender in pair.Both)
            {
                await Servers.WaitAsync(contender.Child, contender.Address + "/", stop);
            }

            return pair;
        }
        catch
        {
            await pair.DisposeAsync();
            throw;
        }
    }

    /// <summary>How many answers nginx has stored.</summary>
    internal long CountFiles() => Directory.EnumerateFiles(Files, "*", SearchOption.AllDirectories).LongCount();

    /// <summary>Empties the gateway's cache.</summary>
    /// <returns>How many answers were in it.</returns>
    internal async Task<long> PurgeAllAsync(CancellationToken stop)
    {
        using var answer = await Agreement.Client.PostAsync(new Uri($"http://127.0.0.1:{_admin}/plugins/Caching/purge?all=true"), content: null, stop);
        return JsonElement.Parse(await answer.Content.ReadAsStringAsync(stop)).GetProperty("purged").GetInt64();
    }

    /// <summary>What the gateway's cache counts for an answer.</summary>
    /// <param name="path">That the mix has asked for.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="BenchException">It is not stored.</exception>
    internal async Task<long> SizeAsync(string path, CancellationToken stop)
    {
        var answer = await Agreement.Client.GetStringAsync(new Uri($"http://127.0.0.1:{_admin}/plugins/Caching/show?url=http://{RawConnection.Host}{path}"), stop);
        var stored = JsonElement.Parse(answer).GetProperty("stored");
        return stored.GetArrayLength() > 0 ? stored[0].GetProperty("size").GetInt64() : throw new BenchException($"{path} was asked for most and is not stored: {answer}");
    }

    public async ValueTask DisposeAsync()
    {
        await Nginx.Child.DisposeAsync();
        await Gateway.Child.DisposeAsync();
    }
}
