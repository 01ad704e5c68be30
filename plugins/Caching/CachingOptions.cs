using System.ComponentModel.DataAnnotations;

namespace ScriptProxy.Caching;

/// <summary>The section Plugins:ScriptProxy.Caching of the settings.</summary>
public sealed class CachingOptions
{
    /// <summary>How much memory stored answers may take, overhead included.</summary>
    [Range(1, 1024 * 1024)]
    public int MemoryMegabytes { get; set; } = 256;
}
