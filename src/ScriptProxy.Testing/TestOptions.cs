namespace ScriptProxy.Testing;

/// <summary>How a gateway is loaded for a test.</summary>
public sealed record TestOptions
{
    /// <summary>Settings that come before appsettings.json and the environment, <c>["Secrets:shop-tokens"] = "t1,t2"</c>.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);

    /// <summary>What the clock shows at first: the beginning of 2026, UTC, unless set.</summary>
    public DateTimeOffset Start { get; init; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Plugins beside a proxy.csx that is loaded from text; one that is loaded from its file has those of its own folder.</summary>
    public IReadOnlyList<TestPlugin> Plugins { get; init; } = [];

    /// <summary>True: the addresses of upstreams, and of what scripts ask with Http, are the real ones. False unless set: a <see cref="TestPeers"/> answers for all.</summary>
    public bool RealPeers { get; init; }

    /// <summary>Where compiled scripts are kept. Null unless set: <c>.scriptproxy/cache</c> beside a proxy.csx that is loaded from its file, nowhere for one that is loaded from text.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>How long, in real time, a request and a load may take before the test is told that it waits in vain. 30 seconds unless set.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);
}
