using System.Net;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Testing.Clock;
using ScriptProxy.Testing.Memory;
using ScriptProxy.Testing.Peers;
using ScriptProxy.Testing.Recording;

namespace ScriptProxy.Testing;

/// <summary>
/// A whole gateway in memory, on a clock that stands still until <see cref="Advance"/> moves it: the real server, pipeline and client, without sockets.
/// Any number of them can live in one process. Dispose of it: that runs Exit and unloads the scripts.
/// </summary>
public sealed class TestGateway : IAsyncDisposable
{
    private readonly MemoryTransport _transport = new();
    private readonly VirtualTime _time;
    private readonly Stillness _stillness;
    private readonly Recorder _recorder;
    private readonly TestFolder _folder;
    private readonly TestOptions _options;
    private readonly TestClient _client;
    private PeerHost? _peerHost;
    private GatewayProcess? _process;

    private TestGateway(TestFolder folder, TestPeers peers, TestOptions options)
    {
        _folder = folder;
        _options = options;
        Peers = peers;
        _time = new VirtualTime(options.Start);
        _stillness = new Stillness(_time);
        _recorder = new Recorder(folder.Root, _stillness);
        _client = Client(IPAddress.Loopback);
    }

    /// <summary>What stands behind the gateway, and what it was asked.</summary>
    public TestPeers Peers { get; }

    /// <summary>The gateway's clock, for handlers and tests alike; <see cref="Advance"/> moves it.</summary>
    public TimeProvider Time => _time;

    /// <summary>All handlers that ran so far, timers included, in order.</summary>
    public PhaseTrace Trace => _recorder.Trace;

    /// <summary>All that was logged so far.</summary>
    public IReadOnlyList<LogRecord> Log => _recorder.Log;

    /// <summary>How often the configuration was taken: 1 after Load, one more with each <see cref="Reload"/>.</summary>
    public int Generation => Host.Current!.Number;

    /// <summary>The folder of proxy.csx.</summary>
    public string Folder => _folder.Root;

    /// <summary>A dictionary that the gateway's requests share, to be filled or looked at.</summary>
    /// <param name="name">As scripts name it.</param>
    public SharedDictionary Shared(string name) => Host.Current!.Snapshot.Runtime.Shared(name, capacity: null);

    internal GatewayHost Host => _process!.Host;

    /// <summary>Loads a configuration from its file. Its folder is only read, but for the cache of compiled scripts.</summary>
    /// <param name="proxyCsx">The path of the main script; plugins are taken from the folder beside it.</param>
    /// <param name="upstream">What stands behind the gateway; servers that answer with what they were asked unless given.</param>
    /// <param name="options">Settings, clock, plugins.</param>
    /// <exception cref="LoadFailedException">It cannot be loaded.</exception>
    public static Task<TestGateway> Load(string proxyCsx, TestPeers? upstream = null, TestOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(proxyCsx);
        return LoadAsync(TestFolder.Of(proxyCsx), upstream, options);
    }

    /// <inheritdoc cref="Load(string, TestPeers?, TestOptions?)" />
    public static Task<TestGateway> Load(string proxyCsx, Func<PeerRequest, PeerAnswer> upstream, TestOptions? options = null) =>
        Load(proxyCsx, new TestPeers(upstream), options);

    /// <summary>Loads a configuration from text, in a folder of its own that goes with the gateway. A text that says nothing of Listen listens on http://localhost:8080.</summary>
    /// <param name="proxyCsx">The main script.</param>
    /// <param name="upstream">What stands behind the gateway; servers that answer with what they were asked unless given.</param>
    /// <param name="options">Settings, clock, plugins.</param>
    /// <param name="files">Other files by their names relative to proxy.csx: scripts, appsettings.json ...</param>
    /// <exception cref="LoadFailedException">It cannot be loaded.</exception>
    public static Task<TestGateway> LoadText(string proxyCsx, TestPeers? upstream = null, TestOptions? options = null, params (string Name, string Text)[] files)
    {
        ArgumentNullException.ThrowIfNull(proxyCsx);
        ArgumentNullException.ThrowIfNull(files);
        return LoadAsync(TestFolder.Of(proxyCsx, files), upstream, options);
    }

    /// <inheritdoc cref="LoadText(string, TestPeers?, TestOptions?, ValueTuple{string, string}[])" />
    public static Task<TestGateway> LoadText(string proxyCsx, Func<PeerRequest, PeerAnswer> upstream, TestOptions? options = null, params (string Name, string Text)[] files) =>
        LoadText(proxyCsx, new TestPeers(upstream), options, files);

    /// <inheritdoc cref="TestClient.Get" />
    public Task<TestResponse> Get(string target, params (string Name, string Value)[] headers) => _client.Get(target, headers);

    /// <inheritdoc cref="TestClient.Post" />
    public Task<TestResponse> Post(string target, string body, params (string Name, string Value)[] headers) => _client.Post(target, body, headers);

    /// <inheritdoc cref="TestClient.Send(string, string, string?, ValueTuple{string, string}[])" />
    public Task<TestResponse> Send(string method, string target, string? body = null, params (string Name, string Value)[] headers) => _client.Send(method, target, body, headers);

    /// <inheritdoc cref="TestClient.Send(HttpRequestMessage)" />
    public Task<TestResponse> Send(HttpRequestMessage request) => _client.Send(request);

    /// <inheritdoc cref="TestClient.Open" />
    public Task<HttpResponseMessage> Open(HttpRequestMessage request) => _client.Open(request);

    /// <inheritdoc cref="TestClient.CreateHandler" />
    public SocketsHttpHandler CreateHandler() => _client.CreateHandler();

    /// <summary>A client at another address: what ClientIp, Trust and lists of addresses see.</summary>
    /// <param name="address">IPv4 or IPv6.</param>
    public TestClient From(string address) => Client(IPAddress.Parse(address));

    /// <summary>
    /// Moves the clock: timers, time limits and what expires come due one by one, in their order, and each is waited for until it has ended or waits itself.
    /// </summary>
    /// <param name="span">Zero or more; zero only waits until nothing moves any more.</param>
    public async Task Advance(TimeSpan span)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(span, TimeSpan.Zero);
        var until = _time.GetUtcNow() + span;
        await _stillness.WaitAsync();
        while (_time.Step(until) is { Count: > 0 } due)
        {
            await Detached(() =>
            {
                foreach (var call in due)
                {
                    call();
                }

                return Task.CompletedTask;
            });
            await _stillness.WaitAsync();
        }
    }

    /// <summary>Writes a file of a gateway that was loaded from text; <see cref="Reload"/> takes it up.</summary>
    /// <param name="name">Relative to proxy.csx.</param>
    /// <param name="text">All of it.</param>
    /// <exception cref="InvalidOperationException">The gateway was loaded from its file, which is not the test's to write.</exception>
    public void Write(string name, string text) => _folder.Write(name, text);

    /// <summary>Puts a plugin beside a proxy.csx that was loaded from text, in place of one of its name; <see cref="Reload"/> takes it up.</summary>
    /// <param name="plugin">Copied.</param>
    /// <exception cref="InvalidOperationException">The gateway was loaded from its file, whose folder is not the test's to write.</exception>
    public void Install(TestPlugin plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        _folder.Install(plugin);
    }

    /// <summary>Removes a file, or a folder such as <c>plugins/NAME</c>, beside a proxy.csx that was loaded from text; <see cref="Reload"/> takes note.</summary>
    /// <param name="name">Relative to proxy.csx.</param>
    /// <exception cref="InvalidOperationException">The gateway was loaded from its file, whose folder is not the test's to write.</exception>
    public void Remove(string name) => _folder.Remove(name);

    /// <summary>Loads the configuration again, as a save does. Where that fails the last good one goes on.</summary>
    /// <exception cref="LoadFailedException">It cannot be loaded.</exception>
    public Task Reload() => Guarded(() => Host.LoadAsync(CancellationToken.None));

    /// <summary>Ends all requests, runs Exit, and unloads the scripts.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            var ended = Detached(async () =>
            {
                // What still waits for a server is cut off.
                await (_peerHost?.DisposeAsync() ?? default);
                _transport.Reset();
                await process.DisposeAsync();
            });

            // Limits that hold up the end are the clock's: it must go on.
            while (await Task.WhenAny(ended, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System)) != ended)
            {
                await Advance(TimeSpan.FromSeconds(1));
            }

            await ended;
        }

        _folder.Dispose();
    }

    private static async Task<TestGateway> LoadAsync(TestFolder folder, TestPeers? peers, TestOptions? options)
    {
        // Before the first regular expression of a script.
        Guard.Install(regexTimeout: TimeSpan.FromSeconds(1));
        var gateway = new TestGateway(folder, peers ?? new TestPeers(), options ?? new TestOptions());
        try
        {
            await gateway.StartAsync();
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    private async Task StartAsync()
    {
        foreach (var plugin in _options.Plugins)
        {
            _folder.Install(plugin);
        }

        _peerHost = await PeerHost.StartAsync(Peers, _stillness, _recorder.CreateLogger("ScriptProxy.Testing"));
        var way = new PeerWay(Peers, _peerHost, _transport, _stillness);
        var setup = new GatewaySetup(_folder.Main, Reload: true, _options.CacheFolder ?? _folder.Cache)
        {
            Outside = new Outside
            {
                Transport = _transport,
                Application = _recorder.Watch,
                Way = _options.RealPeers ? null : way.Make,
                Settings = _options.Settings,
                Trace = _recorder,
            },
        };
        _process = new GatewayProcess(setup, _recorder, _time);
        await Guarded(() => Host.LoadAsync(CancellationToken.None));
    }

    /// <summary>Outside of the caller's execution context: what a gateway begins must not belong to the test script that asked for it.</summary>
    private static Task Detached(Func<Task> run)
    {
        using (ExecutionContext.SuppressFlow())
        {
            return Task.Run(run);
        }
    }

    private async Task Guarded(Func<Task> load)
    {
        try
        {
            await Detached(load).WaitAsync(_options.Patience, TimeProvider.System);
        }
        catch (ScriptException error)
        {
            throw new LoadFailedException(error);
        }
    }

    private TestClient Client(IPAddress from) => new(_transport, Listeners, from, _options.Patience);

    private IReadOnlyList<TestListener> Listeners() =>
    [
        .. Host.Current!.Tls.Select(l => l.Key).Join(
            Host.Open,
            key => key,
            open => open.Key,
            (key, open) =>
            {
                var uri = new Uri(open.Address.Replace("[::]", "localhost", StringComparison.Ordinal).Replace("0.0.0.0", "localhost", StringComparison.Ordinal));
                return new TestListener(uri.Scheme, uri.Host, uri.Port, _transport.Find(uri.Host, uri.Port) ?? throw new IOException($"{open.Address} is not open"));
            }),
    ];
}
