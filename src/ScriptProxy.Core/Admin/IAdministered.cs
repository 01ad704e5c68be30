using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Telemetry;

namespace ScriptProxy.Core.Admin;

/// <summary>The running gateway, as the admin API sees it.</summary>
internal interface IAdministered
{
    /// <summary>The generation that serves; null before the first load and at the end.</summary>
    Generation? Current { get; }

    /// <summary>Since when that one serves.</summary>
    DateTimeOffset Since { get; }

    /// <summary>Generations that are not collected yet, the current one included.</summary>
    int Alive { get; }

    /// <summary>The load contexts that are not collected yet, the current generation's included: "scripts" or the plugin's name, and the generation.</summary>
    IReadOnlyList<(string Code, int Generation)> AliveContexts { get; }

    /// <summary>How the last load went; null before the end of the first.</summary>
    LoadReport? LastLoad { get; }

    /// <summary>Loads again and completes at the end of it, well or not; null where it is loaded once (--no-reload).</summary>
    Func<Task>? Reload { get; }

    MetricStore Metrics { get; }

    /// <summary>The folder of proxy.csx, which paths are told relative to.</summary>
    string BaseFolder { get; }
}
