using System.Text.Json.Serialization;

namespace ScriptProxy.Program.Commands;

/// <summary>What plugins/Caching tells of a URL.</summary>
internal sealed record CachedUrl(string Url, string Get, string Why, bool Fetching, bool Alone, IReadOnlyList<CachedAnswer> Stored);

/// <summary>A stored answer; spans in seconds, sizes in bytes.</summary>
internal sealed record CachedAnswer
{
    public required string? Key { get; init; }

    public required int Status { get; init; }

    public required IReadOnlyDictionary<string, string?> Vary { get; init; }

    public required string State { get; init; }

    public required DateTimeOffset Received { get; init; }

    public required double Age { get; init; }

    public required double Lifetime { get; init; }

    public required string LifetimeFrom { get; init; }

    public required double FreshFor { get; init; }

    public required double Grace { get; init; }

    public required double Keep { get; init; }

    public required bool MustValidate { get; init; }

    public required bool ForbidsStale { get; init; }

    public required string? ETag { get; init; }

    public required string? LastModified { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    public required long Body { get; init; }

    public required long Size { get; init; }

    public required string Get { get; init; }

    public required string Why { get; init; }
}

/// <summary>What a purge came to.</summary>
/// <param name="Count">How many answers it met.</param>
internal sealed record Purged([property: JsonPropertyName("purged")] long Count);
