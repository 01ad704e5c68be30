namespace ScriptProxy.Core.Generations;

/// <summary>How a gateway is run, beside what its script says.</summary>
/// <param name="MainFile">The full path of proxy.csx.</param>
/// <param name="Reload">False: loaded once, at full speed of code that is never unloaded.</param>
/// <param name="CacheFolder">Where compiled scripts are kept; null for nowhere.</param>
internal sealed record GatewaySetup(string MainFile, bool Reload = true, string? CacheFolder = null)
{
    /// <summary>What paths in scripts and messages are relative to.</summary>
    internal string BaseFolder { get; } = Path.GetDirectoryName(MainFile)!;

    /// <summary>What stands in for the world; nothing unless set.</summary>
    internal Outside Outside { get; init; } = new();

    /// <summary>Which packages <c>#r "nuget: ..."</c> stands for; written by the restore command.</summary>
    internal string PackageLock { get; } = MainFile + ".lock.json";

    /// <summary>Starts a process for the compiler, see <see cref="Scripting.CompilerServer"/>: program and arguments. Null: scripts are compiled in this process.</summary>
    internal IReadOnlyList<string>? CompilerCommand { get; init; }

    /// <summary>Where the plugins lie that come with the program; null for none.</summary>
    internal string? ShippedPlugins { get; init; } = Path.Combine(AppContext.BaseDirectory, "plugins");
}
