using System.Runtime.CompilerServices;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Tests.Harness;

/// <summary>A whole gateway on a real socket, in a folder of its own.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly GatewayProcess _process;

    // As the program does, before the first regular expression: one that explodes would hold up the whole run.
    [ModuleInitializer]
    internal static void InstallGuard() => Guard.Install(regexTimeout: TimeSpan.FromSeconds(1));

    private TestGateway(TestFolder folder, GatewayProcess process, LogLines log)
    {
        Folder = folder;
        _process = process;
        Log = log;
    }

    internal TestFolder Folder { get; }

    internal LogLines Log { get; }

    internal GatewayHost Host => _process.Host;

    /// <summary>The first listener's address, without a slash at the end.</summary>
    internal string Address => AddressOf(0);

    internal HttpClient Client { get; private set; } = null!;

    /// <summary>Starts proxy.csx of that text, with a line at its end that listens on a free port unless the text listens by itself.</summary>
    internal static Task<TestGateway> StartAsync(string proxy, params (string Name, string Text)[] files) => StartAsync(proxy, TimeProvider.System, files);

    internal static Task<TestGateway> StartAsync(string proxy, TimeProvider time, params (string Name, string Text)[] files) => StartAsync(proxy, time, _ => { }, files);

    /// <param name="proxy">The text of proxy.csx.</param>
    /// <param name="time">The clock.</param>
    /// <param name="prepare">Puts into the folder what is no text.</param>
    /// <param name="files">Other files.</param>
    internal static async Task<TestGateway> StartAsync(string proxy, TimeProvider time, Action<TestFolder> prepare, params (string Name, string Text)[] files)
    {
        var folder = new TestFolder();
        prepare(folder);
        foreach (var (name, text) in files)
        {
            folder.Write(name, text);
        }

        folder.Write("proxy.csx", WithListener(proxy));
        return await StartAsync(folder, "proxy.csx", time);
    }

    /// <summary>Starts proxy.csx of that text in another setup than the usual one.</summary>
    internal static async Task<TestGateway> StartAsync(string proxy, Func<GatewaySetup, GatewaySetup> change)
    {
        var folder = new TestFolder();
        folder.Write("proxy.csx", WithListener(proxy));
        return await StartAsync(folder, "proxy.csx", TimeProvider.System, change);
    }

    /// <summary>Starts a script of a folder that the test has filled; the folder goes with the gateway.</summary>
    internal static async Task<TestGateway> StartAsync(TestFolder folder, string main, TimeProvider time, Func<GatewaySetup, GatewaySetup>? change = null)
    {
        try
        {
            var log = new LogLines();
            var setup = new GatewaySetup(folder.PathOf(main), CacheFolder: TestFolder.SharedCache);
            var process = new GatewayProcess(change?.Invoke(setup) ?? setup, log, time);
            var gateway = new TestGateway(folder, process, log);
            try
            {
                await process.StartAsync(CancellationToken.None);
            }
            catch
            {
                await process.DisposeAsync();
                throw;
            }

            gateway.Client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false })
            {
                BaseAddress = new Uri(gateway.Address),
            };
            return gateway;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>The diagnostics of a start that must fail.</summary>
    internal static async Task<IReadOnlyList<ScriptDiagnostic>> FailAsync(string proxy, params (string Name, string Text)[] files)
    {
        var error = await Assert.ThrowsAsync<ScriptException>(async () =>
        {
            await using var gateway = await StartAsync(proxy, files);
        });
        return error.Diagnostics;
    }

    internal string AddressOf(int listener) => Host.Open[listener].Address.Replace("[::]", "localhost", StringComparison.Ordinal).TrimEnd('/');

    /// <summary>As SIGHUP does.</summary>
    internal void Reload() => _process.Reload();

    /// <summary>Saves proxy.csx and waits until the generation made from it serves.</summary>
    internal async Task SaveAsync(string proxy)
    {
        await ReloadAsync(() => Save(proxy));
    }

    /// <summary>Changes something and waits until the generation made of it serves.</summary>
    internal async Task ReloadAsync(Action change)
    {
        var number = Host.Current!.Number;
        change();
        await WaitAsync(() => Host.Current!.Number > number, $"a load after number {number}; the log: {string.Join('\n', Log.All)}");
    }

    /// <summary>Changes something and waits until it was refused.</summary>
    internal async Task RefusedAsync(Action change, string why)
    {
        change();
        await Log.WaitForAsync(why);
    }

    /// <summary>Saves proxy.csx and waits for nothing.</summary>
    internal void Save(string proxy) => Folder.Write("proxy.csx", WithListener(proxy));

    /// <summary>Saves a proxy.csx that must not be taken.</summary>
    /// <returns>What the log says of it.</returns>
    internal async Task<string> SaveBrokenAsync(string proxy)
    {
        var told = Log.Refused.Count();
        Save(proxy);
        await WaitAsync(() => Log.Refused.Count() > told);
        return Log.Refused.Last();
    }

    /// <summary>Waits until something holds that has no signal to wait for.</summary>
    internal static async Task WaitAsync(Func<bool> holds, [CallerArgumentExpression(nameof(holds))] string what = "")
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!holds())
        {
            try
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException late)
            {
                throw new TimeoutException($"waited in vain: {what}", late);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        await _process.DisposeAsync();
        Folder.Dispose();
    }

    private static string WithListener(string proxy) =>
        proxy.Contains("Listen(", StringComparison.Ordinal) ? proxy : proxy + "\nListen(\"http://127.0.0.1:0\");\n";
}
