using System.Text.Json;

namespace ScriptProxy.Bench.Reloading;

/// <summary>The requests of the reload mode. Every answer must be whole, and of one version from its header to the end of its body.</summary>
internal static class Versions
{
    internal static IReadOnlyList<LoadKind> Kinds(string filteredFile) =>
    [
        Kind("/version", (version, body) => body == $"version {version}\n"),
        Kind("/filtered/10k.txt", (version, body) => body == filteredFile.Replace("foo", $"[{version}]", StringComparison.Ordinal)),
        Kind("/json", IsWholeJson),
    ];

    private static LoadKind Kind(string target, Func<string, string, bool> isWhole) => new(target, answer =>
        !answer.Headers.TryGetValue("X-Version", out var version)
            ? "no X-Version"
            : isWhole(version, answer.Body) ? null : "the body is not of the header's version, or not whole");

    private static bool IsWholeJson(string version, string body)
    {
        try
        {
            using var answer = JsonDocument.Parse(body);
            return answer.RootElement.GetProperty("version").GetString() == version && answer.RootElement.GetProperty("count").GetInt64() > 0;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException)
        {
            return false;
        }
    }
}
