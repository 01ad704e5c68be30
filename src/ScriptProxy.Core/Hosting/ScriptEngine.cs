using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Core.Hosting;

/// <summary>Puts the compiler together: cache, guard, and what scripts may see.</summary>
internal static partial class ScriptEngine
{
    /// <param name="setup">Where scripts and their cache are.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told what is wrong with the cache.</param>
    /// <param name="process">Where the compiler runs; null for this process.</param>
    /// <param name="other">Makes another language of it than that of gateways.</param>
    internal static ScriptCompiler Create(GatewaySetup setup, TimeProvider time, ILogger logger, CompilerProcess? process = null, Func<ScriptCompilerOptions, ScriptCompilerOptions>? other = null)
    {
        var options = new ScriptCompilerOptions
        {
            BaseFolder = setup.BaseFolder,
            PackageLock = setup.PackageLock,
            Rewriter = new GuardedImages(setup.BaseFolder),
            Cache = OpenCache(setup, time, logger),
            Process = process,
        };
        return new ScriptCompiler(other is null ? options : other(options));
    }

    /// <returns>The compiler's process of a gateway; null where scripts are compiled in the gateway's.</returns>
    internal static CompilerProcess? Process(GatewaySetup setup, TimeProvider time, ILogger logger) => setup.CompilerCommand is { } command
        ? new CompilerProcess(command, setup.BaseFolder, time, warning => LogWarning(logger, warning))
        : null;

    private static ScriptCache? OpenCache(GatewaySetup setup, TimeProvider time, ILogger logger)
    {
        if (setup.CacheFolder is null)
        {
            return null;
        }

        var cache = ScriptCache.Open(setup.CacheFolder, time, out var warning);
        if (warning is not null)
        {
            LogWarning(logger, warning);
        }

        return cache;
    }

    [LoggerMessage(80, LogLevel.Warning, "{Warning}")]
    private static partial void LogWarning(ILogger logger, string warning);

    /// <summary>The guard as the compiler's last step.</summary>
    private sealed class GuardedImages(string baseFolder) : IImageRewriter
    {
        // Without a word of Mono.Cecil, which a start with compiled scripts never loads; the toolchain knows its file.
        public string Version => typeof(GuardRewriter).Module.ModuleVersionId.ToString("N");

        public (byte[] Pe, byte[] Pdb) Rewrite(byte[] pe, byte[] pdb)
        {
            var guard = new GuardRewriter();
            var guarded = guard.Rewrite(pe, pdb);
            return guard.Refusals.Count == 0
                ? guarded
                : throw new ScriptException([.. guard.Refusals.Select(refusal => new ScriptDiagnostic(
                    ScriptPaths.Display(refusal.File, baseFolder), Math.Max(1, refusal.Line), Math.Max(1, refusal.Column), IsError: true, "SP0007", refusal.Message))]);
        }
    }
}
