using System.Collections;
using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Testing;

/// <summary>Headers of a message, by names without regard to case.</summary>
public sealed class TestHeaders : IEnumerable<KeyValuePair<string, string>>
{
    private readonly HeaderDictionary _headers = [];

    internal TestHeaders()
    {
    }

    /// <summary>The value; several are joined with a comma. Null where there is none.</summary>
    /// <param name="name">The header's name.</param>
    public string? this[string name] => _headers.TryGetValue(name, out var value) ? string.Join(", ", value.ToArray()) : null;

    /// <summary>The values as they came, one for each line: for Set-Cookie. Empty where there is none.</summary>
    /// <param name="name">The header's name.</param>
    public IReadOnlyList<string> All(string name) => _headers.TryGetValue(name, out var value) ? [.. value.Select(v => v ?? "")] : [];

    /// <summary>Each header, several lines of a name joined with a comma.</summary>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _headers.Select(h => KeyValuePair.Create(h.Key, string.Join(", ", h.Value.ToArray()))).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>A line for each.</summary>
    public override string ToString() => string.Join('\n', this.Select(h => $"{h.Key}: {h.Value}"));

    internal void Set(string name, string?[] values) => _headers[name] = values;
}
