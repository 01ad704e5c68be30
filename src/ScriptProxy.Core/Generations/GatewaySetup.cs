namespace ScriptProxy.Core.Generations;

/// <summary>How a gateway is run, beside what its script says.</summary>
/// <param name="MainFile">The full path of proxy.csx.</param>
/// <param name="Reload">False: loaded once, at full speed of code that is never unloaded.</param>
/// <param name="CacheFolder">Where compiled scripts are kept; null for nowhere.</param>
internal sealed record GatewaySetup(string MainFile, bool Reload = true, string? CacheFolder = null)
{
    /// <summary>What paths in scripts and messages are relative to.</summary>
    internal string BaseFolder { get; } = Path.GetDirectoryName(MainFile)!;

    /// <summary>Which packages <c>#r "nuget: ..."</c> stands for; written by the restore command.</summary>
    internal string PackageLock { get; } = MainFile + ".lock.json";

    /// <summary>Where the plugins lie that come with the program; null for none.</summary>
    internal string? ShippedPlugins { get; init; } = Path.Combine(AppContext.BaseDirectory, "plugins");
}
