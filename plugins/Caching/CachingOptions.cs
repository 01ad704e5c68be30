using System.ComponentModel.DataAnnotations;

namespace ScriptProxy.Caching;

/// <summary>The section Plugins:Caching of the settings.</summary>
public sealed class CachingOptions
{
    /// <summary>How much memory stored answers may take, overhead included.</summary>
    [Range(1, 1024 * 1024)]
    public int MemoryMegabytes { get; set; } = 256;

    /// <summary>A folder, relative to that of proxy.csx, where answers survive a restart; none unless given.</summary>
    public string? DiskFolder { get; set; }

    /// <summary>How much room stored answers may take in that folder.</summary>
    [Range(1, 1024L * 1024 * 1024)]
    public long DiskMegabytes { get; set; } = 10 * 1024;

    /// <summary>How much memory the bodies of answers may take that are still coming in; more of them are passed on and not stored.</summary>
    [Range(1, 1024 * 1024)]
    public int UnderWayMegabytes { get; set; } = 128;
}
