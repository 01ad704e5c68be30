using System.Collections.Concurrent;
using ScriptProxy.Runtime;

namespace ScriptProxy.Testing.Running;

/// <summary>One test of a file.</summary>
internal sealed record TestCase(string Name, Func<Task> Body, string? Skipped, ScriptLocation Source);

/// <summary>What one run of a test file's body names, and what its test loads.</summary>
internal sealed class TestSuite(string file) : IAsyncDisposable
{
    private static readonly AsyncLocal<TestSuite?> Slot = new();

    private readonly List<TestCase> _tests = [];
    private readonly ConcurrentQueue<TestGateway> _gateways = new();
    private string? _proxy;
    private Func<PeerRequest, PeerAnswer>? _upstream;
    private TestOptions? _options;

    /// <exception cref="InvalidOperationException">No test file runs.</exception>
    internal static TestSuite Current
    {
        get => Slot.Value ?? throw new InvalidOperationException("This works in *.tests.csx files, which scriptproxy test runs.");
        set => Slot.Value = value;
    }

    internal IReadOnlyList<TestCase> Tests => _tests;

    /// <summary>What the test has loaded, in order.</summary>
    internal IReadOnlyCollection<TestGateway> Gateways => _gateways;

    /// <summary>Where the nearest proxy.csx is; null where there is none.</summary>
    internal static string? Nearest(string file)
    {
        for (var folder = Path.GetDirectoryName(file); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Path.Combine(folder, "proxy.csx") is var found && File.Exists(found))
            {
                return found;
            }
        }

        return null;
    }

    internal void Add(string name, Func<Task> body, string? why, string source, int line)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(body);
        if (_tests.Exists(t => t.Name == name))
        {
            throw new ArgumentException($"there are two tests called '{name}'", nameof(name));
        }

        _tests.Add(new TestCase(name, body, why, new ScriptLocation(source, line)));
    }

    internal void Configure(string? proxy, Func<PeerRequest, PeerAnswer>? upstream, TestOptions? options)
    {
        _proxy = proxy is null ? null : Path.GetFullPath(proxy, Path.GetDirectoryName(file)!);
        _upstream = upstream;
        _options = options;
    }

    internal Task<TestGateway> LoadAsync(TestPeers? upstream, TestOptions? options)
    {
        var proxy = _proxy ?? Nearest(file) ?? throw new FileNotFoundException($"There is no proxy.csx in the folder of {Path.GetFileName(file)} nor above it: name one with Configuration(\"...\").");
        return KeepAsync(TestGateway.Load(proxy, upstream ?? (_upstream is null ? null : new TestPeers(_upstream)), options ?? _options));
    }

    internal async Task<TestGateway> KeepAsync(Task<TestGateway> loading)
    {
        var gateway = await loading;
        _gateways.Enqueue(gateway);
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in _gateways)
        {
            await gateway.DisposeAsync();
        }
    }
}
