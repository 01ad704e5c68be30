using System.Collections;

namespace ScriptProxy;

/// <summary>What a route asks of host, methods, headers or query: a text with commas between, <c>["GET", "HEAD"]</c>, or names with their values.</summary>
public sealed class RouteTerms : IEnumerable<string>
{
    private readonly List<string> _terms = [];

    /// <summary>A header or a part of the query that must have this value: <c>new() { ["X-Beta"] = "1" }</c>.</summary>
    /// <param name="name">Its name.</param>
    public string this[string name]
    {
        set => Add($"{name}={value}");
    }

    /// <summary>Adds a term.</summary>
    /// <param name="term">As it is: a comma in it separates nothing.</param>
    public void Add(string term)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(term);
        _terms.Add(term);
    }

    IEnumerator<string> IEnumerable<string>.GetEnumerator() => _terms.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _terms.GetEnumerator();

    internal static string[] Split(string list) => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Terms with commas between.</summary>
    /// <param name="list">None where it is null.</param>
    public static implicit operator RouteTerms(string? list) => [.. Split(list ?? "")];

    /// <summary>A term for each text.</summary>
    /// <param name="list">None where it is null.</param>
    public static implicit operator RouteTerms(string[]? list) => [.. list ?? []];

    /// <summary>A term for each text.</summary>
    /// <param name="list">None where it is null.</param>
    public static implicit operator RouteTerms(List<string>? list) => [.. list ?? []];

    /// <summary>Names that must have these values.</summary>
    /// <param name="list">None where it is null.</param>
    public static implicit operator RouteTerms(Dictionary<string, string>? list) => [.. (list ?? []).Select(t => $"{t.Key}={t.Value}")];
}
