using System.Text.Json;

namespace ScriptProxy.Runtime;

/// <summary>The services behind the static members of the script language, one instance per generation.</summary>
internal abstract class GatewayRuntime
{
    /// <summary>The generation's own: the caches of a shared one would pin the types of scripts for ever.</summary>
    internal abstract JsonSerializerOptions Json { get; }
}
