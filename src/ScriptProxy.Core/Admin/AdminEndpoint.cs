using ScriptProxy.Core.Generations;

namespace ScriptProxy.Core.Admin;

/// <summary>An answer of the admin API to one method and path.</summary>
/// <param name="method">In capitals; GET answers HEAD as well.</param>
/// <param name="path">The whole path.</param>
internal abstract class AdminEndpoint(string method, string path)
{
    /// <summary>All of them; one that is added stands here and in a file of its own.</summary>
    internal static IReadOnlyList<AdminEndpoint> All { get; } =
    [
        new StateEndpoint(),
        new RoutesEndpoint(),
        new UpstreamsEndpoint(),
        new PluginsEndpoint(),
        new MetricsEndpoint(),
        new ReloadEndpoint(),
    ];

    internal string Method => method;

    internal string Path => path;

    /// <param name="gateway">The running gateway.</param>
    /// <param name="generation">The one that serves.</param>
    internal abstract ValueTask<Verdict> AnswerAsync(IAdministered gateway, Generation generation);
}
